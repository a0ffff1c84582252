// The filters, and which rows match them.

const filters = { isLeft: false, statuses: new Set(), digits: new Set(), reason: "", text: "", checked: "" };
// What the page itself started with gives way to the first filter that a person sets.
let isLeftByItself = false;

function isMatch(row) {
  if (filters.isLeft && !isLeftToCheck(row)) return false;
  if (filters.statuses.size && !filters.statuses.has(row.status)) return false;
  if (filters.digits.size && !filters.digits.has(row.digit)) return false;
  if (filters.reason && row.reason !== filters.reason) return false;
  if (filters.text && !row.file.toLowerCase().includes(filters.text)) return false;
  if (filters.checked === "no" && isChecked(row)) return false;
  if (filters.checked === "yes" && !isChecked(row)) return false;
  if (filters.checked === "wrong" && !isWrong(row)) return false;
  return true;
}
const applyFilters = () => showRows(rows.filter(isMatch));
function applyFiltersAndLeave() {
  applyFilters();
  focusScans();
}
function setLeft(isOn) {
  filters.isLeft = isOn;
  isLeftByItself = false;
  $("left").setAttribute("aria-pressed", String(isOn));
}
function giveWay() { if (isLeftByItself) setLeft(false); }
// Pages in review that nobody has checked: fewer with each one that is. It is a status of its own.
function addLeftChip() {
  const chip = add(make("button", undefined, "chip"), makeStatusLabel("left to check"), make("small", "0"));
  chip.type = "button";
  chip.id = "left";
  chip.addEventListener("click", () => {
    setLeft(!filters.isLeft);
    filters.statuses.clear();
    document.querySelectorAll("#statuses .chip:not(#left)").forEach((other) => other.setAttribute("aria-pressed", "false"));
    applyFiltersAndLeave();
  });
  add($("statuses"), chip);
}
function addChips(parent, values, chosenValues, counts, makeLabel) {
  for (const value of values) {
    const chip = add(make("button", undefined, "chip"), makeLabel(value), make("small", formatCount(counts.get(value) || 0)));
    chip.type = "button";
    chip.setAttribute("aria-pressed", "false");
    chip.addEventListener("click", () => {
      const isOn = !chosenValues.has(value);
      if (isOn) chosenValues.add(value); else chosenValues.delete(value);
      chip.setAttribute("aria-pressed", String(isOn));
      if (chosenValues === filters.statuses) setLeft(false); else giveWay();
      applyFiltersAndLeave();
    });
    add(parent, chip);
  }
}
function countBy(column) {
  const counts = new Map();
  for (const row of rows) counts.set(row[column], (counts.get(row[column]) || 0) + 1);
  return counts;
}
function showFilters() {
  const statusCounts = countBy("status");
  const statuses = STATUSES.filter((status) => statusCounts.has(status));
  addLeftChip();
  addChips($("statuses"), statuses, filters.statuses, statusCounts, makeStatusLabel);
  addChips($("digits"), DIGITS, filters.digits, countBy("digit"), String);
  for (const reason of [...countBy("reason").keys()].filter(Boolean).sort()) {
    const option = make("option", formatReason(reason));
    option.value = reason;
    $("reason").append(option);
  }
  $("reason").addEventListener("change", (event) => { filters.reason = event.target.value; giveWay(); applyFiltersAndLeave(); });
  $("checked").addEventListener("change", (event) => { filters.checked = event.target.value; giveWay(); applyFiltersAndLeave(); });
  $("text").addEventListener("input", (event) => { filters.text = event.target.value.toLowerCase(); giveWay(); applyFilters(); });
  $("filters").addEventListener("submit", (event) => event.preventDefault());
  $("filters").addEventListener("reset", () => {
    setLeft(false); filters.statuses.clear(); filters.digits.clear(); filters.reason = filters.text = filters.checked = "";
    document.querySelectorAll(".chip").forEach((chip) => chip.setAttribute("aria-pressed", "false"));
    applyFiltersAndLeave();
  });
  setLeft(rows.some(isLeftToCheck));
  isLeftByItself = filters.isLeft;
}
