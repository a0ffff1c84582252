// Where `batchdigits review` shows the page: each correction is on record at once, and scans are shown whole.

let sending = Promise.resolve(), hasSendingFailed = false;

// What is not on record yet, and what was just said, though it may be what was on record when the page was drawn.
function sendCorrections(row) {
  if (!about.live) return;
  const due = new Map([...corrections].map(([key, { sha, page, said }]) => [key, { sha, page, value: said === "clear" ? null : said }]));
  if (row) due.set(keyOf(row), { sha: row.sha256, page: row.page, value: correctionFor(row) });
  if (due.size) sending = sending.then(() => send(due));
}
async function send(due) {
  const digitOf = (value) => value === null ? null : value === "-" ? -1 : Number(value);
  const body = JSON.stringify([...due.values()].map(({ sha, page, value }) => [sha, page, digitOf(value)]));
  try {
    const answer = await fetch("corrections", { method: "POST", headers: { "Content-Type": "application/json" }, body });
    const { problem, is_recorded } = await answer.json();
    if (!answer.ok) throw new Error(problem);
    for (const [key, { value }] of due) noteRecorded(key, value, digitOf(value));
    hasSendingFailed = false;
    const checked = `${formatCount(rows.filter((row) => row.corrected_digit !== null).length)} checked`;
    $("saved").replaceChildren(is_recorded ? `On record: ${checked}.` : `Saved: ${checked}. The watcher will put it on record shortly.`);
  } catch (error) {
    hasSendingFailed = true;
    $("saved").replaceChildren(`Not on record: ${error.message}. It is kept in this browser and sent with the next one; or save it.`);
  }
  updateProgress();
}
function noteRecorded(key, value, digit) {
  const said = corrections.get(key);
  for (const row of rows) if (keyOf(row) === key) row.corrected_digit = digit;
  if (!said) return;
  if ((said.said === "clear" ? null : said.said) === value) storeCorrection(key, null);
  else storeCorrection(key, { ...said, base: value }); // something else was said meanwhile
}
// The scan as it lies on the disk; where it cannot be shown, and as long as a page far into a TIFF takes, its thumbnail.
function makeOriginal(row, makeInstead) {
  const box = make("div", undefined, "original"), image = new Image();
  let shown = box;
  const show = (other) => { clearTimeout(timer); if (shown !== other) shown.replaceWith(other); shown = other; };
  const timer = setTimeout(() => show(makeInstead()), 300);
  image.alt = labelOf(row);
  image.src = `scans/${row.sha256}/${row.page}`;
  image.addEventListener("load", () => show(box));
  image.addEventListener("error", () => { if (shown === box) show(makeInstead()); });
  return add(box, image);
}
