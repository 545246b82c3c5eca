"""What a ledger writes down as it goes: fills, flags and the positions of each close."""

from typing import Any, Literal

import numpy as np
import pandas as pd

from stockseq.backtest.costs import Columns, Flags, Floats
from stockseq.schemas import FLAG, NUMBER, SESSION, TEXT, empty

Moment = Literal["open", "close"]

FILLS = {
    "session": SESSION,
    "ticker": TEXT,
    "moment": TEXT,
    "shares": NUMBER,
    "price": NUMBER,
    "fill_price": NUMBER,
    "commission": NUMBER,
    "cost": NUMBER,
}
FLAGS = {"session": SESSION, "ticker": TEXT, "flag": TEXT, "shares": NUMBER}
POSITIONS = {"session": SESSION, "ticker": TEXT, "shares": NUMBER, "mark": NUMBER, "value": NUMBER, "stale": FLAG}


# What all rows that are noted together share.
_ONCE = ("row", "moment", "flag")


class Journal:
    """Collects columns cheaply and gives them back as tables."""

    def __init__(self, sessions: pd.DatetimeIndex, tickers: pd.Index) -> None:
        self._sessions, self._tickers = sessions, tickers
        self._fills: list[dict[str, Any]] = []
        self._flags: list[dict[str, Any]] = []
        self._positions: list[dict[str, Any]] = []

    def fill(self, row: int, moment: Moment, columns: Columns, **amounts: Floats) -> None:
        """Note one auction's fills of one side."""
        self._fills.append({"row": row, "column": columns, "moment": moment, **amounts})

    def flag(self, row: int, name: str, shares: Floats, columns: Columns | None = None) -> None:
        """Note the tickers, of all or of these, whose `shares` aren't zero (NaN where their number is unknown)."""
        flagged = shares.nonzero()[0]
        if len(flagged):
            named = flagged if columns is None else columns[flagged]
            self._flags.append({"row": row, "column": named, "flag": name, "shares": shares[flagged]})

    def position(self, row: int, shares: Floats, marks: Floats, stale: Flags) -> None:
        """Note what is held at one close."""
        columns = shares.nonzero()[0]
        if len(columns):
            quantity, mark = shares[columns], marks[columns]
            amounts = {"shares": quantity, "mark": mark, "value": quantity * mark, "stale": stale[columns]}
            self._positions.append({"row": row, "column": columns, **amounts})

    def fills(self) -> pd.DataFrame:
        """Return the fills in the order in which they were made."""
        return self._table(self._fills, FILLS)

    def flags(self) -> pd.DataFrame:
        """Return the flags in the order in which they were raised."""
        return self._table(self._flags, FLAGS)

    def positions(self) -> pd.DataFrame:
        """Return the positions by session and ticker."""
        return self._table(self._positions, POSITIONS)

    def _table(self, parts: list[dict[str, Any]], columns: dict[str, str]) -> pd.DataFrame:
        if not parts:
            return empty(columns)
        event = np.repeat(np.arange(len(parts)), [len(part["column"]) for part in parts])
        stacked: dict[str, Any] = {}
        for name in parts[0]:
            values = [part[name] for part in parts]
            stacked[name] = pd.Index(values).take(event) if name in _ONCE else np.concatenate(values)
        stacked["session"] = self._sessions.take(stacked.pop("row"))
        stacked["ticker"] = self._tickers.take(stacked.pop("column"))
        return pd.DataFrame({name: stacked[name] for name in columns}).astype(columns)
