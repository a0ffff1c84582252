// Charts of what is in doubt, in amber and on top, and of what is sure or checked.

// Digits: counts are alike, so bars stand on each other.
function addDigitBars(parent, settled, doubtful) {
  const totals = settled.map((count, digit) => count + doubtful[digit]);
  const highest = Math.max(1, ...totals);
  const bars = makeChart("Digits read", totals.map((total, digit) => describeBar(digit, settled[digit], doubtful[digit])));
  totals.forEach((total, digit) => {
    const column = add(make("div"), make("span", formatCount(total)));
    column.title = describeBar(digit, settled[digit], doubtful[digit]);
    add(column, makeBar(doubtful[digit] / highest, 74, "doubt"), makeBar(settled[digit] / highest, 74));
    add(bars, column);
  });
  add(parent, makeLegend(), bars);
  addAxis(parent, DIGITS, true);
}
// Confidences: nearly all are in the last bin, so the scale is logarithmic, and each kind has its own strip.
function addConfidenceBars(parent, { settled, doubtful }) {
  const step = 100 / settled.length, highest = Math.max(9, ...settled, ...doubtful);
  const heightOf = (count) => Math.log1p(count) / Math.log1p(highest);
  const names = settled.map((_, index) => `${index * step} to ${(index + 1) * step} %`);
  add(parent, makeLegend());
  for (const [counts, className] of [[doubtful, "doubt"], [settled, ""]]) {
    const what = className ? "in doubt" : "sure or checked";
    const strip = makeChart(`How sure: ${what}`, counts.map((count, index) => `${names[index]}: ${formatCount(count)}`).filter((_, index) => counts[index]));
    strip.classList.add("strip");
    for (let power = 1; power <= highest; power *= 10) {
      const line = make("span", formatCount(power), "line");
      line.style.bottom = `${100 * heightOf(power)}%`;
      if (power > 1 || highest < 100) add(strip, line);
    }
    counts.forEach((count, index) => {
      const column = add(make("div"), makeBar(heightOf(count), 100, className));
      column.title = `${names[index]}: ${formatCount(count)} ${what}`;
      add(strip, column);
    });
    add(parent, strip);
  }
  addAxis(parent, ["0 %", "50 %", "100 %"]);
}
function makeChart(name, descriptions) {
  const bars = make("div", undefined, "bars");
  bars.setAttribute("role", "img");
  bars.setAttribute("aria-label", `${name}. ${descriptions.join("; ") || "none"}`);
  return bars;
}
function makeBar(share, percent, className = "") {
  const bar = make("i", undefined, share ? className : "");
  bar.style.height = `${percent * share}%`;
  if (!share) bar.hidden = true;
  return bar;
}
const describeBar = (name, settled, doubtful) => `${name}: ${formatCount(settled + doubtful)}${doubtful ? `, ${formatCount(doubtful)} of them in doubt` : ""}`;
const makeLegend = () => add(make("p", undefined, "legend"), make("i", undefined, "doubt"), "in doubt ", make("i"), "sure or checked");
function addAxis(parent, labels, isCentred) {
  const axis = make("div", undefined, "axis");
  axis.setAttribute("aria-hidden", "true");
  for (const label of labels) {
    const span = make("span", label);
    if (isCentred) { span.style.flex = "1"; span.style.textAlign = "center"; }
    axis.append(span);
  }
  add(parent, axis);
}
