"use strict";
// The ticker view: loads a ticker's file when it is asked for, draws it, and says in words what the chart shows.
(() => {
  const MINUS = "\u2212";
  const DASH = "\u2013";
  const MOST_FILLS = 300;
  const DAY = 86400;
  // Of all sessions only the end is drawn at first, where a session is as wide as this.
  const PIXELS_A_SESSION = 6;
  const element = (id) => document.getElementById(id);
  const [choice, stretchChoice] = [element("ticker-choice"), element("stretch-choice")];
  const [summary, slider, detail, fillList] =
    [element("ticker-summary"), element("ticker-session"), element("ticker-detail"), element("ticker-fills")];
  const table = element("ticker-table");
  const rows = Array.from(table.tBodies[0].rows);
  const numbers = new Map(rows.map((row, number) => [row.dataset.name, number]));
  const files = new Map();
  let run = null;
  let chart = null;
  let shown = null;
  // The stretch whose figures the table shows; it comes with those of all sessions.
  let tabled = 0;

  window.stockseqSessions = (sessions) => { run = sessions; };
  window.stockseqTicker = (name, data) => files.set(name, data);

  // What is rounded to nothing has no sign of its own.
  const signed = (text) => text.replace("-", /[1-9]/.test(text) ? MINUS : "");
  const count = (value) => value.toLocaleString("en-US");
  const decimals = (value, digits) =>
    signed(value.toLocaleString("en-US", { minimumFractionDigits: digits, maximumFractionDigits: digits }));
  const plus = (text) => (text.startsWith(MINUS) ? text : `+${text}`);
  const percent = (value, digits = 1) => `${decimals(100 * value, digits)}%`;
  const change = (value, digits = 2) => plus(percent(value, digits));
  // Cents, or four figures of what is cheaper.
  const priceDigits = (value) => (value >= 1 || !value ? 2 : Math.min(8, 3 - Math.floor(Math.log10(value))));
  const price = (value) => decimals(value, priceDigits(value));
  const date = (day) => new Date(day * DAY * 1000).toISOString().slice(0, 10);
  const many = (value, noun) => `${count(value)} ${noun}${value === 1 ? "" : "s"}`;

  function add(parent, tag, text, name) {
    const child = document.createElement(tag);
    if (text !== undefined) child.textContent = text;
    if (name) child.className = name;
    parent.append(child);
    return child;
  }

  // Every session of a ticker: its bar, what was forecast for it, the band of the trade that ends in it, fills, news.
  function readPoints(data) {
    const unit = 10 ** data.places;
    const { bars } = data;
    const points = bars.close.map((close, row) => ({
      row,
      at: data.first + row,
      day: run.days[data.first + row],
      bar: close === null ? null : {
        open: bars.open[row] / unit,
        high: bars.high[row] / unit,
        low: bars.low[row] / unit,
        close: close / unit,
        volume: bars.volume[row] === null ? null : bars.volume[row] * bars.unit,
      },
      forecast: null,
      band: null,
      fills: [],
      news: [],
      hidden: 0,
    }));
    readForecasts(data.forecasts, points);
    const { fills, news } = data;
    fills.at.forEach((at, row) => points[at - data.first].fills.push({
      close: fills.close[row] === 1, shares: fills.shares[row], price: fills.price[row] / unit, cost: fills.cost[row] / 100,
    }));
    const stale = new Set(news.stale);
    news.at.forEach((at, row) => points[at - data.first].news.push({
      text: news.text[row], minute: news.minute[row], stale: stale.has(row),
      tone: news.tone[row] === null ? null : news.tone[row] / 100,
    }));
    for (const [at, n] of news.hidden) points[at - data.first].hidden = n;
    placeBands(points);
    return points;
  }

  function readForecasts(columns, points) {
    const part = (name, row, unit) => {
      const value = columns[name] && columns[name][row];
      return value === undefined || value === null ? null : value / unit;
    };
    columns.probability.forEach((probability, row) => {
      if (probability === null) return;
      points[columns.from + row].forecast = {
        probability: probability / 1e4,
        expected: part("expected", row, 1e5), low: part("low", row, 1e5), high: part("high", row, 1e5),
        realised: part("realised", row, 1e5), rank: part("rank", row, 1), of: part("of", row, 1),
        kind: "out_of_sample", made: "",
      };
    });
    for (const [row, kind, made] of columns.made || []) Object.assign(points[columns.from + row].forecast, { kind, made });
  }

  // The trade is entered at the open; before that is known, the last close stands for it.
  function placeBands(points) {
    let last = null;
    const final = points.findLastIndex((point) => point.bar);
    for (const point of points.slice()) {
      const { forecast } = point;
      const entry = point.bar ? point.bar.open : point.row > final ? last : null;
      if (point.bar) last = point.bar.close;
      if (!forecast || forecast.low === null || forecast.high === null || entry === null) continue;
      const end = point.row + run.horizon;
      while (points.length <= end) points.push(emptyPoint(points));
      points[end].band = { low: entry * (1 + forecast.low), high: entry * (1 + forecast.high) };
      forecast.until = points[end].day;
    }
  }

  // A trade may end after the last session that the run knows of: weekdays stand for those.
  function emptyPoint(points) {
    const before = points[points.length - 1];
    const weekday = (before.day + 4) % 7;
    const day = before.day + (weekday === 5 ? 3 : weekday === 6 ? 2 : 1);
    return { row: points.length, at: before.at + 1, day, bar: null, forecast: null, band: null, fills: [], news: [], hidden: 0 };
  }

  function drawTicker() {
    chart ??= createTickerChart(element("ticker-chart"), select);
    chart.draw(shown.points, priceDigits(shown.points.findLast((point) => point.bar)?.bar.close));
  }

  // Rows of the ticker's points in the chosen stretch, both included; null where it has none.
  function rowsOf(number) {
    const [first, last] = run.stretches[number];
    const start = shown.data.first;
    // What lies after the last session that the run knows belongs to the whole run and to its last year.
    const end = last === run.days.length - 1 ? shown.points.length - 1 : last - start;
    const bounds = [Math.max(first - start, 0), Math.min(end, shown.points.length - 1)];
    return bounds[0] <= bounds[1] ? bounds : null;
  }

  function showRange(from, to) {
    chart.setRange(from - 0.5, to + 1.5);
  }

  function zoom(factor) {
    if (!shown || !shown.rows) return;
    if (factor === 0) {
      showRange(...shown.rows);
      return;
    }
    const { from, to } = chart.range();
    const inside = shown.row >= from && shown.row <= to;
    const centre = inside ? shown.row : (from + to) / 2;
    chart.setRange(centre - (centre - from) * factor, centre + (to - centre) * factor);
  }

  function chooseStretch() {
    const number = Number(stretchChoice.value);
    writeTable(number);
    if (!shown) return;
    shown.rows = rowsOf(number);
    writeSummary(number);
    writeFills();
    slider.disabled = !shown.rows;
    if (!shown.rows) {
      detail.replaceChildren();
      add(detail, "p", "This ticker has no session in this stretch.");
      return;
    }
    const [first, last] = shown.rows;
    const fitting = Math.floor(element("ticker-chart").clientWidth / PIXELS_A_SESSION);
    showRange(number === 0 ? Math.max(first, last - fitting) : first, last);
    [slider.min, slider.max] = [first, last];
    const scored = shown.points.slice(first, last + 1).findLastIndex((point) => point.forecast);
    select(scored < 0 ? last : first + scored);
  }

  function select(row, { moves = false } = {}) {
    const bounded = shown.rows ? Math.min(Math.max(row, shown.rows[0]), shown.rows[1]) : row;
    const point = shown.points[bounded];
    if (!point || (bounded === shown.row && !moves)) return;
    shown.row = bounded;
    slider.value = bounded;
    slider.setAttribute("aria-valuetext", inWords(point));
    writeDetail(point);
    if (!moves) return;
    const { from, to } = chart.range();
    if (bounded < from || bounded > to) {
      const shift = bounded < from ? bounded - from - 2 : bounded - to + 2;
      chart.setRange(from + shift, to + shift);
    }
    chart.mark(point);
  }

  const verdictOf = ({ probability, realised }) => ((probability > 0.5) === (realised > 0) ? "right" : "wrong");

  function inWords(point) {
    const { forecast } = point;
    const parts = [date(point.day)];
    if (forecast) parts.push(`up ${percent(forecast.probability)}`);
    if (forecast && forecast.realised !== null) parts.push(`realised ${change(forecast.realised)}, ${verdictOf(forecast)}`);
    if (point.fills.length) parts.push(many(point.fills.length, "fill"));
    if (point.news.length) parts.push(many(point.news.length + point.hidden, "headline"));
    return parts.join(", ");
  }

  function writeSummary(number) {
    const [n, hits, ups, profit, cost, nFills] = run.figures[number][numbers.get(shown.name)];
    const parts = [n
      ? `${many(n, "scored forecast")}, right ${percent(hits / n)} against a base rate of ${percent(Math.max(ups, n - ups) / n)}`
      : "no scored forecast"];
    if (run.account) {
      parts.push(nFills ? `profit ${plus(decimals(profit, 0))} after costs of ${decimals(cost, 0)}, in ${many(nFills, "fill")}`
        : "no fill");
    }
    const seen = shown.rows ? shown.points.slice(shown.rows[0], shown.rows[1] + 1) : [];
    const news = seen.reduce((sum, point) => sum + point.news.length + point.hidden, 0);
    const hidden = seen.reduce((sum, point) => sum + point.hidden, 0);
    parts.push(`${many(news, "headline")}${hidden ? ` (${count(hidden)} not shown)` : ""}`);
    const span = shown.rows ? `, ${date(seen[0].day)} to ${date(seen[seen.length - 1].day)}` : "";
    summary.textContent = `${shown.data.ticker}${span}: ${parts.join("; ")}.`;
  }

  function writeFills() {
    const points = shown.rows ? shown.points.slice(shown.rows[0], shown.rows[1] + 1).reverse() : [];
    const fills = points.flatMap((point) => point.fills.map((fill) => [point, fill]).reverse());
    fillList.hidden = fills.length === 0;
    fillList.firstElementChild.textContent = many(fills.length, "fill");
    const body = fillList.lastElementChild;
    body.replaceChildren();
    if (!fills.length) return;
    const scroll = add(body, "div", undefined, "scroll");
    Object.assign(scroll, { tabIndex: 0, role: "region", ariaLabel: `Fills of ${shown.data.ticker}` });
    const list = add(scroll, "table");
    if (fills.length > MOST_FILLS) list.dataset.hidden = fills.length - MOST_FILLS;
    const head = add(add(list, "thead"), "tr");
    ["Session", "At the", "Side", "Shares", "Price", "Costs"].forEach((text, column) => {
      add(head, "th", text, column > 2 ? "number" : "").scope = "col";
    });
    const lines = add(list, "tbody");
    for (const [point, fill] of fills.slice(0, MOST_FILLS)) {
      const line = add(lines, "tr");
      add(line, "th", date(point.day)).scope = "row";
      add(line, "td", fill.close ? "close" : "open");
      add(line, "td", fill.shares > 0 ? "buy" : "sell");
      for (const [value, text] of [
        [Math.abs(fill.shares), count(Math.abs(fill.shares))], [fill.price, price(fill.price)], [fill.cost, decimals(fill.cost, 2)],
      ]) add(line, "td", text, "number").dataset.sort = value;
    }
    if (fills.length > MOST_FILLS) {
      add(body, "p", `${count(fills.length - MOST_FILLS)} older fills are not shown here; all are in the run's fills.parquet.`, "note");
    }
  }

  const MADE = {
    out_of_sample: () => "",
    live: (made) => `Made live at ${made}.`,
    late: (made) => `Made at ${made}, after the open: it never counts.`,
    next: (made) => `The next session's forecast, made at ${made}.`,
    next_late: (made) => `Made at ${made}, after the open: it never counts.`,
  };

  function writeDetail(point) {
    const { forecast, bar } = point;
    const fold = run.stretches.find(([first, last, name]) => name.startsWith("Fold ") && point.at >= first && point.at <= last);
    detail.replaceChildren();
    add(detail, "h3", [date(point.day), fold ? fold[2].split(":")[0].toLowerCase() : ""].filter(Boolean).join(", "));
    const list = add(detail, "dl");
    const entry = (name, value) => {
      const pair = add(list, "div");
      add(pair, "dt", name);
      add(pair, "dd", value);
    };
    if (forecast) {
      entry("Probability of up", percent(forecast.probability));
      entry("Expected", forecast.expected === null ? DASH : change(forecast.expected));
      if (forecast.low !== null) entry("80% between", `${change(forecast.low, 1)} and ${change(forecast.high, 1)}`);
      if (forecast.rank !== null) entry("Rank", `${count(forecast.rank)} of ${count(forecast.of)}`);
      entry("Realised", forecast.realised === null ? "not known yet" : `${change(forecast.realised)}, ${verdictOf(forecast)}`);
    }
    if (bar) {
      entry("Open to close", `${price(bar.open)} to ${price(bar.close)}`);
      entry("Low to high", `${price(bar.low)} to ${price(bar.high)}`);
      entry("Volume", bar.volume === null ? DASH : count(bar.volume));
    }
    if (!forecast) add(detail, "p", "No forecast was made for this session.", "note");
    else if (run.horizon > 0 && forecast.until) add(detail, "p", `Its trade ends at the open of ${date(forecast.until)}.`, "note");
    if (forecast && MADE[forecast.kind](forecast.made)) add(detail, "p", MADE[forecast.kind](forecast.made), "note");
    for (const fill of point.fills) {
      add(detail, "p", `${fill.shares > 0 ? "Bought" : "Sold"} ${count(Math.abs(fill.shares))} at ${price(fill.price)}, `
        + `at the ${fill.close ? "close" : "open"}; costs ${decimals(fill.cost, 2)}.`);
    }
    writeHeadlines(point);
  }

  function writeHeadlines(point) {
    if (!point.news.length && !point.hidden) {
      add(detail, "p", "No headline was new to this decision.", "note");
      return;
    }
    const list = add(detail, "ul", undefined, "headlines");
    for (const item of point.news) {
      const line = add(list, "li");
      const tone = item.tone === null || Math.abs(item.tone) < 0.05 ? "" : item.tone > 0 ? " up" : " down";
      add(line, "span", item.tone === null ? DASH : decimals(item.tone, 2), `tone${tone}`);
      const words = add(line, "span");
      add(words, "bdi", item.text);
      const at = new Date((point.day * 1440 + item.minute) * 60000).toISOString();
      words.append(" ");
      add(words, "time", `${at.slice(0, 10)} ${at.slice(11, 16)} UTC${item.stale ? ", seen too late for this decision" : ""}`);
    }
    if (point.hidden) add(list, "li", `${many(point.hidden, "more headline")} of this session ${point.hidden === 1 ? "is" : "are"} not shown here.`, "note");
  }

  function writeTable(number) {
    if (number === tabled) return;
    tabled = number;
    for (const [position, row] of rows.entries()) {
      const [n, hits, ups, profit, cost, nFills] = run.figures[number][position];
      const base = Math.max(ups, n - ups) / n;
      const record = [
        n ? [hits / n, percent(hits / n)] : ["", DASH],
        n ? [base, percent(base)] : ["", DASH],
        [n, count(n)],
      ];
      const earned = profit || nFills ? [profit, plus(decimals(profit, 0))] : ["", DASH];
      const values = run.account ? [earned, ...record, [cost, decimals(cost, 0)], [nFills, count(nFills)]] : record;
      values.forEach(([sort, text], column) => {
        const cell = row.cells[column + 1];
        cell.dataset.sort = sort;
        cell.textContent = text;
      });
    }
    sortAgain();
  }

  // A table that the reader has sorted stays so when its figures change; what is missing stays last.
  function sortAgain() {
    const orders = Array.from(table.tHead.rows[0].cells, (head) => head.getAttribute("aria-sort"));
    const column = orders.findIndex((order) => order);
    if (column < 1) return;
    const sign = orders[column] === "descending" ? -1 : 1;
    const value = (row) => row.cells[column].dataset.sort;
    const present = rows.filter((row) => value(row) !== "").sort((a, b) => sign * (value(a) - value(b)));
    table.tBodies[0].append(...present, ...rows.filter((row) => value(row) === ""));
  }

  async function show(name) {
    choice.value = name;
    for (const row of rows) row.classList.toggle("chosen", row.dataset.name === name);
    const label = choice.selectedOptions[0].textContent;
    summary.textContent = `Loading ${label}\u2026`;
    try {
      await Promise.all(["lightweight-charts.js", "tickers/sessions.js", `tickers/${name}.js`].map(loadScript));
      // Somebody may have chosen another one meanwhile.
      if (choice.value !== name) return;
      shown = { name, data: files.get(name), points: readPoints(files.get(name)), rows: null, row: -1 };
      drawTicker();
      chooseStretch();
      await new Promise(requestAnimationFrame);
    } catch (error) {
      summary.textContent = `The chart of ${label} can't be drawn: ${error.message}`;
    }
  }

  const ask = (name) => goesFirst(show(name));

  choice.addEventListener("change", () => ask(choice.value));
  stretchChoice.addEventListener("change", () => {
    if (run) chooseStretch();
    if (!shown) ask(choice.value);
  });
  slider.addEventListener("input", () => select(Number(slider.value), { moves: true }));
  for (const button of document.querySelectorAll("[data-zoom]")) {
    button.addEventListener("click", () => zoom(Number(button.dataset.zoom)));
  }
  element("ticker-chart").addEventListener("wheel", (event) => {
    if (!event.ctrlKey) return;
    event.preventDefault();
    zoom(event.deltaY > 0 ? 1.25 : 0.8);
  }, { passive: false });
  for (const row of rows) {
    row.querySelector("button").addEventListener("click", () => {
      ask(row.dataset.name);
      element("tickers").scrollIntoView();
      slider.focus({ preventScroll: true });
    });
  }
  window.matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => chart && chart.paint());
  whenNear([element("ticker-chart")], () => { if (!shown) ask(choice.value); });
})();
