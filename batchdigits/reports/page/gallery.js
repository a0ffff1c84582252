// The gallery of scans that the filters let through, drawn bit by bit as it is scrolled to.

const CELLS_PER_STEP = 120;
let shownRows = rows, chosenIndex = -1, drawnCount = 0;
const sentinel = make("div", "", "more");
new IntersectionObserver((entries) => {
  if (entries.some((entry) => entry.isIntersecting)) drawMore();
}, { rootMargin: "800px" }).observe(sentinel);

function showRows(matching) {
  const chosen = shownRows[chosenIndex];
  shownRows = matching;
  $("gallery").replaceChildren();
  drawnCount = 0;
  chosenIndex = chosen ? shownRows.indexOf(chosen) : -1;
  drawMore();
  while (chosenIndex >= drawnCount && drawnCount < shownRows.length) drawMore();
  if (chosenIndex < 0 && shownRows.length) chosenIndex = 0;
  chooseCell(chosenIndex, false);
}
function drawMore() {
  const cells = document.createDocumentFragment();
  const due = shownRows.slice(drawnCount, drawnCount + CELLS_PER_STEP);
  for (const row of due) cells.append(makeCell(row));
  drawnCount += due.length;
  sentinel.remove();
  $("gallery").append(cells);
  sayWhatIsHidden();
}
function sayWhatIsHidden() {
  const hiddenCount = shownRows.length - drawnCount;
  sentinel.textContent = hiddenCount > 0 ? `${formatCount(hiddenCount)} more` : shownRows.length ? "" : filters.isLeft ? "Nothing is left to check." : "No scan matches the filters.";
  $("gallery").append(sentinel);
  $("shown").textContent = `${formatCount(shownRows.length)} of ${formatCount(rows.length)} shown`;
}
// Those that the filters let through no more, now that one was corrected; returns whether that one stays.
function dropRows(corrected) {
  const isDropped = (row) => keyOf(row) === keyOf(corrected) && !isMatch(row);
  shownRows.slice(0, drawnCount).filter(isDropped).forEach((row) => { cellOf(row).remove(); drawnCount--; });
  chosenIndex -= shownRows.slice(0, chosenIndex).filter(isDropped).length;
  shownRows = shownRows.filter((row) => !isDropped(row));
  sayWhatIsHidden();
  return shownRows.includes(corrected);
}
const cellOf = (row) => $(`cell-${row.number}`);
function makeCell(row) {
  const cell = make("div", undefined, "cell");
  cell.setAttribute("role", "option");
  cell.setAttribute("aria-selected", "false");
  cell.id = `cell-${row.number}`;
  cell.title = row.file;
  add(cell, makePicture(row), add(make("div", undefined, "name"), make("bdi", labelOf(row))));
  updateMark(cell, row);
  cell.addEventListener("click", () => { chooseCell(shownRows.indexOf(row)); openSheet(); });
  return cell;
}
function makePicture(row) {
  if (row.picture) {
    const image = new Image();
    image.loading = "lazy"; image.decoding = "async";
    image.src = `data:image/png;base64,${row.picture}`;
    image.alt = row.digit === null ? row.status : `read as ${row.digit}`;
    return image;
  }
  if (row.image) return makeModelInput(row);
  const colour = { quarantined: "", failed: " failed" }[row.status] ?? " bare";
  return make("div", row.reason ? formatReason(row.reason) : row.digit, `card${colour}`);
}
// What the model saw: 28 x 28 gray levels.
function makeModelInput(row) {
  const canvas = make("canvas");
  canvas.width = canvas.height = 28;
  const levels = atob(row.image), pixels = new ImageData(28, 28);
  for (let i = 0; i < 784; i++) {
    const level = levels.charCodeAt(i);
    pixels.data.set([level, level, level, 255], 4 * i);
  }
  canvas.getContext("2d").putImageData(pixels, 0, 0);
  return canvas;
}
function updateMark(cell, row) {
  cell.querySelector(".mark")?.remove();
  cell.classList.toggle("checked", isChecked(row));
  cell.classList.toggle("wrong", isWrong(row));
  if (!isChecked(row)) return;
  const mark = isWrong(row) ? make("span", `→ ${correctionFor(row)}`, "mark wrong") : make("span", "✓", "mark");
  cell.append(add(mark, make("span", isWrong(row) ? " corrected" : " right", "unseen")));
}
function updateMarks(isMeant = () => true) {
  for (const row of shownRows.slice(0, drawnCount)) if (isMeant(row)) updateMark(cellOf(row), row);
  updateProgress();
}
function chooseCell(index, scroll = true) {
  $("gallery").querySelector('[aria-selected="true"]')?.setAttribute("aria-selected", "false");
  chosenIndex = shownRows.length ? Math.max(0, Math.min(index, shownRows.length - 1)) : -1;
  showChosen();
  if (chosenIndex < 0) { $("gallery").removeAttribute("aria-activedescendant"); return; }
  while (chosenIndex >= drawnCount) drawMore();
  const cell = cellOf(shownRows[chosenIndex]);
  cell.setAttribute("aria-selected", "true");
  $("gallery").setAttribute("aria-activedescendant", cell.id);
  if (scroll) cell.scrollIntoView({ block: "nearest" });
}
function countColumns() {
  const cells = [...$("gallery").querySelectorAll(".cell")], top = cells[0]?.offsetTop;
  const first = cells.findIndex((cell) => cell.offsetTop !== top);
  return first < 0 ? Math.max(cells.length, 1) : first;
}
