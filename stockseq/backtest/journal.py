"""What a ledger writes down as it goes: fills, flags and the positions of each close."""

from collections.abc import Iterable
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from stockseq.backtest.costs import Floats
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


class Journal:
    """Collects columns cheaply and gives them back as tables."""

    def __init__(self, sessions: pd.DatetimeIndex, tickers: pd.Index) -> None:
        self._sessions, self._tickers = sessions, tickers
        self._fills: list[dict[str, object]] = []
        self._flags: list[dict[str, object]] = []
        self._positions: list[dict[str, object]] = []

    def fill(self, row: int, moment: Moment, columns: NDArray[np.intp], **amounts: Floats) -> None:
        """Note one auction's fills of one side."""
        self._fills.append(self._key(row, columns) | {"moment": moment} | amounts)

    def flag(self, row: int, name: str, shares: Floats) -> None:
        """Note the tickers whose `shares` aren't zero (NaN where the number of shares is unknown)."""
        columns = np.flatnonzero(shares)
        if len(columns):
            self._flags.append(self._key(row, columns) | {"flag": name, "shares": shares[columns]})

    def position(self, row: int, shares: Floats, marks: Floats, stale: NDArray[np.bool_]) -> None:
        """Note what is held at one close."""
        columns = np.flatnonzero(shares)
        if len(columns):
            quantity, mark = shares[columns], marks[columns]
            amounts = {"shares": quantity, "mark": mark, "value": quantity * mark, "stale": stale[columns]}
            self._positions.append(self._key(row, columns) | amounts)

    def fills(self) -> pd.DataFrame:
        """Return the fills in the order in which they were made."""
        return self._table(self._fills, FILLS)

    def flags(self) -> pd.DataFrame:
        """Return the flags in the order in which they were raised."""
        return self._table(self._flags, FLAGS)

    def positions(self) -> pd.DataFrame:
        """Return the positions by session and ticker."""
        return self._table(self._positions, POSITIONS)

    def _key(self, row: int, columns: NDArray[np.intp]) -> dict[str, object]:
        return {"row": np.full(len(columns), row), "column": columns}

    def _table(self, parts: list[dict[str, object]], columns: dict[str, str]) -> pd.DataFrame:
        if not parts:
            return empty(columns)
        stacked = {name: _stack(part[name] for part in parts) for name in parts[0] if name not in ("moment", "flag")}
        sizes = [len(part["row"]) for part in parts]  # type: ignore[arg-type]
        for name in ("moment", "flag"):
            if name in columns:
                stacked[name] = np.repeat(np.array([part[name] for part in parts]), sizes)
        stacked["session"] = self._sessions.to_numpy()[stacked.pop("row")]
        stacked["ticker"] = self._tickers.to_numpy()[stacked.pop("column")]
        return pd.DataFrame(stacked)[list(columns)].astype(columns)


def _stack(parts: Iterable[object]) -> NDArray:
    return np.concatenate(list(parts))  # type: ignore[arg-type]
