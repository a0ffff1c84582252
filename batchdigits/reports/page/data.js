"use strict";
// What the page shows: `about` is said at the top, `rows` are the scans, the least certain first.
// All text goes into the page as text: names of files come from outside.

const data = JSON.parse(document.getElementById("data").textContent);
const about = data.about;
const rows = data.rows.map((cells) => {
  const row = {};
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
const formatReason = (reason) => reason.replaceAll("_", " ");
