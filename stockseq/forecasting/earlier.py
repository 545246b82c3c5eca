"""A second run of one morning: the forecasts made first stand, and how far the later ones differ from them."""

from collections.abc import Collection
from dataclasses import dataclass

import pandas as pd

from stockseq.forecast_ledger import MORNING, Ledger, standing_forecasts


@dataclass(frozen=True)
class EarlierForecasts:
    """What was forecast of the same session before, in time, beside what is forecast now.

    Parameters
    ----------
    made_at : Timestamp, tz-aware
        Of the first of them.
    n : int
        Tickers that were forecast then and are now.
    n_changed : int
        Those whose numbers differ.
    mean_change : float
        Mean absolute difference of the probability to rise over the n tickers; a fraction.
    ticker : str
        The one whose probability differs most.
    before, after : float
        Its probability then and now.
    """

    made_at: pd.Timestamp
    n: int
    n_changed: int
    mean_change: float
    ticker: str
    before: float
    after: float


def compare_with_earlier(
    ledger: Ledger, forecasts: pd.DataFrame, *, model_ids: Collection[str], now: pd.Timestamp
) -> EarlierForecasts | None:
    """Return how forecasts of one session differ from those that stand for it; None without such, or if none differs.

    Parameters
    ----------
    ledger : Ledger
        With or without the forecasts themselves.
    forecasts : DataFrame with ticker, session, probability_up, expected_return
    model_ids : collection of str
        The models of the same trade.
    now : Timestamp, tz-aware
        When the forecasts are made.
    """
    standing = standing_forecasts(ledger.as_of(now - pd.Timedelta(microseconds=1)).of_models(model_ids))
    # Those of the evening before give way to a morning's.
    gives_way = (standing["made_at"] < standing["opens_at"] - MORNING) & (now < standing["opens_at"])
    pairs = standing[~gives_way].merge(forecasts, on=["ticker", "session"], suffixes=("", "_now"))
    change = (pairs["probability_up_now"] - pairs["probability_up"]).abs()
    changed = (change > 0) | (pairs["expected_return_now"] != pairs["expected_return"])
    if not changed.any():
        return None
    most = pairs.iloc[int(change.argmax())]
    return EarlierForecasts(
        made_at=pairs.loc[changed, "made_at"].min(),
        n=len(pairs),
        n_changed=int(changed.sum()),
        mean_change=float(change.mean()),
        ticker=str(most["ticker"]),
        before=float(most["probability_up"]),
        after=float(most["probability_up_now"]),
    )
