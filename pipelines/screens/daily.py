"""What a person reads of a morning in the terminal."""

from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from pipelines.screens.book import show_book
from pipelines.screens.console import build_table, console, escape, show_page
from pipelines.screens.reasons import by_reason
from pipelines.screens.why import show_strongest
from stockseq.errors import counted
from stockseq.forecasting.morning import Morning
from stockseq.forecasting.next_book import NextBook, has_no_view
from stockseq.models.why import Why
from stockseq.report.format import basis_points, probability
from stockseq.report.outlook import interval_of, rank_words
from stockseq.report.text.earlier import earlier_sentence, nothing_new_sentence
from stockseq.report.text.names import trade_words
from stockseq.report.text.news import age_words, news_sentence
from stockseq.report.text.plain import plain_morning
from stockseq.report.text.skill import rank_and_size_sentence
from stockseq.report.text.verdict import corrections_sentence, record_sentence
from stockseq.runs.inputs import EarlierMorning
from stockseq.schedule.starts import Due
from stockseq.sessions import TradingCalendar

MOST_CHARACTERS = 60


def show_morning(
    morning: Morning, folder: Path, explained: Sequence[Why], *, calendar: TradingCalendar, book: NextBook
) -> None:
    """The next session's forecasts and what moved them, the orders, the record so far, and where the page is."""
    outlook, champion, live = morning.next, morning.champion, morning.live
    opens_at = calendar.opens_at(outlook.session).tz_convert(calendar.timezone)
    trade = trade_words(champion.record.basis.label)
    title = f"Forecasts for {outlook.session.date()}, which opens at {opens_at:%H:%M %Z}, {trade}"
    table = build_table(
        title, "Ticker", "P(up)", "Expected", "Rank", "80% between", "Newest headline in the window", left=(0, 5)
    )
    ordered = morning.table.sort_values("probability_up", ascending=False)
    headlines = {str(ticker): rows for ticker, rows in morning.headlines.groupby("ticker", sort=False)}
    columns = (rank_words(ordered), has_no_view(ordered), ordered.iterrows())
    for rank, viewless, (_, row) in zip(*columns, strict=True):
        table.add_row(
            escape(row["ticker"]),
            probability(row["probability_up"]) + ("\n[dim]no view[/dim]" if viewless else ""),
            basis_points(row["expected_return"]),
            rank,
            interval_of(row),
            _news(headlines.get(row["ticker"])),
        )
    console.print(table)
    if len(ordered):
        lookback, reads_text = int(ordered["lookback"].iloc[0]), bool(ordered["reads_text"].iloc[0])
        console.print(news_sentence(morning.headlines, lookback=lookback, reads_text=reads_text), markup=False)
    show_strongest(explained)
    for ticker, reason in outlook.refused.items():
        console.print(f"  [yellow]No forecast for {escape(ticker)}[/yellow]: {escape(reason)}")
    for names, n, reason in by_reason(morning.without_headlines):
        verb = "is" if n == 1 else "are"
        console.print(f"  [yellow]{escape(names)}[/yellow] {verb} forecast without today's headlines: {escape(reason)}")
    if morning.late:
        console.print(
            "[yellow]Late:[/yellow] this session has opened, so what is forecast now is marked late and never counts "
            "live; what was forecast in time stands."
        )
    if later := earlier_sentence(morning.earlier, calendar.timezone):
        console.print(f"[yellow]Note:[/yellow] {escape(later)} The orders below are the later opinion's.")
    show_book(book)
    console.print(f"Model {escape(champion.model_id)}, trained through {champion.trained_through.date()}.")
    console.print(f"  Out of sample: {record_sentence(morning.scores)}")
    late = f" {live.n_late} late forecasts don't count." if live.n_late else ""
    still = f" {live.n_open} are not scored yet." if live.n_open else ""
    console.print(f"  Live: {record_sentence(live.scores, n=live.n)}{still}{late}")
    if further := rank_and_size_sentence(live.ranking, live.size):
        console.print(f"  Live: {further}")
    if corrected := corrections_sentence(live.corrections):
        console.print(f"  Live: {corrected}", markup=False)
    added = (
        f"{counted(morning.n_new, 'new forecast')}."
        if morning.n_new
        else "nothing new; these forecasts are in it already."
    )
    console.print(f"Ledger: {added if len(morning.table) else 'no forecast was made.'}")
    for sentence in plain_morning(morning.scores, live):
        console.print(f"[bold]{escape(sentence)}[/bold]")
    show_page(folder)


def show_nothing_new(earlier: EarlierMorning, *, timezone: str) -> None:
    """That nothing was forecast anew, and where the page of the run is that forecast it."""
    console.print(nothing_new_sentence(earlier, timezone), markup=False)
    show_page(earlier.folder)


def show_not_due(due: Due, *, timezone: str) -> None:
    """Why a scheduled start does nothing."""
    starts_at = due.starts_at.tz_convert(timezone)
    why = "has its forecasts already" if due.is_forecast else f"is to be forecast from {starts_at:%Y-%m-%d %H:%M %Z} on"
    console.print(f"Nothing to do: the next session, {due.session.date()}, {why}.", markup=False)


def _news(headlines: pd.DataFrame | None) -> str:
    if headlines is None:
        return "[dim]none[/dim]"
    newest = headlines.iloc[0]
    more = f", and {len(headlines) - 1} more" if len(headlines) > 1 else ""
    text = newest["text"]
    shown = text if len(text) <= MOST_CHARACTERS else text[: MOST_CHARACTERS - 1] + "…"
    return f"{escape(shown)} [dim]({age_words(int(newest['sessions_ago']))}{more})[/dim]"
