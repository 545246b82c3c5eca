"""What somebody is told of a morning, in a few plain lines: how it went, or why it failed."""

from pathlib import Path

import pandas as pd

from stockseq.errors import counted
from stockseq.forecasting.morning import Morning
from stockseq.notify.message import Message, build_message
from stockseq.report.format import percent
from stockseq.report.text.earlier import earlier_sentence, nothing_new_sentence
from stockseq.report.text.names import trade_words
from stockseq.report.text.verdict import record_sentence
from stockseq.runs.inputs import EarlierMorning
from stockseq.sessions import TradingCalendar

# Tickers at either end, and reasons.
MOST_TICKERS, MOST_REASONS = 5, 5


def morning_message(morning: Morning, *, page: Path, calendar: TradingCalendar) -> Message:
    """Return the morning's summary: both ends of the forecasts, the live record, what is missing, the page."""
    outlook = morning.next
    n = len(morning.table)
    opens_at = calendar.opens_at(outlook.session).tz_convert(calendar.timezone)
    trade = trade_words(morning.champion.record.basis.label)
    lines = [f"{counted(n, 'forecast')} for {outlook.session.date()}, which opens at {opens_at:%H:%M %Z}, {trade}."]
    ordered = morning.table.sort_values("probability_up", ascending=False)
    if n > 2 * MOST_TICKERS:
        lines += [f"Most likely to rise: {_chances(ordered.head(MOST_TICKERS))}."]
        lines += [f"Least likely to rise: {_chances(ordered.tail(MOST_TICKERS).iloc[::-1])}."]
    elif n:
        lines += [f"Chances to rise: {_chances(ordered)}."]
    lines += [f"Live so far: {record_sentence(morning.live.scores, n=morning.live.n)}"]
    if later := earlier_sentence(morning.earlier, calendar.timezone):
        lines += [later]
    if morning.late:
        lines += ["The session has opened, so these forecasts are late and never count."]
    elif n and not morning.n_new:
        lines += ["Nothing new: these forecasts were made before."]
    refused = list(outlook.refused.items())
    lines += [f"No forecast for {ticker}: {reason}" for ticker, reason in refused[:MOST_REASONS]]
    if len(refused) > MOST_REASONS:
        lines += [f"No forecast for {len(refused) - MOST_REASONS} more."]
    lines += [f"Page: {page}"]
    return build_message(f"stockseq: {counted(n, 'forecast')} for {outlook.session.date()}", lines)


def nothing_new_message(earlier: EarlierMorning, *, page: Path, calendar: TradingCalendar) -> Message:
    """Return what is told of a morning that found nothing new."""
    lines = [nothing_new_sentence(earlier, calendar.timezone), f"Page: {page}"]
    return build_message(f"stockseq: nothing new for {earlier.inputs.session.date()}", lines)


def failure_message(sentence: str, *, now: pd.Timestamp, data: str) -> Message:
    """Return what is told of a morning that failed; `sentence` says why."""
    lines = [
        sentence,
        f"The store {data} is complete up to the last finished step. Run make daily again; make doctor says what is "
        "wrong with this machine.",
    ]
    return build_message(f"stockseq: the run of {now:%Y-%m-%d %H:%M} UTC failed", lines, is_failure=True)


def _chances(rows: pd.DataFrame) -> str:
    return ", ".join(
        f"{ticker} {percent(chance)}" for ticker, chance in zip(rows["ticker"], rows["probability_up"], strict=True)
    )
