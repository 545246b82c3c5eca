"""Yahoo's dividends: which splits each amount was already adjusted for, by the adjusted closes."""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from stockseq.schemas import Dropped

# A dividend is accepted if it explains the adjusted closes to one part in a hundred.
TOLERANCE = 0.01
# Yahoo's chart gives single-precision numbers.
SINGLE_PRECISION = 2.0**-24


def confirm_dividends(
    amounts: Mapping[pd.Timestamp, float],
    rows: pd.DataFrame,
    splits: Mapping[pd.Timestamp, float],
    *,
    ticker: str,
    since: pd.Timestamp,
) -> tuple[dict[pd.Timestamp, float], list[Dropped]]:
    """Return each dividend per as-traded share, and those that the adjusted closes contradict.

    Yahoo states some amounts per share of today and some per share of their own day. The adjusted closes decide: across
    the ex-date, adjusted / close rises by the factor 1 / (1 - D / close before), everything per share of today.

    Parameters
    ----------
    amounts : mapping of ex-date to amount
        As Yahoo lists them; the basis of each is what is asked.
    rows : DataFrame of session, close, adjusted
        Valid rows in order, split-adjusted as of today.
    splits : mapping of session to new shares per old
        In order; a split on the ex-date itself is taken to come before the dividend.
    ticker : str
        For the account of what is left out.
    since : Timestamp
        Earlier dividends are passed over.

    Examples
    --------
    >>> rows = pd.DataFrame({"session": pd.to_datetime(["2024-11-26", "2024-11-27"]),
    ...                      "close": [50.0, 50.0], "adjusted": [49.5, 50.0]})
    >>> paid = {pd.Timestamp("2024-11-27"): 1.0}
    >>> split = {pd.Timestamp("2024-12-02"): 2.0}
    >>> confirm_dividends(paid, rows, split, ticker="KOLA", since=rows["session"][0])
    ({Timestamp('2024-11-27 00:00:00'): 1.0}, [])
    >>> confirm_dividends({pd.Timestamp("2024-11-27"): 0.5}, rows, split, ticker="KOLA", since=rows["session"][0])
    ({Timestamp('2024-11-27 00:00:00'): 1.0}, [])
    """
    confirmed: dict[pd.Timestamp, float] = {}
    dropped: list[Dropped] = []
    newest = rows["session"].max()
    half_step = _half_step(rows["adjusted"])
    for session, amount in amounts.items():
        # A dividend beyond the newest final bar is judged once that bar is there.
        if session < since or not session <= newest:
            continue
        later = [ratio for split, ratio in splits.items() if split > session]
        implied, slack = (np.prod(later) * part for part in _implied(rows, session, half_step))
        value = _per_traded_share(amount, later, float(implied))
        if abs(value - implied) <= TOLERANCE * value + slack:
            confirmed[session] = value
        else:
            finding = f"imply {implied:.6g} per share then traded" if np.isfinite(implied) else "are missing before it"
            reason = f"dividend of {amount:.6g} on {session.date()} not confirmed: the adjusted closes {finding}"
            dropped.append(Dropped("fetch bars", ticker, reason, 1))
    return confirmed, dropped


def _per_traded_share(amount: float, later: Sequence[float], implied: float) -> float:
    """Return the amount in the basis that comes nearest to what is implied.

    It may have been adjusted for none, the first, the first two, ... of the later splits.
    """
    candidates = amount * np.concatenate([[1.0], np.cumprod(later)])
    return float(candidates[np.argmin(np.abs(candidates - implied))])


def _implied(rows: pd.DataFrame, session: pd.Timestamp, half_step: float) -> tuple[float, float]:
    """Return the dividend per share of today that the adjusted closes imply, and what rounding may hide of it."""
    before, after = rows[rows["session"] < session].tail(1), rows[rows["session"] >= session].head(1)
    if before.empty or after.empty:
        return float("nan"), 0.0
    pair = pd.concat([before, after])
    factors = (pair["adjusted"] / pair["close"]).to_numpy()
    closed = float(before["close"].iloc[0])
    # Yahoo adjusts the very close it gives, so only the rounding of the adjusted close blurs the factor.
    rounding = float((half_step / pair["adjusted"].abs()).sum()) + 4 * SINGLE_PRECISION
    return closed * (1.0 - factors[0] / factors[1]), closed * rounding


def _half_step(prices: pd.Series) -> float:
    """Return half the last decimal place in which the prices are written, 0 where they aren't rounded."""
    values = prices.to_numpy(dtype=float)
    for decimals in range(2, 7):
        step = 10.0**-decimals
        # Single precision blurs large prices, which then look like rounded ones, and do no harm.
        if np.all(np.abs(values - values.round(decimals)) <= 2 * SINGLE_PRECISION * np.abs(values) + 1e-12):
            return step / 2
    return 0.0
