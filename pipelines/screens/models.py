"""Every registered model with its numbers."""

from collections.abc import Hashable, Mapping, Sequence
from typing import Any

import pandas as pd
from pydantic import ValidationError

from pipelines.screens.console import build_table, console, escape
from stockseq.evaluate.scores import Scores
from stockseq.report.text.names import trade_words
from stockseq.report.text.verdict import record_sentence

MOST = 4


def show_models(models: pd.DataFrame) -> None:
    """List the models, the newest first."""
    columns = ("Model", "State", "Trade", "Tickers", "Trained through", "Out of sample")
    table = build_table("Models", *columns, left=(0, 1, 2, 3, 4, 5))
    # An id is typed again, as in make promote MODEL=..., so neither it nor a date is cut.
    table.columns[0].no_wrap = table.columns[4].no_wrap = True
    for row in models.to_dict("records"):
        record = _record(row["metrics"])
        trained = str(row["trained_through"].date())
        state = f"{row['state']} by hand" if _forced(row) else row["state"]
        tickers = tickers_words(row["metrics"].get("tickers", ()))
        table.add_row(escape(row["model_id"]), state, trade_words(row["label"]), escape(tickers), trained, record)
    console.print(table)


def tickers_words(tickers: Sequence[str]) -> str:
    """Return how many tickers a model was trained on and the first of them; models of old didn't note them.

    Examples
    --------
    >>> tickers_words(["AAPL", "MSFT"]), tickers_words([])
    ('2: AAPL, MSFT', 'not noted')
    """
    if not tickers:
        return "not noted"
    more = f" and {len(tickers) - MOST} more" if len(tickers) > MOST else ""
    return f"{len(tickers)}: {', '.join(tickers[:MOST])}{more}"


def _record(metrics: Mapping[str, Any]) -> str:
    try:
        return record_sentence(Scores.from_dict(metrics))
    except ValidationError:
        return "unreadable: its row of the table models is damaged"


def _forced(row: Mapping[Hashable, Any]) -> bool:
    return row["state"] == "champion" and row["metrics"].get("forced_over") is not None
