// What a person said, by content and page: a digit, "-" for no digit, "clear" for a correction taken back.
// Kept in this browser until it is saved, one item each, so that tabs and the parts of a long report do
// not undo each other. What is on record since then counts more than an older item.

const STORE = `batchdigits outbox ${encodeURIComponent(about.outbox)} `;
// Pages of earlier versions named it after the inbox, which several outboxes may share.
const EARLIER_STORE = `batchdigits ${about.earlier_store} `;
// The names of those that were taken over, so that one that is taken back here does not come again.
const TAKEN_OVER = `batchdigits taken over ${encodeURIComponent(about.outbox)}`;
const corrections = new Map();

function loadCorrections() {
  try { takeOverEarlierStore(); } catch { /* as below; or it has no room for more */ }
  try {
    const names = Object.keys(localStorage).filter((name) => name.startsWith(STORE));
    corrections.clear();
    for (const name of names) corrections.set(name.slice(STORE.length), JSON.parse(localStorage.getItem(name)));
  } catch { /* a browser may forbid it: corrections last as long as the page */ }
  for (const row of rows) {
    const correction = corrections.get(keyOf(row));
    if (correction && correction.base !== recordedFor(row)) storeCorrection(keyOf(row), null);
  }
}
// They may be of another outbox, so they stay where they are; and each page takes those of its own rows.
function takeOverEarlierStore() {
  const names = Object.keys(localStorage).filter((name) => name.startsWith(EARLIER_STORE));
  if (!names.length) return;
  const takenOver = new Set(JSON.parse(localStorage.getItem(TAKEN_OVER) ?? "[]"));
  const rowsByName = new Map(rows.map((row) => [EARLIER_STORE + keyOf(row), row]));
  const due = names.filter((name) => rowsByName.has(name) && !takenOver.has(name));
  for (const name of due) {
    const row = rowsByName.get(name), key = STORE + keyOf(row), item = localStorage.getItem(name);
    if (JSON.parse(item).base !== recordedFor(row)) continue;
    if (localStorage.getItem(key) === null) localStorage.setItem(key, item);
    takenOver.add(name);
  }
  if (due.length) localStorage.setItem(TAKEN_OVER, JSON.stringify([...takenOver]));
}
function storeCorrection(key, correction) {
  if (correction) corrections.set(key, correction); else corrections.delete(key);
  try {
    if (correction) localStorage.setItem(STORE + key, JSON.stringify(correction));
    else localStorage.removeItem(STORE + key);
  } catch { /* as above */ }
}

// What the journal has.
const recordedFor = (row) => row.corrected_digit === null ? null : row.corrected_digit < 0 ? "-" : String(row.corrected_digit);
// What holds: what is not saved yet, or else what the journal has; null where nobody looked at the scan.
function correctionFor(row) {
  const correction = corrections.get(keyOf(row));
  if (!correction) return recordedFor(row);
  return correction.said === "clear" ? null : correction.said;
}
const isChecked = (row) => correctionFor(row) !== null;
const isWrong = (row) => isChecked(row) && correctionFor(row) !== readingOf(row);
const isLeftToCheck = (row) => row.status === "review" && !isChecked(row);

// What was said on this page, the last one last, and what was kept of each before: to be undone.
const said = [];

function sayOf(row, value) {
  const base = recordedFor(row);
  const correction = { base, said: value === null ? "clear" : value, file: row.file, page: row.page, sha: row.sha256, digit: row.digit };
  storeCorrection(keyOf(row), value === base ? null : correction);
  sendCorrections(row);
}
function correctChosen(value) {
  const row = shownRows[chosenIndex];
  if (!row || !row.sha256) return;
  const key = keyOf(row);
  said.push({ row, before: correctionFor(row) });
  sayOf(row, value);
  updateMarks((other) => keyOf(other) === key);
  const isStill = dropRows(row);
  chooseCell(chosenIndex + (value !== null && isStill ? 1 : 0));
  announce(value === null ? "Taken back." : `${nameValue(value)} it is.`);
}
// Of the scan that is chosen; where scans that were said to be something are not shown, of the last one.
function takeBack() {
  const row = shownRows[chosenIndex];
  if (row && isChecked(row)) correctChosen(null);
  else if (filters.isLeft) undo();
}
// What was said last; where nothing was said since the page was opened, of the scan that is chosen.
function undo() {
  const last = said.pop();
  if (!last) { if (shownRows[chosenIndex] && isChecked(shownRows[chosenIndex])) correctChosen(null); return; }
  sayOf(last.row, last.before);
  applyFilters();
  if (shownRows.includes(last.row)) chooseCell(shownRows.indexOf(last.row));
  updateProgress();
  announce("Undone.");
}
function announce(what) {
  const row = shownRows[chosenIndex];
  $("announcement").textContent = row ? `${what} Next: ${labelOf(row)}, ${describeReading(row)}` : `${what} ${$("zoom-title").textContent}`;
}
function updateProgress() {
  const checked = rows.filter(isChecked), wrong = checked.filter(isWrong), leftCount = rows.filter(isLeftToCheck).length;
  $("progress").textContent = checked.length ? `${formatCount(checked.length)} checked, ${formatCount(wrong.length)} corrected` : "Nothing is checked yet.";
  $("save").disabled = !corrections.size;
  $("save").hidden = about.live && !hasSendingFailed;
  $("start").textContent = leftCount ? `check ${formatCount(leftCount)} ${leftCount === 1 ? "scan" : "scans"}` : "look at scans";
  $("left").querySelector("small").textContent = formatCount(leftCount);
}

// corrections.csv: one line a checked page, safe to open in a spreadsheet.
const guardCell = (text) => /^'*[=+\-@\t\r]/.test(text) ? `'${text}` : text;
const quoteCell = (text) => /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
function saveCorrections() {
  const lines = [["file", "page", "sha256", "digit", "corrected_digit"]];
  // Those of all parts of a long report: they are kept together.
  for (const { file, page, sha, digit, said } of corrections.values()) {
    lines.push([guardCell(file), page, sha, digit ?? "", said === "-" ? -1 : said]);
  }
  const text = "\ufeff" + lines.map((cells) => cells.map((cell) => quoteCell(String(cell))).join(",") + "\r\n").join("");
  const link = make("a");
  link.href = URL.createObjectURL(new Blob([text], { type: "text/csv" }));
  link.download = "corrections.csv";
  link.click();
  $("saved").replaceChildren("Saved. Now run ", make("code", about.correct_command), " in the folder it was saved to.");
  focusScans();
  setTimeout(() => URL.revokeObjectURL(link.href), 60000);
}
