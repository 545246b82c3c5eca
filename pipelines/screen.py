"""What a person reads in the terminal: one screen at the end of a run."""

from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd
from rich.markup import escape
from rich.table import Table

from pipelines.context import console
from pipelines.ingest import Ingested
from stockseq.sessions import TradingCalendar

if TYPE_CHECKING:
    from pipelines.daily import Daily

STATUS_WORDS = {"updated": "updated", "nothing_new": "nothing new", "unknown": "unknown or delisted", "failed": "failed"}


def show_outcomes(ingested: Ingested) -> None:
    """One line a status, and one a ticker that did not end well."""
    counts = Counter(outcome.status for outcome in ingested.outcomes.values())
    console.print("Fetched: " + ", ".join(f"{counts[status]} {words}" for status, words in STATUS_WORDS.items() if counts[status]))
    for outcome in ingested.outcomes.values():
        if outcome.status in ("unknown", "failed"):
            retry = f"; try again after {outcome.retry_at:%Y-%m-%d %H:%M UTC}" if outcome.retry_at is not None else ""
            console.print(f"  [yellow]{escape(outcome.ticker)}[/yellow] {STATUS_WORDS[outcome.status]}: {escape(outcome.reason)}{retry}")
    n_dropped = sum(drop.n_rows for drop in ingested.dropped)
    if n_dropped:
        reasons = Counter()
        for drop in ingested.dropped:
            reasons[f"{drop.stage}: {drop.reason}"] += drop.n_rows
        console.print(f"Left out: {n_dropped} rows (" + "; ".join(f"{n} {escape(reason)}" for reason, n in reasons.most_common(5)) + ")")


def show_daily(daily: "Daily", *, n_new: int, calendar: TradingCalendar, now: pd.Timestamp) -> None:
    """The next session's forecasts, the model's record beside its base rate, the live record, and what to do next."""
    outlook = daily.outlook
    opens_at = calendar.schedule.loc[outlook.session, "open"]
    table = Table(title=f"Forecasts for {outlook.session.date()} (opens {opens_at.tz_convert(calendar.timezone):%H:%M %Z})", title_justify="left")
    for name, justify in (("Ticker", "left"), ("P(up)", "right"), ("Expected", "right"), ("Headlines it has read", "left")):
        table.add_column(name, justify=justify)
    texts = daily.headlines.groupby("ticker")["text"].agg(list).to_dict()
    for row in daily.table.sort_values("probability_up", ascending=False).itertuples():
        read = texts.get(row.ticker, [])
        news = read[0][:60] + (f"  (+{len(read) - 1})" if len(read) > 1 else "") if read else "none"
        table.add_row(escape(row.ticker), f"{100 * row.probability_up:.1f} %", f"{10_000 * row.expected_return:+.1f} bp", escape(news))
    console.print(table)
    for ticker, reason in outlook.refused.items():
        console.print(f"  [yellow]No forecast for {escape(ticker)}[/yellow]: {escape(reason)}")
    if daily.late:
        console.print(
            "[yellow]Late:[/yellow] this session has opened, so these forecasts are marked late and never count in the live record."
        )
    console.print(f"Model {daily.champion.model_id}, trained through {daily.champion.trained_through.date()}. Out of sample: {record_line(daily.champion.record)}")
    console.print(f"Live: {record_line(daily.live)}" + (f" {daily.live['n_late']} late ones are left out." if daily.live.get("n_late") else ""))
    console.print(f"Ledger: {n_new} new forecasts" if n_new else "Ledger: these forecasts stand there already; nothing was added.")
    show_page(daily.folder)


def record_line(scores: Mapping[str, Any]) -> str:
    """Return accuracy with its interval, base rate and count in one sentence.

    Examples
    --------
    >>> record_line({"n": 0})
    'no scored forecast yet.'
    """
    if scores.get("accuracy") is None:
        n = scores.get("n", 0)
        return f"{n} forecasts of one session are scored; two sessions make a record." if n else "no scored forecast yet."
    interval = scores.get("accuracy_ci")
    reach = f" [{100 * interval[0]:.1f}, {100 * interval[1]:.1f}]" if interval else ""
    return (
        f"accuracy {100 * scores['accuracy']:.1f} %{reach} beside a base rate of {100 * scores['base_rate']:.1f} %, "
        f"{scores['n']} forecasts of {scores['n_sessions']} sessions."
    )


def show_page(folder: Path) -> None:
    console.print(f"Page: {folder / 'report' / 'index.html'}")


def show_models(models: pd.DataFrame) -> None:
    """List every model with its numbers."""
    table = Table(title="Models", title_justify="left")
    for name in ("Model", "State", "Trained through", "Out of sample"):
        table.add_column(name)
    for row in models.itertuples():
        table.add_row(row.model_id, row.state, str(row.trained_through.date()), record_line(row.metrics))
    console.print(table)


def show_backtest(metrics: Mapping[str, Any], folder: Path) -> None:
    """The record beside base rate, baselines and optimum, the money beside benchmarks, and where the page is."""
    table = Table(title="Out of sample", title_justify="left")
    for name in ("Forecast", "Accuracy", "95 % interval", "Log loss", "IC"):
        table.add_column(name, justify="left" if name == "Forecast" else "right")
    scored = {"stockseq": metrics["forecast"], **metrics["baselines"]}
    for name, scores in scored.items():
        interval = scores["accuracy_ci"]
        table.add_row(
            name.replace("_", " "),
            f"{100 * scores['accuracy']:.1f} %",
            f"{100 * interval[0]:.1f} to {100 * interval[1]:.1f} %" if interval else "",
            f"{scores['log_loss']:.4f}",
            "" if scores["ic"] is None else f"{scores['ic']:+.3f}",
        )
    if metrics["optimum"]:
        best = metrics["optimum"]
        table.add_row("the optimum of this market", f"{100 * best['accuracy']:.1f} %", "", f"{best['log_loss']:.4f}", f"{best['ic']:+.3f}")
    console.print(table)
    console.print(record_line(metrics["forecast"]).capitalize())
    money = Table(title="After costs", title_justify="left")
    for name in ("", "CAGR", "Sharpe", "Max drawdown", "Turnover a session"):
        money.add_column(name, justify="left" if not name else "right")
    for name, figures in {"stockseq": metrics["portfolio"], **metrics["benchmarks"]}.items():
        money.add_row(
            name.replace("_", " "),
            f"{100 * figures['cagr']:.1f} %",
            "" if figures["sharpe"] is None else f"{figures['sharpe']:.2f}",
            f"{100 * figures['max_drawdown']:.1f} %",
            f"{figures['turnover']:.2f}",
        )
    console.print(money)
    show_page(folder)
