"use strict";
// Draws the figures in the page's colours and opens every fold for printing.

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
window.matchMedia("(prefers-color-scheme: dark)").addEventListener("change", draw);
window.addEventListener("beforeprint", () => print(true));
window.addEventListener("afterprint", () => print(false));
