"use strict";
// The chart of a ticker: candles and volume by lightweight-charts; intervals, fills and headlines by layers of our own.
const createTickerChart = (() => {
  const DAY = 86400;
  const COLOURS = ["surface", "quiet", "rule", "muted", "band", "strategy", "down", "second", "optimum", "benchmark"];
  // Read once for each colour scheme, since a chart asks for them at every frame.
  const colours = {};

  // What the library doesn't draw: intervals behind the candles, fills and headlines before them.
  class Layer {
    constructor(values, isEmpty, drawBar) {
      Object.assign(this, { values, isEmpty, drawBar, data: null });
    }

    renderer() { return this; }

    update(data) { this.data = data; }

    priceValueBuilder(item) { return this.values(item.point); }

    isWhitespace(item) { return !item.point || this.isEmpty(item.point); }

    defaultOptions() { return { priceLineVisible: false, lastValueVisible: false, color: "transparent" }; }

    draw(target, toY) {
      const { bars, visibleRange, barSpacing } = this.data;
      if (!visibleRange) return;
      target.useBitmapCoordinateSpace((scope) => {
        const pixels = { x: scope.horizontalPixelRatio, y: scope.verticalPixelRatio };
        for (let number = visibleRange.from; number < visibleRange.to; number += 1) {
          const bar = bars[number];
          this.drawBar(scope.context, bar.originalData.point, {
            x: bar.x * pixels.x, y: (price) => toY(price) * pixels.y, width: barSpacing * pixels.x, ratio: pixels.y,
          });
        }
      });
    }
  }

  function drawBand(context, { band }, { x, y, width }) {
    const [left, right] = [Math.round(x - width / 2), Math.round(x + width / 2)];
    const [top, bottom] = [y(band.high), y(band.low)];
    context.fillStyle = colours.band;
    context.fillRect(left, top, Math.max(right - left, 1), bottom - top);
  }

  function drawMarks(context, point, { x, y, width, ratio }) {
    if (point.news.length) {
      const tones = point.news.map((item) => item.tone).filter((tone) => tone !== null);
      const mean = tones.reduce((sum, tone) => sum + tone, 0) / (tones.length || 1);
      context.fillStyle = colours[Math.abs(mean) < 0.05 ? "second" : mean > 0 ? "strategy" : "down"];
      context.beginPath();
      context.arc(x, 9 * ratio, Math.min(Math.max(0.35 * width, 1.2 * ratio), 4 * ratio), 0, 2 * Math.PI);
      context.fill();
    }
    const size = Math.min(Math.max(0.45 * width, 2 * ratio), 6 * ratio);
    for (const fill of point.fills) {
      const [tip, away] = [y(fill.price), fill.shares > 0 ? 1 : -1];
      context.beginPath();
      context.moveTo(x, tip);
      context.lineTo(x - size, tip + 1.8 * size * away);
      context.lineTo(x + size, tip + 1.8 * size * away);
      context.closePath();
      context.fillStyle = colours[fill.shares > 0 ? "optimum" : "benchmark"];
      context.fill();
      if (width < 9 * ratio) continue;
      context.strokeStyle = colours.surface;
      context.stroke();
    }
  }

  function addSeries(api) {
    const { CandlestickSeries, HistogramSeries } = LightweightCharts;
    const quiet = { priceLineVisible: false, lastValueVisible: false };
    const band = new Layer(({ band: { low, high } }) => [low, high, high], (point) => !point.band, drawBand);
    const marks = new Layer(
      (point) => (point.bar ? [point.bar.low, point.bar.high, point.bar.close] : []),
      (point) => !point.fills.length && !point.news.length, drawMarks);
    // In the order in which they lie above each other.
    const series = {
      band: api.addCustomSeries(band, quiet),
      volume: api.addSeries(HistogramSeries, { ...quiet, priceFormat: { type: "volume" }, priceScaleId: "" }),
      candles: api.addSeries(CandlestickSeries, { ...quiet, borderVisible: false }),
      marks: api.addCustomSeries(marks, quiet),
    };
    series.candles.priceScale().applyOptions({ scaleMargins: { top: 0.1, bottom: 0.2 } });
    series.volume.priceScale().applyOptions({ scaleMargins: { top: 0.85, bottom: 0 } });
    return series;
  }

  // `read` is called with the row that is pointed at or tapped.
  return (container, read) => {
    const still = window.matchMedia("(prefers-reduced-motion: reduce)").matches;
    const api = LightweightCharts.createChart(container, {
      autoSize: true,
      // The page's wheel and finger scroll the page.
      handleScroll: { mouseWheel: false, vertTouchDrag: false },
      handleScale: { mouseWheel: false },
      kineticScroll: { touch: !still, mouse: false },
      localization: { locale: "en-US", timeFormatter: (time) => new Date(time * 1000).toISOString().slice(0, 10) },
      timeScale: { minBarSpacing: 0.1, rightOffset: 2 },
      // Fills stay above their candle.
      hoveredSeriesOnTop: false,
      // The page names the library in words.
      layout: { attributionLogo: false },
    });
    const series = addSeries(api);
    const readEvent = (event, options) => {
      if (event.logical !== undefined && event.point) read(Math.round(event.logical), options);
    };
    // A crosshair that we put somewhere comes without an event of the reader's.
    api.subscribeCrosshairMove((event) => { if (event.sourceEvent) readEvent(event); });
    // A finger leaves no crosshair behind.
    api.subscribeClick((event) => readEvent(event, { moves: true }));

    function paint() {
      for (const name of COLOURS) colours[name] = colour(`--${name}`);
      const { strategy: up, down, rule } = colours;
      api.applyOptions({
        layout: { background: { color: colours.surface }, textColor: colours.quiet,
          fontFamily: getComputedStyle(document.body).fontFamily },
        grid: { vertLines: { color: rule }, horzLines: { color: rule } },
        rightPriceScale: { borderColor: rule },
        timeScale: { borderColor: rule },
      });
      series.candles.applyOptions({ upColor: up, downColor: down, wickUpColor: up, wickDownColor: down });
      series.volume.applyOptions({ color: colours.muted });
    }

    function draw(points, digits) {
      paint();
      const priceFormat = { type: "price", precision: digits, minMove: 10 ** -digits };
      for (const each of [series.candles, series.band, series.marks]) each.applyOptions({ priceFormat });
      const items = points.map((point) => ({ time: point.day * DAY, point }));
      series.band.setData(items);
      series.marks.setData(items);
      series.candles.setData(points.map(({ day, bar }) => ({ time: day * DAY, ...(bar || {}) })));
      series.volume.setData(points.map(({ day, bar }) =>
        (bar && bar.volume !== null ? { time: day * DAY, value: bar.volume } : { time: day * DAY })));
    }

    // Put the crosshair on a session.
    function mark({ day, bar, band }) {
      const price = bar ? bar.close : band ? (band.low + band.high) / 2 : null;
      if (price !== null) api.setCrosshairPosition(price, day * DAY, series.candles);
    }

    const range = () => api.timeScale().getVisibleLogicalRange();
    const setRange = (from, to) => api.timeScale().setVisibleLogicalRange({ from, to });
    return { draw, paint, mark, range, setRange };
  };
})();
