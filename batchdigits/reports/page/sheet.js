// On a narrow screen the chosen scan is a sheet over the page, from the bottom, as large as the screen.

const narrow = matchMedia("(max-width: 700px)");
// Here the scans come first, too, and the rest is folded away.
const small = matchMedia("(max-width: 1100px)");

function openSheet() {
  if (narrow.matches) setSheet(true);
  focusScans();
}
function setSheet(isOpen) {
  document.body.classList.toggle("sheet", isOpen);
  for (const element of [document.querySelector("header"), $("how"), $("glance"), $("unread"), $("alarms"), $("scans"), document.querySelector("footer")]) {
    element.inert = isOpen;
  }
}
const isSheetOpen = () => document.body.classList.contains("sheet");
// Where keys are for the scans.
function focusScans() { (isSheetOpen() ? $("zoom") : $("gallery")).focus({ preventScroll: true }); }
function closeSheet() {
  setSheet(false);
  focusScans();
  if (shownRows[chosenIndex]) cellOf(shownRows[chosenIndex]).scrollIntoView({ block: "center" });
}
function fitToScreen() {
  for (const name of ["fold", "glance"]) $(name).open = !small.matches;
  $("more").open = !narrow.matches;
  if (!narrow.matches) setSheet(false);
}
function showSheet() {
  for (const query of [narrow, small]) query.addEventListener("change", fitToScreen);
  fitToScreen();
  $("previous").addEventListener("click", () => chooseCell(chosenIndex - 1));
  $("next").addEventListener("click", () => chooseCell(chosenIndex + 1));
  $("close").addEventListener("click", closeSheet);
  $("start").addEventListener("click", openSheet);
}
