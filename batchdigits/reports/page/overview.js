// The top of the page: totals, charts, alarms, and files that were not read.

function addBars(parent, values, labels, isLow = () => false) {
  const highest = Math.max(1, ...values), bars = make("div", undefined, "bars");
  values.forEach((value, index) => {
    const bar = make("i");
    bar.style.height = `${74 * value / highest}%`;
    const column = make("div", undefined, isLow(index) ? "low" : "");
    column.title = `${labels[index]}: ${formatCount(value)}`;
    add(bars, add(column, make("span", values.length <= 10 ? formatCount(value) : ""), bar));
  });
  add(parent, bars);
}
function addAxis(parent, labels, isCentred) {
  const axis = make("div", undefined, "axis");
  for (const label of labels) {
    const span = make("span", label);
    if (isCentred) { span.style.flex = "1"; span.style.textAlign = "center"; }
    axis.append(span);
  }
  add(parent, axis);
}
function showOverview() {
  const totals = make("div"), digits = make("div"), confidences = make("div");
  const addTotal = (label, value, className = "total") => add(totals, add(make("div", undefined, className), label, make("b", formatCount(value))));
  addTotal(make("span", about.files === 1 ? "file" : "files"), about.files, "total large");
  addTotal(make("span", about.rows === 1 ? "page" : "pages"), about.rows, "total large");
  for (const status of STATUSES) addTotal(makeStatusLabel(status), about.statuses[status] || 0);
  add(digits, make("h2", "Digits read"));
  addBars(digits, about.digits, DIGITS);
  addAxis(digits, DIGITS, true);
  add(confidences, make("h2", "How sure"));
  const step = 100 / about.histogram.length;
  const ranges = about.histogram.map((_, index) => `${index * step} - ${(index + 1) * step} %`);
  addBars(confidences, about.histogram, ranges, (index) => index * step < 100 * about.review_below);
  addAxis(confidences, ["0 %", "50 %", "100 %"]);
  add($("overview"), totals, digits, confidences);
  $("when").textContent = `${about.inbox}, ${about.time}, model ${about.model}`;
}
const makeStatusLabel = (status) => add(make("span"), make("span", undefined, `dot ${status}`), status);
function showParts() {
  about.parts.forEach((part, index) => {
    const link = make(index === about.part ? "b" : "a", `${formatCount(part.from)} – ${formatCount(part.to)}`);
    if (index !== about.part) link.href = part.file;
    add($("parts"), link, " ");
  });
}
function showAlarms() {
  for (const alarm of about.alarms) { $("alarms").hidden = false; add($("alarms"), make("p", `⚠ ${alarm}`)); }
}
function showUnread() {
  if (!about.unread.length) return;
  const box = $("unread");
  box.hidden = false;
  box.firstElementChild.textContent = `${formatCount(about.unread_files)} ${about.unread_files === 1 ? "file was" : "files were"} not read: what to do`;
  for (const [reason, files, moreCount] of about.unread) {
    const [meaning, advice] = about.meaning[reason] || [reason, ""];
    const list = make("ul");
    for (const file of files) list.append(make("li", file));
    if (moreCount) list.append(make("li", `and ${formatCount(moreCount)} more`));
    const title = `${formatReason(reason)}: ${formatCount(files.length + moreCount)}`;
    add(box.lastElementChild, make("h2", title), make("p", meaning), make("p", advice, "advice"), list);
  }
}
