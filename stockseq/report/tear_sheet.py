"""The tear sheet of a page: an account month by month beside buy and hold, as tables, a heat map and figures."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import groupby
from typing import Any

import pandas as pd

from stockseq.backtest.tear_sheet import (
    BENCHMARK,
    STRATEGY,
    Drawdown,
    Period,
    TearSheet,
    build_tear_sheet,
    compute_rolling,
    rolling_window,
)
from stockseq.dataset.labels import OPEN_TO_CLOSE, parse_label
from stockseq.plots.rolling import plot_rolling_beta, plot_rolling_sharpe
from stockseq.report import format as wording
from stockseq.report.figure import Figure
from stockseq.report.run import RunReport
from stockseq.report.tables.heat import HeatCell, HeatMap, heat_cell
from stockseq.report.tables.table import Cell, Table, cell
from stockseq.report.text import tear_sheet as text

MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
MOST_TICKERS = 250


@dataclass(frozen=True)
class TearSheetView:
    """The parts of the sheet that the run's span is long enough for, None or empty where it is not.

    `readings` says how to read them.
    """

    months: HeatMap | None
    benchmark_months: HeatMap | None
    months_sentence: str
    periods: Table
    years: Table | None
    drawdowns: Table | None
    benchmark_drawdowns: Table | None
    rolling: Sequence[Figure]
    stake: str
    sides: Table | None
    tickers: Table | None
    missing: str
    readings: Mapping[str, str]


def build_view(run: RunReport) -> TearSheetView | None:
    """Return the tear sheet of a run, or None where it simulated no trading or for two sessions at most."""
    if run.equity is None or STRATEGY not in run.equity:
        return None
    curves = run.equity[[name for name in (STRATEGY, BENCHMARK) if name in run.equity]].astype(float).dropna()
    if len(curves) < 3:
        return None
    at_close = parse_label(str(run.settings.get("label", OPEN_TO_CLOSE))) == 0
    moves = None if run.out_of_sample is None or not at_close else run.out_of_sample["realised_return"]
    sheet = build_tear_sheet(curves, balances=run.balances, attribution=run.attribution, moves=moves)
    several = len(sheet.months) > 1
    return TearSheetView(
        months=months_map(sheet, "growth") if several else None,
        benchmark_months=months_map(sheet, "benchmark") if several and BENCHMARK in curves else None,
        months_sentence=text.months_sentence(sheet.months),
        periods=periods_table(sheet.months, "Month", "%Y-%m"),
        years=periods_table(sheet.years, "Year", "%Y") if len(sheet.years) > 1 else None,
        drawdowns=drawdowns_table(sheet.drawdowns, "Buy and hold meanwhile"),
        benchmark_drawdowns=drawdowns_table(sheet.benchmark_drawdowns, "Strategy meanwhile"),
        rolling=_rolling(curves, cash_rate=_cash_rate(run)),
        stake=text.stake_sentence(sheet.stakes),
        sides=sides_table(sheet) if sheet.sides else None,
        tickers=tickers_table(sheet),
        missing=text.missing_sentence(sheet),
        readings={
            "months": text.MONTHS,
            "periods": text.PERIODS,
            "drawdowns": text.DRAWDOWNS,
            "sides": text.sides_reading(at_close=at_close),
            "tickers": text.TICKERS,
        },
    )


def months_map(sheet: TearSheet, measure: str) -> HeatMap:
    """Return the growth of each month, a row a year, with the year's own and the other account's.

    Parameters
    ----------
    sheet : TearSheet
    measure : "growth" or "benchmark"
        Whose months are shown.
    """
    other = "benchmark" if measure == "growth" else "growth"
    has_other = all(getattr(year, other) is not None for year in sheet.years)
    reach = max(abs(getattr(month, measure)) for month in sheet.months)
    by_year = {year: list(months) for year, months in groupby(sheet.months, key=lambda month: month.first.year)}
    rows = []
    for year in sheet.years:
        months = {month.first.month: month for month in by_year[year.first.year]}
        cells = [_month_cell(months.get(number), measure, reach) for number in range(1, 13)]
        totals = [getattr(year, measure), *([getattr(year, other)] if has_other else [])]
        rows.append((f"{year.first:%Y}", [*cells, *(_total(value) for value in totals)]))
    beside = ["Buy and hold" if measure == "growth" else "Strategy"] if has_other else []
    return HeatMap("Year", [*MONTHS, "Year", *beside], rows, wording.percent(reach))


def periods_table(periods: Sequence[Period], head: str, pattern: str) -> Table:
    """Return growth beside buy and hold's, exposure, turnover and cost, a row a period, the newest first."""

    def signed(value: Any) -> str:
        return wording.percent(value, signed=True)

    rows = [
        [
            Cell(f"{period.first.strftime(pattern)}{'' if period.is_whole else ' (part)'}", period.first.isoformat()),
            cell(period.growth, signed),
            cell(period.benchmark, signed),
            cell(None if period.benchmark is None else period.growth - period.benchmark, _points),
            cell(period.gross, wording.percent),
            cell(period.net, signed),
            cell(period.turnover, lambda value: wording.percent(value, digits=0)),
            cell(period.cost, lambda value: wording.percent(value, digits=2)),
            cell(period.n_sessions, wording.count),
        ]
        for period in reversed(periods)
    ]
    heads = (head, "Strategy", "Buy and hold", "Ahead by", "Gross", "Net", "Turnover", "Costs", "Sessions")
    return Table(heads, rows).split_blank()[0]


def drawdowns_table(falls: Sequence[Drawdown], other: str) -> Table | None:
    """Return the deepest falls with their dates and length, or None where there was none."""
    rows = [
        [
            Cell(str(number), number),
            cell(fall.depth, wording.percent),
            _date(fall.peak),
            _date(fall.lowest),
            Cell("not yet", "9999") if fall.recovered is None else _date(fall.recovered),
            cell(fall.n_sessions, wording.count),
            cell(fall.other, lambda value: wording.percent(value, signed=True)),
        ]
        for number, fall in enumerate(falls, start=1)
    ]
    heads = ("Rank", "Depth", "Peak", "Lowest", "Recovered", "Length, sessions", other)
    return Table(heads, rows).split_blank()[0] if rows else None


def sides_table(sheet: TearSheet) -> Table:
    """Return what each side earned and the interest of the account, which add up to its profit."""
    rows = [
        [
            cell(wording.label(side.side)),
            # What there was none of, as of dividends on a simulated market, needs no column of zeros.
            *(cell(amount or None, _money) for amount in (side.price, side.dividends, -side.borrow, -side.cost)),
            cell(side.profit, _money),
            cell(side.n_held, wording.count),
            cell(side.hit_rate, wording.percent),
            cell(side.base_rate, wording.percent),
        ]
        for side in sheet.sides
    ]
    rest = {"Interest on cash": sheet.interest or None, "The account": sheet.profit}
    for name, amount in rest.items():
        if amount is not None:
            rows.append([cell(name), *[cell(None)] * 4, cell(amount, _money), *[cell(None)] * 3])
    heads = ("Side", "Price moves", "Dividends", "Borrow fees", "Costs", "Profit", "Held", "Gained", "Base rate")
    return Table(heads, rows).split_blank()[0]


def tickers_table(sheet: TearSheet) -> Table | None:
    """Return what each ticker earned, the best first, or None where the run kept no such thing."""
    rows = [
        [
            cell(row.ticker),
            cell(row.profit, _money),
            cell(row.long, _money),
            cell(row.short, _money),
            cell(-row.cost, _money),
            cell(row.n_held, wording.count),
            cell(row.benchmark, _money),
        ]
        for row in sheet.tickers
    ]
    heads = ("Ticker", "Profit", "Long", "Short", "Costs", "Sessions held", "Buy and hold")
    return Table(heads, rows[:MOST_TICKERS], max(0, len(rows) - MOST_TICKERS)) if rows else None


def _rolling(curves: pd.DataFrame, *, cash_rate: float) -> list[Figure]:
    """Return the rolling Sharpe ratio and beta, or nothing of an account too short for them."""
    window = rolling_window(len(curves) - 1) if BENCHMARK in curves else None
    if window is None:
        return []
    rolling = compute_rolling(curves, window=window, cash_rate=cash_rate)
    if rolling["beta"].notna().sum() < 2:
        return []
    return [
        Figure(
            name="rolling-sharpe",
            title=f"Sharpe ratio over {window} sessions",
            plot=plot_rolling_sharpe(rolling),
            reading=text.sharpe_reading(window),
            summary=text.sharpe_summary(rolling, window),
        ),
        Figure(
            name="rolling-beta",
            title=f"Beta over {window} sessions",
            plot=plot_rolling_beta(rolling),
            reading=text.BETA,
            summary=text.beta_summary(rolling, window),
        ),
    ]


def _cash_rate(run: RunReport) -> float:
    costs = run.settings.get("costs")
    rate = wording.finite(costs.get("cash_rate")) if isinstance(costs, dict) else None
    return rate or 0.0


def _month_cell(month: Period | None, measure: str, reach: float) -> HeatCell:
    if month is None:
        return heat_cell(None, reach=reach, write=str)
    value = getattr(month, measure)
    shown = wording.number(100 * value, digits=1, signed=True)
    written = shown if month.is_whole else f"({shown})"
    note = "" if month.is_whole else f"{month.n_sessions} sessions: not a whole month"
    return heat_cell(value, reach=reach, write=lambda _: written, note=note)


def _total(value: float) -> HeatCell:
    return HeatCell(wording.percent(value, signed=True), "none", 0, value)


def _date(day: date) -> Cell:
    return Cell(day.isoformat(), pd.Timestamp(day).isoformat())


def _points(value: float) -> str:
    return f"{wording.points(value)} pts"


def _money(value: float) -> str:
    return wording.number(value, digits=0, signed=abs(value) >= 0.5)
