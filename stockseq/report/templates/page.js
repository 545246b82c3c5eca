"use strict";
// Draws each figure in the page's colours when it comes near, and opens every fold for printing.

// By element: the script that holds a figure, and the figure once it is read.
const figures = new Map();
const scripts = new Map();
const NEAR = "400px 0px";
// What somebody asked for, before which no figure that merely comes near is drawn.
let asked = Promise.resolve();

function goesFirst(task) {
  asked = task;
}

// A script beside the page, loaded once.
function loadScript(path) {
  if (!scripts.has(path)) {
    scripts.set(path, new Promise((resolve, reject) => {
      const script = document.createElement("script");
      script.src = path;
      script.addEventListener("load", resolve);
      script.addEventListener("error", () => reject(new Error(`${path} is missing next to this page.`)));
      document.head.append(script);
    }));
  }
  return scripts.get(path);
}

// Calls back once for each element, when it is near to what is seen.
function whenNear(elements, act) {
  if (!("IntersectionObserver" in window)) {
    for (const element of elements) act(element);
    return;
  }
  const observer = new IntersectionObserver((entries) => {
    for (const entry of entries.filter((item) => item.isIntersecting)) {
      observer.unobserve(entry.target);
      act(entry.target);
    }
  }, { rootMargin: NEAR });
  for (const element of elements) observer.observe(element);
}

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

function draw(target) {
  const figure = figures.get(target);
  figure.content ??= JSON.parse(figure.script.textContent);
  const { data, layout } = coloured(figure.content, "");
  Plotly.react(target, data, layout, { responsive: true, displayModeBar: false });
}

async function drawWhenLoaded(target) {
  try {
    await loadScript("plotly.min.js");
    draw(target);
  } catch (error) {
    target.textContent = `This figure can't be drawn: ${error.message}`;
  }
}

async function drawNear(target) {
  // What comes near in the same moment may ask for something first.
  await new Promise((done) => setTimeout(done));
  await asked;
  drawWhenLoaded(target);
}

function drawAll() {
  return Promise.all(Array.from(figures.keys(), drawWhenLoaded));
}

function redraw() {
  for (const [target, figure] of figures) {
    if (figure.content) draw(target);
  }
}

function readFigures() {
  for (const script of document.querySelectorAll("script[data-plot]")) {
    figures.set(document.getElementById(script.dataset.plot), { script, content: null });
  }
}

function allDrawn() {
  return Array.from(figures.values()).every((figure) => figure.content);
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
  if (starting && window.Plotly) figures.forEach((figure, target) => figure.content || draw(target));
  else if (starting && figures.size) drawAll();
  redraw();
}

// A browser doesn't wait for what printing asks for, so what isn't drawn yet is drawn before it is asked.
function printWhenDrawn(event) {
  if (!(event.ctrlKey || event.metaKey) || event.key.toLowerCase() !== "p" || allDrawn()) return;
  event.preventDefault();
  drawAll().then(() => window.print());
}

readFigures();
whenNear(figures.keys(), drawNear);
window.matchMedia("(prefers-color-scheme: dark)").addEventListener("change", redraw);
window.addEventListener("keydown", printWhenDrawn);
window.addEventListener("beforeprint", () => print(true));
window.addEventListener("afterprint", () => print(false));
