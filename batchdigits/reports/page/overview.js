// The top of the page: totals, what to do, alarms, and files that were not read.

function showOverview() {
  const totals = make("div"), digits = make("div"), confidences = make("div");
  const addTotal = (label, value, className = "total") => add(totals, add(make("div", undefined, className), label, make("b", formatCount(value))));
  addTotal(make("span", about.files === 1 ? "file" : "files"), about.files, "total large");
  addTotal(make("span", about.rows === 1 ? "page" : "pages"), about.rows, "total large");
  for (const status of STATUSES) addTotal(makeStatusLabel(status), about.statuses[status] || 0);
  if (about.checked) addTotal(makeStatusLabel("checked"), about.checked);
  add(digits, make("h2", "Digits read"));
  addDigitBars(digits, about.digits, about.doubtful_digits);
  add(confidences, make("h2", "How sure (logarithmic scale)"));
  addConfidenceBars(confidences, about.histogram);
  add($("overview"), totals, digits, confidences);
  add($("when"), `${about.inbox}, `, makeTime(about.time), `, model ${about.model}`);
}
// One sentence, and the same again once something is saved.
function showWhatToDo() {
  if (about.live) { $("how").textContent = "Check the scans that are in doubt: what you say is on record at once. Ctrl-C in the terminal ends it."; return; }
  add($("how"), "Check the scans that are in doubt, save corrections.csv, and put it on record: run ",
    make("code", about.correct_command), " in the folder it was saved to.");
}
const makeStatusLabel = (status) => add(make("span"), make("span", undefined, `dot ${status.split(" ")[0]}`), status);
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
