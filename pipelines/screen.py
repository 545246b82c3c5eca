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
from stockseq.errors import counted
from stockseq.evaluate.significance import SIZE
from stockseq.report.text.findings import find, name_words
from stockseq.report.text.verdict import verdict
from stockseq.sessions import TradingCalendar

if TYPE_CHECKING:
    from pipelines.daily import Daily

STATUSES = {
    "updated": "updated",
    "nothing_new": "nothing new",
    "unknown": "unknown or delisted",
    "failed": "failed",
}


def show_outcomes(ingested: Ingested, *, with_page: bool = True) -> None:
    """One line for all tickers, one for each that did not end well, one for what was left out (all, without a page)."""
    counts = Counter(outcome.status for outcome in ingested.outcomes.values())
    told = [f"{n} {words}" for status, words in STATUSES.items() if (n := counts.get(status))]  # type: ignore[call-overload]
    console.print("Fetched: " + ", ".join(told))
    for outcome in ingested.outcomes.values():
        if outcome.status in ("unknown", "failed"):
            retry = "" if outcome.retry_at is None else f"; try again after {outcome.retry_at:%Y-%m-%d %H:%M UTC}"
            name = f"[yellow]{escape(outcome.ticker)}[/yellow]"
            console.print(f"  {name} {STATUSES[outcome.status]}: {escape(outcome.reason)}{retry}")
    reasons: Counter[str] = Counter()
    for drop in ingested.dropped:
        reasons[f"{drop.stage}: {drop.reason}"] += drop.n_rows
    if reasons:
        shown = reasons.most_common(5 if with_page else None)
        most = "; ".join(f"{n} {escape(reason)}" for reason, n in shown)
        console.print(
            f"Left out: {counted(reasons.total(), 'row')} ({most}){'; the page lists all.' if with_page else '.'}"
        )


def show_daily(daily: "Daily", *, n_new: int, calendar: TradingCalendar) -> None:
    """The next session's forecasts, the model's record beside its base rate, the live record, and where the page is."""
    outlook, champion, live = daily.outlook, daily.champion, daily.live
    opens_at = calendar.opens_at(outlook.session).tz_convert(calendar.timezone)
    title = f"Forecasts for {outlook.session.date()}, which opens at {opens_at:%H:%M %Z}"
    table = _table(title, "Ticker", "P(up)", "Expected", "Newest headline read", left=(0, 3))
    texts = daily.headlines.groupby("ticker")["text"].agg(list).to_dict()
    for row in daily.table.sort_values("probability_up", ascending=False).to_dict("records"):
        table.add_row(
            escape(row["ticker"]),
            f"{100 * row['probability_up']:.1f}%",
            f"{10_000 * row['expected_return']:+.0f} bp",
            _news(texts.get(row["ticker"], [])),
        )
    console.print(table)
    for ticker, reason in outlook.refused.items():
        console.print(f"  [yellow]No forecast for {escape(ticker)}[/yellow]: {escape(reason)}")
    for ticker, reason in daily.without_headlines.items():
        console.print(f"  [yellow]{escape(ticker)}[/yellow] is forecast without today's headlines: {escape(reason)}")
    if daily.late:
        console.print(
            "[yellow]Late:[/yellow] this session has opened, so its forecasts are marked late and never count live."
        )
    console.print(f"Model {champion.model_id}, trained through {champion.trained_through.date()}.")
    console.print(f"  Out of sample: {record_line(daily.record)}")
    late = f" {live['n_late']} late forecasts don't count." if live.get("n_late") else ""
    still = f" {live['n_open']} are not scored yet." if live.get("n_open") else ""
    console.print(f"  Live: {record_line(live)}{still}{late}")
    added = f"{counted(n_new, 'new forecast')}." if n_new else "nothing new; these forecasts stand there already."
    console.print(f"Ledger: {added if len(daily.table) else 'no forecast was made.'}")
    show_page(daily.folder)


def show_backtest(metrics: Mapping[str, Any], folder: Path) -> None:
    """The record beside base rate, baselines and optimum, the money beside benchmarks, and where the page is."""
    table = _table("Out of sample", "", "Accuracy", "95% interval", "Log loss", "IC", "Model less it")
    for name, scores in {"stockseq": metrics["forecast"], **metrics["baselines"]}.items():
        low, high = scores["accuracy_ci"]
        table.add_row(
            name_words(name),
            f"{100 * scores['accuracy']:.1f}%",
            f"{100 * low:.1f} to {100 * high:.1f}%",
            f"{scores['log_loss']:.4f}",
            _number(scores["ic"], "+.3f"),
            _paired(metrics["comparisons"].get(name)),
        )
    if metrics["optimum"]:
        best = metrics["optimum"]
        accuracy, log_loss = f"{100 * best['accuracy']:.1f}%", f"{best['log_loss']:.4f}"
        table.add_row("optimum, expected", accuracy, "", log_loss, "", "")
    console.print(table)
    console.print("[dim]* beyond noise, after Holm's correction for the number of baselines[/dim]")
    money = _table("After costs", "", "CAGR", "Sharpe", "Drawdown", "Turnover", "Fills")
    for name, figures in {"stockseq": metrics["portfolio"], **metrics["benchmarks"]}.items():
        money.add_row(
            name_words(name),
            _number(figures["cagr"], ".1%"),
            _number(figures["sharpe"], ".2f"),
            _number(figures["max_drawdown"], ".1%"),
            _number(figures["turnover"], ".2f"),
            f"{figures['n_fills']:,}",
        )
    console.print(money)
    console.print(escape(verdict(metrics["forecast"])))
    for sentence in find(metrics):
        console.print(f"  {escape(sentence)}")
    show_page(folder)


def show_models(models: pd.DataFrame) -> None:
    """List every model with its numbers."""
    table = Table(title="Models", title_justify="left")
    for name in ("Model", "State", "Trained through", "Out of sample"):
        table.add_column(name)
    for row in models.to_dict("records"):
        table.add_row(row["model_id"], row["state"], str(row["trained_through"].date()), record_line(row["metrics"]))
    console.print(table)


def show_page(folder: Path) -> None:
    """Where to look."""
    console.print(f"Page: {folder / 'report' / 'index.html'}")


def record_line(scores: Mapping[str, Any]) -> str:
    """Return accuracy with its interval, base rate and count in one sentence.

    Examples
    --------
    >>> record_line({"n": 0})
    'no scored forecast yet.'
    """
    if scores.get("accuracy") is None:
        n = scores.get("n", 0)
        return (
            f"{counted(n, 'forecast')} of one session; two sessions make a record." if n else "no scored forecast yet."
        )
    low, high = scores["accuracy_ci"]
    return (
        f"accuracy {100 * scores['accuracy']:.1f}% [{100 * low:.1f}, {100 * high:.1f}] beside a base rate of "
        f"{100 * scores['base_rate']:.1f}%, {scores['n']:,} forecasts of {scores['n_sessions']} sessions."
    )


def _table(title: str, *columns: str, left: tuple[int, ...] = (0,)) -> Table:
    table = Table(title=title, title_justify="left")
    for place, name in enumerate(columns):
        table.add_column(name, justify="left" if place in left else "right")
    return table


def _news(texts: list[str]) -> str:
    if not texts:
        return "[dim]none[/dim]"
    more = f" [dim](and {len(texts) - 1} more)[/dim]" if len(texts) > 1 else ""
    return escape(texts[0] if len(texts[0]) <= 60 else texts[0][:59] + "…") + more


def _paired(pair: Mapping[str, Any] | None) -> str:
    """Return the difference in accuracy in percentage points, with a star where it is beyond noise."""
    if pair is None:
        return ""
    tested = pair["accuracy"]
    star = "*" if tested["p_holm"] is not None and tested["p_holm"] < SIZE else " "
    return f"{100 * tested['difference']:+.1f} pts{star}"


def _number(value: float | None, form: str) -> str:
    return "" if value is None else format(value, form)
