// The top of the page: totals, charts, alarms, and files that were not read.

// Bars of what is sure or checked, with what is in doubt on top of them.
function addBars(parent, settled, doubtful, labels) {
  const totals = settled.map((value, index) => value + doubtful[index]);
  const highest = Math.max(1, ...totals), bars = make("div", undefined, "bars");
  totals.forEach((total, index) => {
    const column = make("div");
    column.title = `${labels[index]}: ${formatCount(total)}${doubtful[index] ? `, ${formatCount(doubtful[index])} of them in doubt` : ""}`;
    add(column, make("span", totals.length <= 10 ? formatCount(total) : ""));
    for (const [value, className] of [[doubtful[index], "doubt"], [settled[index], ""]]) {
      const bar = make("i", undefined, className);
      bar.style.height = `${74 * value / highest}%`;
      add(column, bar);
    }
    add(bars, column);
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
  if (about.checked) addTotal(makeStatusLabel("checked"), about.checked);
  add(digits, make("h2", "Digits read"));
  addBars(digits, about.digits, about.doubtful_digits, DIGITS);
  addAxis(digits, DIGITS, true);
  add(confidences, make("h2", "How sure"));
  const { settled, doubtful } = about.histogram, step = 100 / settled.length;
  const ranges = settled.map((_, index) => `${index * step} - ${(index + 1) * step} %`);
  addBars(confidences, settled, doubtful, ranges);
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
