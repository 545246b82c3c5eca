"""What a file's prices are adjusted for, and which way round its splits are written, as its own prices show."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from fractions import Fraction

import numpy as np
import pandas as pd

from stockseq.errors import SourceError, counted
from stockseq.sources.files.dividends import last_before
from stockseq.sources.settings import Basis

# Splits below 5:4 hide in a day's move; four fifths of the others must agree on the basis.
LEAST_VISIBLE_SPLIT, AGREEMENT = 1.25, 0.8
# Logarithm of the odds, 20 to 1, from which prices say whether they fall at the dividends.
DECISIVE = 3.0
# A ratio is that of small whole numbers if it is as near as this to it.
SNAP = 1e-4
# How far a price may move beyond a split: 20 %, or five usual days of its ticker; over a longer gap nothing tells.
LARGEST_MOVE, USUAL_DAYS, LONGEST_GAP = 1.2, 5.0, pd.Timedelta(days=10)
# Sessions of a year, and what a robust spread is multiplied by to be a standard deviation.
YEAR, MAD_TO_SIGMA = 252, 1.4826


@dataclass(frozen=True)
class Judgement:
    """The basis of a file.

    Parameters
    ----------
    basis : Basis
    inverted : bool
        Whether its splits are written as old shares per new.
    notes, doubts : tuple of str
        What was judged and how, and what could not be settled.
    """

    basis: Basis
    inverted: bool = False
    notes: tuple[str, ...] = ()
    doubts: tuple[str, ...] = ()


def judge_basis(rows: pd.DataFrame, declared: Basis | None, *, name: str, path: str) -> Judgement:
    """Return the basis: the declared one unless the prices contradict it, or the one that they show.

    At a split of 2 a price as traded halves, an adjusted one stays, and one that doubles shows a split that is written
    the wrong way round; one that does nothing of this contradicts the split. Without adjusted closes, prices that don't
    fall on the ex-dates of the file's own dividends are adjusted for these as well.

    Parameters
    ----------
    rows : DataFrame of ticker, session, open, close, split, dividend, and where there are adj_close
        In order of ticker and session; close is NaN where the bar is faulty.
    declared : Basis or None
    name, path : str
        Of the file, in notes and in errors.

    Raises
    ------
    SourceError
        If the prices contradict the declared basis, or contradict each other, or, where none is declared, contradict a
        stated split.
    """
    if declared == "adjusted":
        note = f"{name}: adjusted prices are taken as they are, without splits and dividends."
        return Judgement("adjusted", notes=(note,))
    before = last_before(rows["close"], rows["ticker"])
    ratio = np.abs(np.log(rows["split"]))
    contradicted = _contradicted(rows, before)
    doubts = tuple(_contradictions(contradicted, declared, name=name, path=path))
    visible = (ratio >= np.log(LEAST_VISIBLE_SPLIT)) & before.notna() & rows["close"].notna()
    visible &= ~rows.index.isin(contradicted.index)
    jump, split = np.log(rows["close"] / before)[visible], np.log(rows["split"])[visible]
    judged = _by_splits(jump, split, declared, name=name, path=path)
    judged = replace(judged, doubts=(*doubts, *judged.doubts))
    if judged.inverted:
        rows = rows.assign(split=turned(rows["split"]))
    return _by_dividends(rows, before, judged, declared, splits_fall=len(split) > 0, name=name)


def turned(splits: pd.Series) -> pd.Series:
    """Return new shares per old of old shares per new, or the reverse; digits that were cut off are completed.

    Examples
    --------
    >>> turned(pd.Series([0.66667, 2.0, 1.0])).tolist()
    [1.5, 0.5, 1.0]
    """

    def turn(value: float) -> float:
        whole = float(Fraction(1 / value).limit_denominator(100))
        return whole if abs(whole * value - 1) < SNAP else 1 / value

    return splits.map(turn)


def _contradicted(rows: pd.DataFrame, before: pd.Series) -> pd.DataFrame:
    """Return the splits at which the price neither falls, nor stays, nor jumps by their ratio, and what it `shows`.

    A split shows best at the open, and at the close where the open is no print of its own: the nearer one counts.
    """
    jumps = np.log(rows[["open", "close"]].div(before, axis=0).to_numpy())
    split = np.log(rows[["split"]].to_numpy())
    away = np.abs(np.stack([jumps + split, jumps, jumps - split])).min(axis=0)
    away = np.where(np.isnan(away), np.inf, away)
    nearer = away.argmin(axis=1)[:, None]
    distance = np.take_along_axis(away, nearer, axis=1)[:, 0]
    shows = np.exp(-np.take_along_axis(jumps, nearer, axis=1)[:, 0])
    moves = pd.Series(np.abs(jumps[:, 1]), index=rows.index).where(rows["split"] == 1)
    usual = moves.groupby(rows["ticker"]).transform("median").fillna(0.0) * MAD_TO_SIGMA
    allowed = (usual * USUAL_DAYS).clip(lower=np.log(LARGEST_MOVE))
    traded_at = rows["session"].where(rows["close"].notna())
    gap = rows["session"] - last_before(traded_at, rows["ticker"])
    far = (rows["split"] != 1) & np.isfinite(distance) & (distance > allowed) & (gap <= LONGEST_GAP)
    return rows.assign(shows=shows)[far]


def _contradictions(contradicted: pd.DataFrame, declared: Basis | None, *, name: str, path: str) -> Iterator[str]:
    """Yield a doubt on each contradicted split; raise `SourceError` where no basis is declared."""
    for row in contradicted.to_dict("records"):
        where = f"{row['ticker']} on {row['session'].date()}"
        what = f"a split of {row['split']:g} is stated, and the prices move as at one of {row['shows']:.3g}"
        if declared is None:
            more = f" So do {counted(len(contradicted) - 1, 'more split')}." if len(contradicted) > 1 else ""
            raise SourceError(
                f"{path}: its prices contradict a split: {where}, {what}.{more} Correct the split or the prices; if "
                "both are right, set files.basis, and each split counts as it is written."
            )
        yield f"{name}: {where}, {what}. It counts as it is written."


def _by_splits(jump: pd.Series, split: pd.Series, declared: Basis | None, *, name: str, path: str) -> Judgement:
    if split.empty:
        basis: Basis = declared or "as_traded"
        return Judgement(basis, notes=(f"{name}: no split shows its basis, prices read as {basis}.",))
    distances = pd.DataFrame({"falls": np.abs(jump + split), "stays": np.abs(jump), "inverse": np.abs(jump - split)})
    shares = distances.idxmin(axis=1).value_counts(normalize=True)
    falls, stays, inverse = (float(shares.get(kind, 0.0)) for kind in ("falls", "stays", "inverse"))
    if inverse >= AGREEMENT:
        if declared == "split_adjusted":
            raise SourceError(f"{path} is declared split_adjusted, but its prices jump at its splits: set files.basis.")
        first = float(np.exp(split.iloc[0]))
        note = (
            f"{name}: its splits are read as old shares per new, for its prices move the other way: {first:g} is "
            f"{turned(split.map(np.exp)).iloc[0]:g} new for each old. They are read as as_traded."
        )
        return Judgement("as_traded", inverted=True, notes=(note,))
    judged: Basis | None = "as_traded" if falls >= AGREEMENT else "split_adjusted" if stays >= AGREEMENT else None
    count = f"{round(falls * len(split))} of {len(split)} splits show in its prices"
    if inverse > 0:
        count += f", {round(inverse * len(split))} the wrong way round"
    if judged is None and declared is None:
        raise SourceError(f"{path}: {count}, so its basis can't be judged; set files.basis.")
    if declared is not None and judged not in (None, declared):
        raise SourceError(f"{path} is declared {declared}, but {count}: set files.basis to {judged}.")
    basis = declared or judged or "as_traded"
    doubts = (f"{name}: {count}. Each counts as it is written.",) if inverse > 0 else ()
    return Judgement(basis, notes=(f"{name}: {count}, so they are read as {basis}.",), doubts=doubts)


def _by_dividends(
    rows: pd.DataFrame, before: pd.Series, judged: Judgement, declared: Basis | None, *, splits_fall: bool, name: str
) -> Judgement:
    """Return the judgement with what the prices show at the file's dividends, where no adjusted close checks them."""
    paid = (rows["dividend"] > 0) & before.notna() & rows["open"].notna() & (rows["dividend"] < before)
    if "adj_close" in rows or not paid.any():
        return judged
    undone = np.log(rows["split"]) if judged.basis == "as_traded" else 0.0
    overnight = pd.Series(np.log(rows["open"] / before) + undone, index=rows.index)
    usual = overnight[(rows["dividend"] <= 0) & overnight.notna()]
    middle = usual.median() if len(usual) else 0.0
    sigma = max(MAD_TO_SIGMA * float((usual - middle).abs().median()) if len(usual) else 0.0, 1e-4)
    fall = pd.Series(-np.log1p(-(rows["dividend"] / before)[paid]))
    moved = overnight[paid] - middle
    odds = float((moved**2 - (moved + fall) ** 2).sum() / (2 * sigma**2))
    if odds >= DECISIVE:
        return judged
    yearly = float(fall.sum()) / max(len(rows) / YEAR, 1 / YEAR)
    dividends = f"{counted(len(fall), 'dividend')} ({100 * yearly:.1f} % of the price a year)"
    if odds > -DECISIVE:
        if declared is not None:
            return judged
        doubt = (
            f"{name}: whether its prices fall at its {dividends} can't be told, and they are counted. Downloads of "
            'yfinance are adjusted for dividends unless auto_adjust=False was set: then set files.basis = "adjusted".'
        )
        return Judgement(judged.basis, judged.inverted, judged.notes, (*judged.doubts, doubt))
    if declared is None and not (splits_fall and judged.basis == "as_traded"):
        doubt = (
            f"{name}: its prices don't fall at its {dividends}, so they are adjusted prices, as yfinance's are "
            "by default, and are taken as they are, without splits and dividends. If that is wrong, set "
            'files.basis = "as_traded".'
        )
        return Judgement("adjusted", doubts=(doubt,))
    doubt = (
        f"{name}: its prices don't fall at its {dividends}, which count all the same, so that they may count twice; if "
        'the prices are adjusted for dividends, set files.basis = "adjusted".'
    )
    return Judgement(judged.basis, judged.inverted, judged.notes, (*judged.doubts, doubt))
