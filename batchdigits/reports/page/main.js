// What keys do, and the page at its start.

document.addEventListener("keydown", (event) => {
  const isTyping = event.target.matches("input, select");
  if ((event.ctrlKey || event.metaKey) && event.key === "z" && !isTyping) { undo(); event.preventDefault(); return; }
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.key === "Escape") { if (isSheetOpen()) closeSheet(); else document.activeElement.blur(); return; }
  if (isTyping || (event.target.matches("button, summary, a") && (event.key === "Enter" || event.key === " "))) return;
  const moves = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -countColumns(), ArrowDown: countColumns(), Home: -Infinity, End: Infinity };
  if (event.key in moves) chooseCell(chosenIndex + moves[event.key]);
  else if (/^[0-9]$/.test(event.key)) correctChosen(event.key);
  else if (event.key === "-") correctChosen("-");
  else if (event.key === "Enter") acceptReading();
  else if (event.key === "Backspace" || event.key === "Delete") takeBack();
  else if (event.key === "/") $("text").focus();
  else return;
  event.preventDefault();
});
$("save").addEventListener("click", saveCorrections);
// Another tab stored a correction.
window.addEventListener("storage", () => { loadCorrections(); updateMarks(); showChosen(); });

loadCorrections();
showPad();
showSheet();
showOverview();
showWhatToDo();
showParts();
showAlarms();
showUnread();
showFilters();
applyFilters();
updateProgress();
sendCorrections();
