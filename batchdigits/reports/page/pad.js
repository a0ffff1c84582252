// Buttons for what the chosen scan shows, for fingers and the mouse; keys do the same.

const padButtons = new Map();

function showPad() {
  for (const value of [...DIGITS.map(String), "-"]) addPadButton(value, nameValue(value), () => sayOrTakeBack(value));
  addPadButton("right", "right", acceptReading);
  addPadButton("undo", "undo", undo);
}
function addPadButton(name, label, act) {
  const button = make("button", label, `key key-${name}`);
  button.type = "button";
  button.addEventListener("click", (event) => {
    act();
    if (event.detail) focusScans(); // not where it was pressed on the keyboard
  });
  padButtons.set(name, button);
  add($("pad"), button);
}
function acceptReading() {
  if (shownRows[chosenIndex]) correctChosen(readingOf(shownRows[chosenIndex]));
}
// What is pressed already is taken back.
const sayOrTakeBack = (value) => correctChosen(correctionFor(shownRows[chosenIndex]) === value ? null : value);

function updatePad(row) {
  const isOpen = Boolean(row && row.sha256), correction = row ? correctionFor(row) : null;
  for (const [name, button] of padButtons) {
    if (name === "undo") continue;
    button.disabled = !isOpen;
    if (name === "right") continue;
    button.setAttribute("aria-pressed", String(correction === name));
    button.classList.toggle("read", Boolean(row) && readingOf(row) === name);
  }
  const right = padButtons.get("right"), reading = row ? nameValue(readingOf(row)) : "";
  right.textContent = reading ? `right: ${reading}` : "right";
  right.classList.toggle("said", isOpen && correction === readingOf(row));
  padButtons.get("undo").disabled = !said.length && correction === null;
}
