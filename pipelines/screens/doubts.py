"""Bars that are held back, and what a fetch changed."""

import pandas as pd

from pipelines.screens.console import build_table, console, escape
from stockseq.errors import counted

# Rows of a table before the rest is counted.
MOST_ROWS = 40


def show_doubted(doubts: pd.DataFrame, bars: pd.DataFrame, holes: pd.DataFrame) -> None:
    """A row for each bar that is held back, what to do about them, and how many sessions have none at all.

    Parameters
    ----------
    doubts : DataFrame
        Of `open_doubts`.
    bars : Bars
        What is stored.
    holes : DataFrame with ticker, session
        Without those whose bar is held back.
    """
    if doubts.empty:
        console.print("Nothing is held back.")
    else:
        _list(doubts, bars)
    if len(holes):
        names = ", ".join(f"{ticker} {n}" for ticker, n in holes["ticker"].value_counts().head(5).items())
        have, they_are = ("has", "It is") if len(holes) == 1 else ("have", "They are")
        console.print(
            f"{counted(len(holes), 'session')} between bars {have} none (most: {names}). {they_are} asked for again "
            "without a command.",
            markup=False,
        )


def _list(doubts: pd.DataFrame, bars: pd.DataFrame) -> None:
    title = f"{counted(len(doubts), 'bar')} held back; none is used"
    table = build_table(title, "Ticker", "Session", "Stored", "Answered", "Since", "Mornings", "Reason", left=(0, 6))
    stored = bars[["ticker", "session", "close"]]
    rows = doubts.merge(stored, on=["ticker", "session"], how="left", suffixes=("", "_stored"))
    for row in rows.head(MOST_ROWS).to_dict("records"):
        was = "none" if pd.isna(row["close_stored"]) else f"{row['close_stored']:,.4g}"
        table.add_row(
            escape(row["ticker"]),
            str(row["session"].date()),
            was,
            f"{row['close']:,.4g}",
            f"{row['since']:%Y-%m-%d}",
            str(row["n_mornings"]),
            escape(row["reason"]),
        )
    console.print(table)
    if len(rows) > MOST_ROWS:
        console.print(f"And {counted(len(rows) - MOST_ROWS, 'more bar')}.")
    first = rows.iloc[0]
    console.print(
        f'Ask again: make refetch TICKERS="{first["ticker"]}". Take it as it is: make doubts '
        f'ACCEPT="{first["ticker"]}:{first["session"].date()}" (or the ticker alone, for all of its bars). Left alone, '
        "each is asked for again and settles by itself once the source mends it or later sessions confirm it.",
        markup=False,
    )


def show_changes(bars: pd.DataFrame, actions: pd.DataFrame) -> None:
    """A row for each bar and action that is another now; see `changed_bars`."""
    if bars.empty and actions.empty:
        console.print("Nothing differs from what was stored.")
        return
    if len(bars):
        table = build_table("Bars that changed", "Ticker", "Session", "Close was", "Close", "Volume was", "Volume")
        for row in bars.head(MOST_ROWS).to_dict("records"):
            table.add_row(
                escape(row["ticker"]),
                str(row["session"].date()),
                *(_number(row[name]) for name in ("close_was", "close", "volume_was", "volume")),
            )
        console.print(table)
    if len(bars) > MOST_ROWS:
        console.print(f"And {counted(len(bars) - MOST_ROWS, 'more bar')}.")
    for row in actions.head(MOST_ROWS).to_dict("records"):
        what = f"{row['ticker']}: {row['kind']} of {row['session'].date()}"
        console.print(f"{what} was {_number(row['value_was'])}, is {_number(row['value'])}.", markup=False)


def _number(value: float) -> str:
    return "none" if pd.isna(value) else f"{value:,.6g}"
