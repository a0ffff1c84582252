"use strict";
// What the page shows: `about` is said at the top, `rows` are the scans, the least certain first.
// All text goes into the page as text: names of files come from outside.

const data = JSON.parse(document.getElementById("data").textContent);
const about = data.about;
const rows = data.rows.map((cells, number) => {
  const row = { number };
  data.columns.forEach((name, index) => { row[name] = cells[index]; });
  return row;
});
const STATUSES = ["ok", "review", "quarantined", "failed"];
const DIGITS = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9];

// Copies of one scan are one thing.
const keyOf = (row) => `${row.sha256}:${row.page}`;
const labelOf = (row) => row.page === 1 ? row.file : `${row.file} page ${row.page}`;
// What was read, as a correction is written: a digit, or "-" for none.
const readingOf = (row) => row.digit === null ? "-" : String(row.digit);
const nameValue = (value) => value === "-" ? "no digit" : value;

const $ = (id) => document.getElementById(id);
function make(tag, text, className) {
  const element = document.createElement(tag);
  if (text !== undefined && text !== null) element.textContent = text;
  if (className) element.className = className;
  return element;
}
function add(parent, ...children) { parent.append(...children); return parent; }
const formatCount = (number) => number.toLocaleString("en");
// Cut and not rounded, so that 100 % never stands for "nearly".
const formatPercent = (share) => share === null ? "" : `${(Math.floor(share * 1000) / 10).toFixed(1)} %`;
// A moment as the reader writes it, in the reader's own time zone.
function makeTime(text) {
  const format = new Intl.DateTimeFormat(undefined, { dateStyle: "long", timeStyle: "short" });
  const element = make("time", format.format(new Date(text)));
  element.dateTime = element.title = text;
  element.lang = format.resolvedOptions().locale;
  return element;
}
const formatReason = (reason) => reason.replaceAll("_", " ");
