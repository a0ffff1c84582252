// What keys do, and the page at its start.

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  const isTyping = event.target.matches("input, select");
  if (event.key === "Escape") { document.activeElement.blur(); return; }
  if (isTyping || (event.target.matches("button, summary, a") && (event.key === "Enter" || event.key === " "))) return;
  const moves = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -countColumns(), ArrowDown: countColumns(), Home: -Infinity, End: Infinity };
  if (event.key in moves) chooseCell(chosenIndex + moves[event.key]);
  else if (/^[0-9]$/.test(event.key)) correctChosen(event.key);
  else if (event.key === "-") correctChosen("-");
  else if (event.key === "Enter") { if (shownRows[chosenIndex]) correctChosen(readingOf(shownRows[chosenIndex])); }
  else if (event.key === "Backspace" || event.key === "Delete") correctChosen(null);
  else if (event.key === "/") $("text").focus();
  else return;
  event.preventDefault();
});
$("save").addEventListener("click", saveCorrections);
// Another tab stored a correction.
window.addEventListener("storage", () => { loadCorrections(); updateMarks(); });

loadCorrections();
showOverview();
showParts();
showAlarms();
showUnread();
showFilters();
applyFilters();
updateProgress();
