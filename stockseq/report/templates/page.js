"use strict";
// Draws the figures in the page's colours, makes tables sortable and opens every fold for printing.

const drawn = [];

function colour(name) {
  return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
}

// Figures name CSS properties such as "--strategy" wherever a colour stands.
function coloured(value, key) {
  // Only a scale holds its colours in lists; other lists hold texts of others.
  if (Array.isArray(value)) return value.map((item) => coloured(item, key === "colorscale" ? key : ""));
  if (value !== null && typeof value === "object") {
    return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, coloured(item, name)]));
  }
  return typeof value === "string" && value.startsWith("--") && /color(scale)?$/.test(key) ? colour(value) : value;
}

function draw() {
  for (const { target, figure } of drawn) {
    const { data, layout } = coloured(figure, "");
    Plotly.react(target, data, layout, { responsive: true, displayModeBar: false });
  }
}

function readFigures() {
  for (const script of document.querySelectorAll("script[data-plot]")) {
    drawn.push({ target: document.getElementById(script.dataset.plot), figure: JSON.parse(script.textContent) });
  }
}

function sortValue(row, column) {
  const text = row.cells[column].dataset.sort;
  const number = Number(text);
  return text === "" || Number.isNaN(number) ? text : number;
}

function compare(left, right) {
  // Missing values stay last in either direction; the caller turns the sign.
  if (typeof left === "number" && typeof right === "number") return left - right;
  return String(left).localeCompare(String(right));
}

function sortBy(table, column, descending) {
  const body = table.tBodies[0];
  const rows = Array.from(body.rows).map((row) => ({ row, value: sortValue(row, column) }));
  const present = rows.filter((item) => item.value !== "");
  present.sort((a, b) => compare(a.value, b.value) * (descending ? -1 : 1));
  body.append(...present.map((item) => item.row), ...rows.filter((item) => item.value === "").map((item) => item.row));
}

function makeSortable(table) {
  if (table.tBodies[0].rows.length < 3) return;
  Array.from(table.tHead.rows[0].cells).forEach((head, column) => {
    const button = document.createElement("button");
    button.type = "button";
    button.append(...head.childNodes);
    head.append(button);
    button.addEventListener("click", () => {
      const descending = head.getAttribute("aria-sort") !== "descending";
      for (const other of table.tHead.rows[0].cells) other.removeAttribute("aria-sort");
      head.setAttribute("aria-sort", descending ? "descending" : "ascending");
      sortBy(table, column, descending);
    });
  });
}

function print(starting) {
  document.documentElement.classList.toggle("printing", starting);
  for (const fold of document.querySelectorAll("details")) {
    if (starting) {
      fold.dataset.wasOpen = fold.open;
      fold.open = true;
    } else {
      fold.open = fold.dataset.wasOpen === "true";
    }
  }
  draw();
}

readFigures();
draw();
document.querySelectorAll("table").forEach(makeSortable);
window.matchMedia("(prefers-color-scheme: dark)").addEventListener("change", draw);
window.addEventListener("beforeprint", () => print(true));
window.addEventListener("afterprint", () => print(false));
