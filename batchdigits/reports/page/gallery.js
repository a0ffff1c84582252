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
  $("shown").textContent = `${formatCount(shownRows.length)} of ${formatCount(rows.length)} shown`;
}
function drawMore() {
  const cells = document.createDocumentFragment();
  for (const row of shownRows.slice(drawnCount, drawnCount + CELLS_PER_STEP)) cells.append(makeCell(row, drawnCount++));
  sentinel.remove();
  $("gallery").append(cells);
  const hiddenCount = shownRows.length - drawnCount;
  sentinel.textContent = hiddenCount > 0 ? `${formatCount(hiddenCount)} more` : shownRows.length ? "" : "Nothing is like that.";
  $("gallery").append(sentinel);
}
function makeCell(row, index) {
  const cell = make("div", undefined, "cell");
  cell.setAttribute("role", "option");
  cell.setAttribute("aria-selected", "false");
  cell.id = `cell-${index}`;
  cell.title = row.file;
  add(cell, makePicture(row), add(make("div", undefined, "name"), make("bdi", labelOf(row))));
  updateMark(cell, row);
  cell.addEventListener("click", () => chooseCell(index));
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
  if (!isChecked(row)) return;
  cell.append(isWrong(row) ? make("span", correctionFor(row), "mark wrong") : make("span", "✓", "mark"));
}
function updateMarks(isMeant = () => true) {
  shownRows.slice(0, drawnCount).forEach((row, index) => { if (isMeant(row)) updateMark($(`cell-${index}`), row); });
  updateProgress();
}
function chooseCell(index, scroll = true) {
  $("gallery").querySelector('[aria-selected="true"]')?.setAttribute("aria-selected", "false");
  chosenIndex = shownRows.length ? Math.max(0, Math.min(index, shownRows.length - 1)) : -1;
  $("zoom").replaceChildren();
  if (chosenIndex < 0) return;
  while (chosenIndex >= drawnCount) drawMore();
  const cell = $(`cell-${chosenIndex}`);
  cell.setAttribute("aria-selected", "true");
  $("gallery").setAttribute("aria-activedescendant", cell.id);
  if (scroll) cell.scrollIntoView({ block: "nearest" });
  showDetails(shownRows[chosenIndex]);
}
function countColumns() {
  const cells = [...$("gallery").querySelectorAll(".cell")], top = cells[0]?.offsetTop;
  const first = cells.findIndex((cell) => cell.offsetTop !== top);
  return first < 0 ? Math.max(cells.length, 1) : first;
}
