"""Which bars of an answer move so that nothing explains it: they are held back, and what is stored stays."""

from bisect import bisect_left, insort
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from stockseq.prices.corporate_actions import later_splits
from stockseq.prices.levels import Dates, Floats, Levels, as_dates
from stockseq.prices.silence import LONG_SILENCE
from stockseq.schemas import PRICES, Actions

# Of a stored bar a vendor corrects less than this, and more only where it mends a bar.
CORRECTION = float(np.log(1.25))
# A close that nearly doubles or halves overnight is a fault in the data far more often than a fact; a split of 2:1
# that is not listed yet is on either side of 2.
MOVE = float(np.log(1.9))
# A single session so far from those on both sides of it was never traded at.
SPIKE = float(np.log(5.0))
VOLUME = float(np.log(10.0))
# A split's ratio, give or take the rounding of cheap shares.
SPLIT_TOLERANCE = 0.02
SAME_PRICE = 1e-4
# Mornings on which the same answer came, today's among them, before a plausible one is taken.
N_MORNINGS = 3
# Later sessions that confirm a new level: of an answer that came on an earlier morning too, and of a first one.
N_LATER, N_LATER_AT_ONCE = 2, 10
# After a spike of one session, the bar before it is the level.
N_BEFORE = 2
# Fewer sessions than these say nothing of a whole history.
LEAST_OVERLAP = 3
UNEXPLAINED = "and no split or dividend explains it"

Flags = NDArray[np.bool_]
# A session and its close.
Close = tuple[object, float]


@dataclass(frozen=True)
class Answer:
    """One ticker's answer beside what is stored.

    Parameters
    ----------
    past : DataFrame of n_stored bars
        The newest vintages, by session.
    bars : DataFrame of n_bars
        The answer, by session.
    actions : Actions
        As they hold after the answer.
    changed_splits : sequence of float
        New shares per old of the splits that the answer lists anew, or no longer.
    mornings : mapping of session to int
        Earlier mornings on which the same bar was held back.
    """

    past: pd.DataFrame
    bars: pd.DataFrame
    actions: Actions
    changed_splits: Sequence[float]
    mornings: Mapping[pd.Timestamp, int]


def judge_answer(answer: Answer) -> pd.Series:
    """Return why each bar of the answer is held back; missing where it is taken.

    A stored bar is overwritten by a small correction, by a move at the ratio of a split that the answer lists anew or
    no longer, by a bar that fits the sessions around it better than the stored one does, and by a plausible one that
    came on three mornings. A new bar is taken that is within 1.9 times the level before it, or whose new level later
    sessions confirm.

    Examples
    --------
    >>> days = pd.bdate_range("2024-11-18", periods=6)
    >>> past = pd.DataFrame({"session": days, "volume": 10.0, **dict.fromkeys(PRICES, 100.0)})
    >>> glitch = past.assign(**{price: [100.0] * 5 + [10000.0] for price in PRICES})
    >>> actions = pd.DataFrame({"session": pd.to_datetime([]), "kind": [], "value": []})
    >>> judge_answer(Answer(past, glitch, actions, (), {})).iloc[-1]
    'its open is 100 times the stored one, and no split or dividend explains it'
    """
    reasons = pd.Series(None, index=answer.bars.index, dtype=object)
    stored = answer.past.set_index("session").reindex(answer.bars["session"])
    contested = _contested(answer, stored)
    levels = Levels.of(answer.actions)
    far = _far_from_last(answer, levels)
    if not contested.any() and not far.any():
        return reasons
    references = _References.of(answer, contested)
    held = np.zeros(len(reasons), dtype=bool)
    if contested.any():
        held, words = _hold_contested(answer, stored, contested, levels, references)
        reasons[held] = words
        taken = contested & ~held
        references.add(as_dates(answer.bars["session"][taken]), answer.bars["close"].to_numpy(dtype=float)[taken])
    overlaps = stored["close"].notna().to_numpy()
    if overlaps.sum() >= LEAST_OVERLAP and held[overlaps].all():
        reasons[~overlaps] = "all stored sessions before it come on another basis, so its own is doubtful"
        return reasons
    new = np.flatnonzero(~overlaps)
    # What is near the bar before it needs no closer look where that one is taken.
    looked_at = far | np.r_[False, reasons.notna().to_numpy()[:-1]]
    for position, reason in _hold_new(answer, new, looked_at, levels, references).items():
        reasons.iloc[position] = reason
    return reasons


def keep_stored_volumes(past: pd.DataFrame, bars: pd.DataFrame, splits: Mapping[pd.Timestamp, float]) -> pd.DataFrame:
    """Return the bars of an answer with the stored volume where a reverse split's rounding is all that differs.

    A vendor counts volumes in shares of today: after a reverse split of 1:100 a count of then is known to a hundred.

    Examples
    --------
    >>> days = pd.to_datetime(["2024-11-25", "2024-11-26"])
    >>> past = pd.DataFrame({"session": days[:1], "volume": 1234.0, **dict.fromkeys(PRICES, 1.0)})
    >>> answer = pd.DataFrame({"session": days, "volume": [1200.0, 12.0], **dict.fromkeys(PRICES, [1.0, 100.0])})
    >>> keep_stored_volumes(past, answer, {days[1]: 0.01})["volume"].tolist()
    [1234.0, 12.0]
    """
    stored = past.set_index("session").reindex(bars["session"])
    per_old = later_splits(bars["session"], splits)
    same = (np.abs(bars[PRICES].to_numpy() / stored[PRICES].to_numpy() - 1) <= SAME_PRICE).all(axis=1)
    before, after = stored["volume"].to_numpy(dtype=float), bars["volume"].to_numpy(dtype=float)
    rounded = (per_old < 1) & same & (np.abs(after - before) <= 0.5 / per_old + 0.5)
    return bars.assign(volume=np.where(rounded, before, after))


class _References:
    """The closes by which others are judged, by session."""

    def __init__(self, dates: Dates, closes: Floats) -> None:
        self._closes = dict(zip(dates.tolist(), closes.tolist(), strict=True))
        self._dates = sorted(self._closes)

    @classmethod
    def of(cls, answer: Answer, contested: Flags) -> "_References":
        past, bars = answer.past, answer.bars
        outside = ~past["session"].isin(bars["session"])
        agreed = bars["session"].isin(past["session"]).to_numpy() & ~contested
        dates = np.r_[as_dates(past["session"][outside]), as_dates(bars["session"][agreed])]
        return cls(dates, np.r_[past["close"][outside].to_numpy(dtype=float), bars["close"][agreed].to_numpy(float)])

    def add(self, dates: Dates, closes: Floats) -> None:
        for date, close in zip(dates.tolist(), closes.tolist(), strict=True):
            if date not in self._closes:
                insort(self._dates, date)
            self._closes[date] = close

    def with_further(self, dates: Dates, closes: Floats) -> "_References":
        """Return these and some more; of a session that both have, these count."""
        further = dict(zip(dates.tolist(), closes.tolist(), strict=True)) | self._closes
        return _References(np.array(list(further), dtype=dates.dtype), np.array(list(further.values())))

    def before(self, date: Dates, n: int = 1) -> list[Close]:
        """Return the newest before a date, the last one first; what lies before a long silence is not among them."""
        end = bisect_left(self._dates, date.item())
        return self._near(self._dates[max(end - n, 0) : end][::-1], date)

    def after(self, date: Dates, n: int) -> list[Close]:
        """Return those that follow a date, the first one first, up to a long silence."""
        begin = bisect_left(self._dates, date.item())
        begin += begin < len(self._dates) and self._dates[begin] == date.item()
        return self._near(self._dates[begin : begin + n], date)

    def _near(self, dates: Sequence[object], date: Dates) -> list[Close]:
        own = pd.Timestamp(date[0])
        return [(at, self._closes[at]) for at in dates if abs(pd.Timestamp(at) - own) <= LONG_SILENCE]  # type: ignore


def _contested(answer: Answer, stored: pd.DataFrame) -> Flags:
    """Return which stored bars the answer moves by more than a correction, and by no split that it lists anew."""
    bars = answer.bars
    logs = np.log(bars[PRICES].to_numpy(dtype=float) / stored[PRICES].to_numpy(dtype=float))
    was, now = stored["volume"].to_numpy(dtype=float), bars["volume"].to_numpy(dtype=float)
    with np.errstate(divide="ignore", invalid="ignore"):
        volume_moved = (was > 0) & (np.abs(np.log(now / was)) > VOLUME)
    contested = (np.abs(logs).max(axis=1) > CORRECTION) | volume_moved
    ratios = [*answer.changed_splits, float(np.prod(answer.changed_splits))] if answer.changed_splits else []
    for ratio in np.log([value for split in ratios for value in (split, 1 / split)]):
        contested &= ~(np.abs(logs - ratio).max(axis=1) <= SPLIT_TOLERANCE)
    return np.asarray(contested, dtype=bool)


def _hold_contested(
    answer: Answer, stored: pd.DataFrame, contested: Flags, levels: Levels, references: _References
) -> tuple[Flags, list[str]]:
    """Return which contested bars are held back, and why."""
    held, words = np.zeros(len(contested), dtype=bool), []
    sessions = as_dates(answer.bars["session"])
    ratios = answer.bars[PRICES].to_numpy(dtype=float) / stored[PRICES].to_numpy(dtype=float)
    whole = bool(contested[stored["close"].notna().to_numpy()].all()) and contested.sum() >= LEAST_OVERLAP
    for position in np.flatnonzero(contested):
        bar = answer.bars.iloc[position]
        at = sessions[[position]]
        around = [*references.before(at), *references.after(at, 1)]
        now, was = (
            _distance(levels, row[PRICES].to_numpy(dtype=float), at, around) for row in (bar, stored.iloc[position])
        )
        mends = now <= MOVE and now < was / 2
        came_often = answer.mornings.get(bar["session"], 0) + 1 >= N_MORNINGS
        if mends or (came_often and not now > MOVE):
            continue
        held[position] = True
        words.append(_moved(ratios[position], bar["volume"], stored["volume"].iloc[position], whole=whole))
    return held, words


def _moved(ratios: Floats, volume: float, stored_volume: float, *, whole: bool) -> str:
    logs = np.abs(np.log(ratios))
    if logs.max() <= CORRECTION:
        return f"its volume is {volume:,.0f}, against {stored_volume:,.0f} stored"
    ratio = ratios[int(logs.argmax())]
    if whole:
        return f"its whole history comes at {ratio:.4g} times the stored prices, and no split is listed"
    return f"its {PRICES[int(logs.argmax())]} is {ratio:.4g} times the stored one, {UNEXPLAINED}"


def _hold_new(
    answer: Answer, new: NDArray[np.intp], looked_at: Flags, levels: Levels, references: _References
) -> dict[int, str]:
    """Return by position why new bars are held back: the first, those to be `looked_at`, what follows a held one."""
    if not len(new):
        return {}
    sessions = as_dates(answer.bars["session"])
    prices = answer.bars[PRICES].to_numpy(dtype=float)
    closes = prices[:, PRICES.index("close")]
    whole = references.with_further(sessions[new], closes[new])
    held: dict[int, str] = {}
    for position in new.tolist():
        at = sessions[[position]]
        if position and not looked_at[position] and position - 1 not in held:
            references.add(at, closes[[position]])
            continue
        mornings = answer.mornings.get(answer.bars["session"].iloc[position], 0)
        after = whole.after(at, N_LATER_AT_ONCE)
        reason = _doubt_of_new(
            prices[position], at, levels, references.before(at, N_BEFORE), after, came_before=mornings > 0
        )
        if reason is None:
            references.add(at, closes[[position]])
        else:
            held[position] = reason
    return held


def _far_from_last(answer: Answer, levels: Levels) -> Flags:
    """Return which bars of the answer are far from the close before; in most answers none is."""
    sessions = as_dates(answer.bars["session"])
    prices = answer.bars[PRICES].to_numpy(dtype=float)
    earlier = answer.past[answer.past["session"] < answer.bars["session"].iloc[0]].tail(1)
    if earlier.empty:
        # The first bar of all is measured by the one after it.
        earlier = answer.bars.iloc[:2].tail(1)
    closes = np.r_[earlier["close"].to_numpy(dtype=float), prices[:-1, PRICES.index("close")]]
    dates = np.r_[as_dates(earlier["session"]), sessions[:-1]]
    return np.asarray(levels.distances(prices, sessions, closes, dates).max(axis=1) > MOVE, dtype=bool)


def _doubt_of_new(
    prices: Floats,
    at: Dates,
    levels: Levels,
    before: Sequence[Close],
    after: Sequence[Close],
    *,
    came_before: bool,
) -> str | None:
    """Return why a new bar is held back, or None."""
    confirmed = len(after) >= (N_LATER if came_before else N_LATER_AT_ONCE)
    if confirmed:
        # One later session that is wrong itself must not decide.
        distances = sorted(_distance(levels, prices, at, [*before, later]) for later in after[:3])
        distance = distances[len(distances) // 2]
    else:
        distance = _distance(levels, prices, at, before)
    if np.isnan(distance) or distance <= (SPIKE if confirmed else MOVE):
        return None
    beside, reference = ("before", before[0][1]) if before else ("after", after[0][1])
    farthest = int(np.abs(np.log(prices / reference)).argmax())
    ratio = prices[farthest] / reference
    return f"its {PRICES[farthest]} is {ratio:.4g} times the close {beside} it, {UNEXPLAINED}"


def _distance(levels: Levels, prices: Floats, at: Dates, around: Sequence[Close]) -> float:
    """Return how far the farthest price of a bar is from the nearer of the closes around it; NaN without any."""
    if not around:
        return float("nan")
    dates = np.array([date for date, _ in around], dtype=at.dtype)
    closes = np.array([close for _, close in around])
    rows = levels.distances(np.tile(prices, (len(around), 1)), np.repeat(at, len(around)), closes, dates)
    return float(rows.min(axis=0).max())
