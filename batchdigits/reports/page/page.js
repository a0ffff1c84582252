"use strict";
// All text goes into the page as text: names of files come from outside.
const data = JSON.parse(document.getElementById("data").textContent);
const { about, rows } = data;
const [FILE, PAGE, STATUS, DIGIT, SURE, SECOND, SECOND_SURE, REASON, DETAIL, SHA, STATE, COPY, SIZE, SCORES, BOX, THUMB, IMAGE, CORRECTED] = rows.length ? rows[0].keys() : [];
const STATUSES = ["ok", "review", "quarantined", "failed"];
const BATCH = 120;
const $ = (id) => document.getElementById(id);
// Copies of one scan are one thing.
const key = (row) => `${row[SHA]}:${row[PAGE]}`;

function make(tag, text, className) {
  const element = document.createElement(tag);
  if (text !== undefined && text !== null) element.textContent = text;
  if (className) element.className = className;
  return element;
}
function add(parent, ...children) { parent.append(...children); return parent; }
const count = (number) => number.toLocaleString("en");
// Cut and not rounded, so that 100 % never stands for "nearly".
const percent = (sure) => sure === null ? "" : `${(Math.floor(sure * 1000) / 10).toFixed(1)} %`;

// What a person said, by content and page: a digit, "-" for no digit, "clear" for a word taken back.
// Kept in this browser, one item each, so that tabs and the parts of a long report do not undo each
// other. What is on record since then counts more than an older word.
const STORE = `batchdigits ${about.outbox} `;
const words = new Map();
function load() {
  try {
    const found = Object.keys(localStorage).filter((name) => name.startsWith(STORE));
    words.clear();
    for (const name of found) words.set(name.slice(STORE.length), JSON.parse(localStorage.getItem(name)));
  } catch { /* a browser may forbid it: words last as long as the page */ }
  for (const row of rows) if (words.has(key(row)) && words.get(key(row)).base !== recorded(row)) put(key(row), null);
}
function put(name, word) {
  if (word) words.set(name, word); else words.delete(name);
  try { if (word) localStorage.setItem(STORE + name, JSON.stringify(word)); else localStorage.removeItem(STORE + name); } catch { /* as above */ }
}
const recorded = (row) => row[CORRECTED] === null ? null : row[CORRECTED] < 0 ? "-" : String(row[CORRECTED]);
function said(row) {
  const word = words.get(key(row));
  if (!word) return recorded(row);
  return word.said === "clear" ? null : word.said;
}
const read = (row) => row[DIGIT] === null ? "-" : String(row[DIGIT]);
const isChecked = (row) => said(row) !== null;
const isWrong = (row) => isChecked(row) && said(row) !== read(row);

// The filters, and what they let through.
const wanted = { statuses: new Set(), digits: new Set(), reason: "", text: "", checked: "" };
let shown = rows, chosen = -1, drawn = 0;
function lets(row) {
  if (wanted.statuses.size && !wanted.statuses.has(row[STATUS])) return false;
  if (wanted.digits.size && !wanted.digits.has(row[DIGIT])) return false;
  if (wanted.reason && row[REASON] !== wanted.reason) return false;
  if (wanted.text && !row[FILE].toLowerCase().includes(wanted.text)) return false;
  if (wanted.checked === "no" && isChecked(row)) return false;
  if (wanted.checked === "yes" && !isChecked(row)) return false;
  if (wanted.checked === "wrong" && !isWrong(row)) return false;
  return true;
}
function filter() {
  const before = shown[chosen];
  shown = rows.filter(lets);
  const gallery = $("gallery");
  gallery.replaceChildren();
  drawn = 0;
  chosen = before ? shown.indexOf(before) : -1;
  grow();
  while (chosen >= drawn && drawn < shown.length) grow();
  if (chosen < 0 && shown.length) chosen = 0;
  choose(chosen, false);
  $("shown").textContent = `${count(shown.length)} of ${count(rows.length)} shown`;
}

// The gallery is drawn bit by bit, as it is scrolled to.
const sentinel = make("div", "", "more");
new IntersectionObserver((seen) => { if (seen.some((each) => each.isIntersecting)) grow(); }, { rootMargin: "800px" }).observe(sentinel);
function grow() {
  const cells = document.createDocumentFragment();
  for (const row of shown.slice(drawn, drawn + BATCH)) cells.append(cell(row, drawn++));
  sentinel.remove();
  $("gallery").append(cells);
  sentinel.textContent = drawn < shown.length ? `${count(shown.length - drawn)} more` : shown.length ? "" : "Nothing is like that.";
  $("gallery").append(sentinel);
}
function picture(row) {
  if (row[THUMB]) {
    const image = new Image();
    image.loading = "lazy"; image.decoding = "async";
    image.src = `data:image/png;base64,${row[THUMB]}`;
    image.alt = row[DIGIT] === null ? row[STATUS] : `read as ${row[DIGIT]}`;
    return image;
  }
  if (row[IMAGE]) return seen(row);
  return make("div", row[REASON] ? row[REASON].replaceAll("_", " ") : row[DIGIT], `card ${row[STATUS] === "failed" ? "failed" : row[STATUS] === "quarantined" ? "" : "bare"}`);
}
function cell(row, number) {
  const box = make("div", undefined, "cell");
  box.setAttribute("role", "option");
  box.setAttribute("aria-selected", "false");
  box.id = `cell-${number}`;
  box.title = row[FILE];
  const name = add(make("div", undefined, "name"), make("bdi", label(row)));
  add(box, picture(row), name);
  mark(box, row);
  box.addEventListener("click", () => choose(number));
  return box;
}
const label = (row) => row[PAGE] === 1 ? row[FILE] : `${row[FILE]} page ${row[PAGE]}`;
function mark(box, row) {
  box.querySelector(".mark")?.remove();
  if (!isChecked(row)) return;
  box.append(make("span", isWrong(row) ? said(row) : "✓", isWrong(row) ? "mark wrong" : "mark"));
}
// What the model saw: 28 x 28 gray levels.
function seen(row) {
  const canvas = make("canvas");
  canvas.width = canvas.height = 28;
  const levels = atob(row[IMAGE]), pixels = new ImageData(28, 28);
  for (let i = 0; i < 784; i++) {
    const level = levels.charCodeAt(i);
    pixels.data.set([level, level, level, 255], 4 * i);
  }
  canvas.getContext("2d").putImageData(pixels, 0, 0);
  return canvas;
}

function choose(number, scroll = true) {
  $("gallery").querySelector('[aria-selected="true"]')?.setAttribute("aria-selected", "false");
  chosen = shown.length ? Math.max(0, Math.min(number, shown.length - 1)) : -1;
  $("zoom").replaceChildren();
  if (chosen < 0) return;
  while (chosen >= drawn) grow();
  const box = $(`cell-${chosen}`);
  box.setAttribute("aria-selected", "true");
  $("gallery").setAttribute("aria-activedescendant", box.id);
  if (scroll) box.scrollIntoView({ block: "nearest" });
  zoom(shown[chosen]);
}
function zoom(row) {
  const pane = $("zoom"), pictures = make("div", undefined, "pictures");
  add(pane, make("h2", label(row)));
  if (row[THUMB]) add(pictures, add(make("figure"), picture(row), make("figcaption", "the scan, its ink framed")));
  if (row[IMAGE]) add(pictures, add(make("figure"), seen(row), make("figcaption", "what the model saw")));
  add(pane, pictures);
  if (row[SCORES]) {
    const bars = make("div", undefined, "scores");
    const none = Math.max(0, 1 - row[SCORES].reduce((sum, score) => sum + score, 0));
    [...row[SCORES], none].forEach((score, digit) => {
      const bar = make("i", undefined, digit === row[DIGIT] ? "best" : "");
      bar.style.width = `${100 * score}%`;
      add(bars, make("b", digit < 10 ? digit : "–"), bar, make("span", percent(score), "value"));
    });
    bars.title = "– means: no digit";
    add(pane, bars);
  }
  const list = make("dl");
  const tell = (term, value) => { if (value !== null && value !== "" && value !== undefined) add(list, make("dt", term), make("dd", value)); };
  tell("read as", row[DIGIT] === null ? "nothing" : `${row[DIGIT]}, ${percent(row[SURE])} sure`);
  tell("or", row[SECOND] === null ? null : `${row[SECOND]}, ${percent(row[SECOND_SURE])}`);
  tell("status", row[STATUS]);
  tell("why", row[REASON] ? (about.meaning[row[REASON]] || [row[REASON]])[0] : null);
  tell("try", row[REASON] ? (about.meaning[row[REASON]] || [])[1] : null);
  tell("detail", row[DETAIL]);
  tell("size", row[SIZE]);
  tell("copy of", row[COPY]);
  tell("file is", row[STATE]);
  if (isChecked(row)) tell("you said", said(row) === "-" ? "no digit" : isWrong(row) ? said(row) : "right");
  add(pane, list);
}

function say(value) {
  const row = shown[chosen];
  if (!row || !row[SHA]) return;
  const base = recorded(row), word = { base, said: value === null ? "clear" : value, file: row[FILE], page: row[PAGE], sha: row[SHA], digit: row[DIGIT] };
  put(key(row), value === base ? null : word);
  remark((each) => key(each) === key(row));
  choose(value === null ? chosen : chosen + 1);
}
function remark(which = () => true) {
  shown.slice(0, drawn).forEach((row, number) => { if (which(row)) mark($(`cell-${number}`), row); });
  tellProgress();
}
function tellProgress() {
  const checked = rows.filter(isChecked), wrong = checked.filter(isWrong);
  $("progress").textContent = checked.length ? `${count(checked.length)} checked, ${count(wrong.length)} corrected` : "Nothing is checked yet.";
  $("save").disabled = !words.size;
}
window.addEventListener("storage", () => { load(); remark(); });
function columns() {
  const cells = [...$("gallery").querySelectorAll(".cell")], top = cells[0]?.offsetTop;
  const first = cells.findIndex((each) => each.offsetTop !== top);
  return first < 0 ? Math.max(cells.length, 1) : first;
}
document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  const typing = event.target.matches("input, select");
  if (event.key === "Escape") { document.activeElement.blur(); return; }
  if (typing || (event.target.matches("button, summary, a") && (event.key === "Enter" || event.key === " "))) return;
  const moves = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -columns(), ArrowDown: columns(), Home: -Infinity, End: Infinity };
  if (event.key in moves) choose(chosen + moves[event.key]);
  else if (/^[0-9]$/.test(event.key)) say(event.key);
  else if (event.key === "-") say("-");
  else if (event.key === "Enter") { if (shown[chosen]) say(read(shown[chosen])); }
  else if (event.key === "Backspace" || event.key === "Delete") say(null);
  else if (event.key === "/") $("text").focus();
  else return;
  event.preventDefault();
});

// corrections.csv: one line a checked page, safe to open in a spreadsheet.
const guard = (text) => /^'*[=+\-@\t\r]/.test(text) ? `'${text}` : text;
const quoted = (text) => /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
$("save").addEventListener("click", () => {
  const lines = [["file", "page", "sha256", "digit", "corrected_digit"]];
  // Those of all parts of a long report: they are kept together.
  for (const word of words.values()) lines.push([guard(word.file), word.page, word.sha, word.digit ?? "", word.said === "-" ? -1 : word.said]);
  const text = "\ufeff" + lines.map((line) => line.map((each) => quoted(String(each))).join(",") + "\r\n").join("");
  const link = make("a");
  link.href = URL.createObjectURL(new Blob([text], { type: "text/csv" }));
  link.download = "corrections.csv";
  link.click();
  $("gallery").focus({ preventScroll: true });
  setTimeout(() => URL.revokeObjectURL(link.href), 60000);
});

// The overview.
function bars(parent, values, labels, low = () => false) {
  const most = Math.max(1, ...values), row = make("div", undefined, "bars");
  values.forEach((value, number) => {
    const bar = make("i");
    bar.style.height = `${74 * value / most}%`;
    const column = make("div", undefined, low(number) ? "low" : "");
    column.title = `${labels[number]}: ${count(value)}`;
    add(row, add(column, make("span", values.length <= 10 ? count(value) : ""), bar));
  });
  add(parent, row);
}
function axis(parent, labels, even) {
  const row = make("div", undefined, "axis");
  labels.forEach((each) => { const mark = make("span", each); if (even) { mark.style.flex = "1"; mark.style.textAlign = "center"; } row.append(mark); });
  add(parent, row);
}
function overview() {
  const totals = make("div"), digits = make("div"), sure = make("div");
  const line = (left, value, className) => add(totals, add(make("div", undefined, className || "total"), left, make("b", count(value))));
  line(make("span", "files"), about.files, "total large");
  for (const status of STATUSES) line(add(make("span"), make("span", undefined, `dot ${status}`), status), about.statuses[status] || 0);
  add(digits, make("h2", "Digits read"));
  bars(digits, about.digits, about.digits.map((_, each) => each));
  axis(digits, [0, 1, 2, 3, 4, 5, 6, 7, 8, 9], true);
  add(sure, make("h2", "How sure"));
  const step = 100 / about.histogram.length;
  bars(sure, about.histogram, about.histogram.map((_, each) => `${each * step} - ${(each + 1) * step} %`), (each) => each * step < 100 * about.review_below);
  axis(sure, ["0 %", "50 %", "100 %"]);
  add($("overview"), totals, digits, sure);
  $("when").textContent = `${about.inbox}, ${about.time}, model ${about.model}`;
  about.parts.forEach((part, number) => {
    const link = make(number === about.part ? "b" : "a", `${count(part.from)} – ${count(part.to)}`);
    if (number !== about.part) link.href = part.file;
    add($("parts"), link, " ");
  });
  for (const alarm of about.alarms) { $("alarms").hidden = false; add($("alarms"), make("p", `⚠ ${alarm}`)); }
  if (about.unread.length) {
    const box = $("unread");
    box.hidden = false;
    box.firstElementChild.textContent = `${count(about.unread_files)} ${about.unread_files === 1 ? "file was" : "files were"} not read: what to do`;
    for (const [reason, files, more] of about.unread) {
      const [meaning, advice] = about.meaning[reason] || [reason, ""];
      const list = make("ul");
      files.forEach((file) => list.append(make("li", file)));
      if (more) list.append(make("li", `and ${count(more)} more`));
      add(box.lastElementChild, make("h2", `${reason.replaceAll("_", " ")}: ${count(files.length + more)}`), make("p", meaning), make("p", advice, "advice"), list);
    }
  }
}
function chips(parent, values, set, counts, words) {
  values.forEach((value, number) => {
    const chip = add(make("button", undefined, "chip"), words(value), make("small", count(counts[number])));
    chip.type = "button";
    chip.setAttribute("aria-pressed", "false");
    chip.addEventListener("click", () => {
      const on = !set.has(value);
      if (on) set.add(value); else set.delete(value);
      chip.setAttribute("aria-pressed", String(on));
      filter();
      $("gallery").focus({ preventScroll: true }); // keys are for the scans again
    });
    add(parent, chip);
  });
}
function filters() {
  const tally = (column, values) => { const found = new Map(); rows.forEach((row) => found.set(row[column], (found.get(row[column]) || 0) + 1)); return values.map((value) => found.get(value) || 0); };
  const there = STATUSES.filter((_, number) => tally(STATUS, STATUSES)[number]);
  chips($("statuses"), there, wanted.statuses, tally(STATUS, there), (status) => add(make("span"), make("span", undefined, `dot ${status}`), status));
  const digits = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9];
  chips($("digits"), digits, wanted.digits, tally(DIGIT, digits), (digit) => String(digit));
  const reasons = [...new Set(rows.map((row) => row[REASON]))].filter(Boolean).sort();
  reasons.forEach((reason) => { const option = make("option", reason.replaceAll("_", " ")); option.value = reason; $("reason").append(option); });
  $("reason").addEventListener("change", (event) => { wanted.reason = event.target.value; filter(); $("gallery").focus({ preventScroll: true }); });
  $("checked").addEventListener("change", (event) => { wanted.checked = event.target.value; filter(); $("gallery").focus({ preventScroll: true }); });
  $("text").addEventListener("input", (event) => { wanted.text = event.target.value.toLowerCase(); filter(); });
  $("filters").addEventListener("submit", (event) => event.preventDefault());
  $("filters").addEventListener("reset", () => {
    wanted.statuses.clear(); wanted.digits.clear(); wanted.reason = wanted.text = wanted.checked = "";
    document.querySelectorAll(".chip").forEach((chip) => chip.setAttribute("aria-pressed", "false"));
    filter();
    $("gallery").focus({ preventScroll: true });
  });
}
load();
overview();
filters();
filter();
tellProgress();
