// All that is known of the chosen scan.

function showDetails(row) {
  const pane = $("zoom"), pictures = make("div", undefined, "pictures");
  add(pane, make("h2", labelOf(row)));
  if (row.picture) add(pictures, add(make("figure"), makePicture(row), make("figcaption", "the scan, its ink framed")));
  if (row.image) add(pictures, add(make("figure"), makeModelInput(row), make("figcaption", "what the model saw")));
  add(pane, pictures);
  if (row.scores) add(pane, makeScores(row));
  add(pane, makeTerms(row));
}
function makeScores(row) {
  const bars = make("div", undefined, "scores");
  const noDigit = Math.max(0, 1 - row.scores.reduce((sum, score) => sum + score, 0));
  [...row.scores, noDigit].forEach((score, digit) => {
    const bar = make("i", undefined, digit === row.digit ? "best" : "");
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
  addTerm("read as", row.digit === null ? "nothing" : `${row.digit}, ${formatPercent(row.confidence)} sure`);
  addTerm("or", row.second_digit === null ? null : `${row.second_digit}, ${formatPercent(row.second_confidence)}`);
  addTerm("status", row.status);
  addTerm("why", meaning);
  addTerm("try", advice);
  addTerm("detail", row.detail);
  addTerm("size", row.width === null ? null : `${row.width} x ${row.height} pixels`);
  addTerm("copy of", row.duplicate_of);
  addTerm("file is", row.source_state);
  const correction = correctionFor(row);
  if (correction !== null) addTerm("you said", correction === "-" ? "no digit" : isWrong(row) ? correction : "right");
  return list;
}
