"""The tables of the ticker view: bars, forecasts, fills and headlines, each row with its place."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from stockseq.report.run import RunReport

# Where a ticker and session has several forecasts, the last of these is shown.
KINDS = ("out_of_sample", "late", "live", "next", "next_late")
KEY = ["ticker", "session"]
OPTIONAL = ("expected_return", "relative", "low_80", "high_80", "realised_return", "fold")


@dataclass(frozen=True)
class Axes:
    """The tickers, in alphabetical order, and every session that a bar, a forecast, a fill or a headline is of."""

    tickers: pd.Index
    sessions: pd.DatetimeIndex

    @cached_property
    def days(self) -> NDArray[np.int64]:
        """The sessions as days since 1970."""
        return self.sessions.to_numpy().astype("datetime64[D]").astype(np.int64)

    def locate(self, frame: pd.DataFrame) -> pd.DataFrame:
        """Return the rows that lie on both axes, with the positions `ticker_at` and `at`, in their order."""
        at = self.sessions.get_indexer(pd.DatetimeIndex(frame["session"]))
        placed = frame.assign(ticker_at=self.tickers.get_indexer(pd.Index(frame["ticker"])), at=at)
        inside = placed[(placed["ticker_at"] >= 0) & (placed["at"] >= 0)]
        return inside.sort_values(["ticker_at", "at"], kind="stable", ignore_index=True)


@dataclass(frozen=True)
class HistoryFrames:
    """What the charts show, row by row, with the positions `ticker_at` and `at` on the axes.

    Parameters
    ----------
    axes : Axes
    bars : DataFrame
        open, high, low, close, volume and later_shares.
    forecasts : DataFrame
        One a ticker and session: `kind` is a position in `KINDS`, and `rank` the place among the `of` of its session.
    fills : DataFrame
        moment, cost, and shares and fill_price on the basis of the bars.
    news : DataFrame
        published_at, text, compound, stale and n.
    """

    axes: Axes
    bars: pd.DataFrame
    forecasts: pd.DataFrame
    fills: pd.DataFrame
    news: pd.DataFrame


def build_frames(run: RunReport, bars: pd.DataFrame) -> HistoryFrames:
    """Return the tables of a run on the axes of its bars."""
    forecasts = _forecasts(run)
    fills = _on_basis(_or_empty(run.fills, ["moment", "cost", "shares", "fill_price"]), bars)
    news = _or_empty(run.ticker_news, ["published_at", "text", "compound", "stale", "n"])
    sessions = pd.concat([frame["session"] for frame in (bars, forecasts, fills, news) if len(frame)])
    axes = Axes(pd.Index(sorted(bars["ticker"].unique())), pd.DatetimeIndex(sorted(sessions.unique())))
    return HistoryFrames(axes, *(axes.locate(frame) for frame in (bars, forecasts, fills, news)))


def _or_empty(frame: pd.DataFrame | None, columns: list[str]) -> pd.DataFrame:
    return pd.DataFrame(columns=[*KEY, *columns]) if frame is None else frame


def _forecasts(run: RunReport) -> pd.DataFrame:
    """Return one forecast a ticker and session, of all that the run has, with its rank and kind."""
    parts = []
    for name, frame in (
        ("out_of_sample", run.out_of_sample),
        ("live", run.ledger_forecasts),
        ("next", run.next_forecasts),
    ):
        if frame is None or frame.empty:
            continue
        late = {"live": "late", "next": "next_late"}.get(name, name)
        is_late = frame["late"] if "late" in frame else pd.Series(False, index=frame.index)
        kind = np.where(is_late, KINDS.index(late), KINDS.index(name))
        part = frame.reindex(columns=[*KEY, "probability_up", *OPTIONAL, "made_at"]).assign(kind=kind)
        by_session = part.groupby("session")["relative"]
        part["rank"], part["of"] = by_session.rank(ascending=False, method="min"), by_session.transform("count")
        parts.append(part)
    if not parts:
        return pd.DataFrame(columns=[*KEY, "probability_up", *OPTIONAL, "made_at", "kind", "rank", "of"])
    # What was realised is known of the session, whoever forecast it.
    every = pd.concat(parts, ignore_index=True).sort_values([*KEY, "kind"], kind="stable")
    every["realised_return"] = every.groupby(KEY)["realised_return"].transform("first")
    return every.drop_duplicates(KEY, keep="last", ignore_index=True)


def _on_basis(fills: pd.DataFrame, bars: pd.DataFrame) -> pd.DataFrame:
    """Return the fills in shares of the last session, as the bars are; one without a bar stays as it was traded."""
    later = fills[KEY].merge(bars[[*KEY, "later_shares"]], on=KEY, how="left")["later_shares"].fillna(1.0).to_numpy()
    return fills.assign(shares=fills["shares"] * later, fill_price=fills["fill_price"] / later)
