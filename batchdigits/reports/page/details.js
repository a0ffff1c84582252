// All that is known of the chosen scan, and what was read of it in a sentence.

function showChosen() {
  const row = shownRows[chosenIndex];
  $("zoom").classList.toggle("none", !row);
  $("zoom-picture").replaceChildren(...row ? [makeLargePicture(row)] : []);
  $("zoom-title").textContent = row ? labelOf(row) : filters.isLeft ? "Nothing is left to check." : "No scan matches the filters.";
  $("position").textContent = row ? `${formatCount(chosenIndex + 1)} of ${formatCount(shownRows.length)}` : "";
  $("reading").textContent = row ? describeReading(row) : corrections.size ? "Save your corrections." : "";
  updatePad(row);
  $("details").replaceChildren();
  if (row) showDetails(row);
}
function makeLargePicture(row, isThumbnail = false) {
  if (about.live && row.sha256 && !isThumbnail) return makeOriginal(row, () => makeLargePicture(row, true));
  const isScan = row.status === "ok" || row.status === "review";
  return add(make("div", undefined, isScan && (row.picture || row.image) ? "" : "whole"), makePicture(row));
}
function describeReading(row) {
  const read = row.digit !== null ? `read as ${row.digit}, ${formatPercent(row.confidence)} sure`
    : row.second_digit !== null ? `probably no digit; best guess ${row.second_digit}` : "nothing was read";
  return row.reason && row.reason !== "not_a_digit" ? `${read} (${formatReason(row.reason)})` : read;
}
function showDetails(row) {
  const pane = $("details"), model = make("div", undefined, "model");
  if (row.image) add(model, add(make("figure"), makeModelInput(row), make("figcaption", "what the model saw")));
  if (row.scores) add(model, makeScores(row));
  add(pane, model, makeTerms(row));
}
function makeScores(row) {
  const bars = make("div", undefined, "scores");
  const noDigit = Math.max(0, 1 - row.scores.reduce((sum, score) => sum + score, 0));
  [...row.scores, noDigit].forEach((score, digit) => {
    const bar = make("i", undefined, digit === (row.digit ?? 10) ? "best" : "");
    bar.style.width = `${100 * score}%`;
    add(bars, make("b", digit < 10 ? digit : "–"), bar, make("span", formatPercent(score), "value"));
  });
  bars.title = "– means: no digit";
  return bars;
}
function makeTerms(row) {
  const list = make("dl");
  const addTerm = (term, value) => {
    if (value !== null && value !== "" && value !== undefined) add(list, make("dt", term), make("dd", value));
  };
  const [meaning, advice] = row.reason ? about.meaning[row.reason] || [row.reason] : [];
  addTerm("read as", row.digit === null ? row.second_digit === null ? "nothing" : "no digit" : `${row.digit}, ${formatPercent(row.confidence)} sure`);
  addTerm(row.digit === null ? "best guess" : "or", row.second_digit === null ? null : `${row.second_digit}, ${formatPercent(row.second_confidence)}`);
  addTerm("status", row.status);
  addTerm("why", meaning);
  addTerm("try", advice);
  addTerm("detail", row.detail);
  addTerm("size", row.width === null ? null : `${row.width} x ${row.height} pixels`);
  addTerm("copy of", row.duplicate_of);
  addTerm("file is", row.source_state);
  const correction = correctionFor(row);
  if (correction !== null) addTerm("you said", isWrong(row) ? nameValue(correction) : "right");
  return list;
}
