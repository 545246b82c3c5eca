"""The forecasts that a run recorded, and whether what is computed again is still what it was."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import pandas as pd

from stockseq.errors import SettingsError, StockseqError, nearest
from stockseq.models.why import Why, read_why
from stockseq.runs.summary import DAMAGED

# The same network on the same rows, across processes of one machine.
TOLERANCE = 1e-6
BY_MODEL = ("daily", "train")
WITH_FORECASTS = (*BY_MODEL, "backtest")


@dataclass(frozen=True)
class RecordedRun:
    """A run's forecasts, and what it takes to make them again.

    Parameters
    ----------
    folder : Path
    recipe : str
        "daily", "train" or "backtest".
    now : Timestamp, tz-aware
        The instant of the run.
    forecasts : DataFrame
        ticker, session, probability_up; the newest session's first.
    model_id : str or None
        The registered model that forecast; None for a backtest, whose networks aren't kept.
    explained : tuple of Why
        What the run itself said of its forecasts.
    libraries : mapping of name to version
    """

    folder: Path
    recipe: str
    now: pd.Timestamp
    forecasts: pd.DataFrame
    model_id: str | None
    explained: tuple[Why, ...]
    libraries: Mapping[str, str]

    def find(self, session: pd.Timestamp | None, tickers: Sequence[str]) -> pd.DataFrame:
        """Return the forecasts of a session, the newest by default, and of these tickers, all by default.

        Raises
        ------
        SettingsError
            If the run has no such forecast, with those that there are.
        """
        sessions = self.forecasts["session"]
        chosen = sessions.max() if session is None else session
        rows = self.forecasts[sessions == chosen]
        if rows.empty:
            raise SettingsError(
                f"The run {self.folder.name} has no forecast of {chosen:%Y-%m-%d}; its forecasts are of sessions from "
                f"{sessions.min():%Y-%m-%d} to {sessions.max():%Y-%m-%d}."
            )
        for ticker in tickers:
            present = rows["ticker"].tolist()
            if ticker not in present:
                hint = nearest(ticker, present, f"there are {', '.join(present[:10])}.")
                raise SettingsError(
                    f"The run {self.folder.name} has no forecast of {ticker} for {chosen:%Y-%m-%d}; {hint}"
                )
        return rows[rows["ticker"].isin(tickers)] if tickers else rows

    def saved_reasons(self, rows: pd.DataFrame) -> tuple[Why, ...] | None:
        """Return what the run itself said of these forecasts, or None where it didn't say it of all of them."""
        by_key = {(why.ticker, why.session): why for why in self.explained}
        found = [by_key.get(key) for key in zip(rows["ticker"], rows["session"], strict=True)]
        return None if None in found else tuple(why for why in found if why is not None)

    def require_same(self, explained: Sequence[Why], rows: pd.DataFrame) -> None:
        """Raise `StockseqError` where a forecast that was made again isn't the one that was recorded.

        What moved another forecast would say nothing of the recorded one.
        """
        again = {(why.ticker, why.session): why.probability_up for why in explained}
        for ticker, session, before in rows[["ticker", "session", "probability_up"]].itertuples(index=False):
            now = again.get((ticker, session))
            if now is None or abs(now - before) > TOLERANCE:
                made = "can't be made" if now is None else f"comes out as {now:.6f}"
                raise StockseqError(
                    f"The forecast of {ticker} for {session:%Y-%m-%d} was {before:.6f} in the run {self.folder.name}, "
                    f"and {made} from what the store holds as of {self.now:%Y-%m-%d %H:%M:%S} UTC, so nobody can say "
                    f"any more what moved it.{self._other_libraries()} Either bars or headlines of before that instant "
                    "came into the store afterwards, or the code, a plug-in or the processor is another."
                )

    def _other_libraries(self) -> str:
        changed = []
        for name, before in self.libraries.items():
            try:
                now = version(name)
            except PackageNotFoundError:
                now = "missing"
            if now != before:
                changed.append(f"{name} was {before} and is {now}")
        return f" Since then {', '.join(changed)}." if changed else ""


def read_recorded(folder: Path) -> RecordedRun:
    """Return what a run recorded of its forecasts.

    Raises
    ------
    StockseqError
        If it is a run of another kind, or a file of it is missing or damaged.
    """
    try:
        manifest = _json(folder / "manifest.json")
        recipe = str(manifest["recipe"])
        if recipe not in WITH_FORECASTS:
            raise StockseqError(
                f"{folder.name} is a run of `{recipe}`, and forecasts of {', '.join(WITH_FORECASTS)} can be explained; "
                "name one with RUN_ID=..., as `make runs` lists them."
            )
        names = ("forecasts", "out_of_sample") if recipe == "daily" else ("forecasts",)
        tables = [pd.read_parquet(folder / f"{name}.parquet") for name in names]
        columns = ["ticker", "session", "probability_up"]
        forecasts = pd.concat([table[columns] for table in tables]).drop_duplicates(["ticker", "session"])
        why = folder / "why.parquet"
        return RecordedRun(
            folder=folder,
            recipe=recipe,
            now=pd.Timestamp(manifest["now"]),
            forecasts=forecasts.reset_index(drop=True),
            model_id=str(_json(folder / "metrics.json")["model_id"]) if recipe in BY_MODEL else None,
            explained=read_why(pd.read_parquet(why)) if why.exists() else (),
            libraries=dict(manifest["libraries"]),
        )
    except DAMAGED as error:
        raise StockseqError(
            f"The run {folder.name} can't be read: a file of it is missing or damaged ({type(error).__name__}: "
            f"{str(error)[:200]}). Put {folder} back from a copy, or run again."
        ) from error


def _json(path: Path) -> Any:
    return json.loads(path.read_text(encoding="utf-8"))
