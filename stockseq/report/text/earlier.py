"""A session that was forecast before, in a sentence: by a later opinion, or again with nothing new."""

import pandas as pd

from stockseq.forecasting.earlier import EarlierForecasts
from stockseq.report.format import percent, points
from stockseq.runs.inputs import EarlierMorning


def earlier_title(earlier: EarlierForecasts | None, timezone: str) -> str:
    """Return what a run's title says of forecasts that were made before; empty without such."""
    return "" if earlier is None else f" (a later opinion: the forecasts of {_clock(earlier.made_at, timezone)} stand)"


def earlier_sentence(earlier: EarlierForecasts | None, timezone: str) -> str:
    """Return which forecasts stand and how far the later ones differ; empty where none were made before.

    Examples
    --------
    >>> made_at = pd.Timestamp("2024-11-29 13:10", tz="UTC")
    >>> earlier_sentence(EarlierForecasts(made_at, 10, 6, 0.012, "KOLA", 0.541, 0.586), "America/New_York")
    'The forecasts of 2024-11-29 08:10 EST stand and count in the live record; these are a later opinion: 6 of 10
    tickers differ, by 1.2 points on average and most for KOLA, 54.1% then and 58.6% now.'
    """
    if earlier is None:
        return ""
    return (
        f"The forecasts of {_clock(earlier.made_at, timezone)} stand and count in the live record; these are a later "
        f"opinion: {earlier.n_changed:,} of {earlier.n:,} tickers differ, by "
        f"{points(earlier.mean_change).removeprefix('+')} points on average and most for {earlier.ticker}, "
        f"{percent(earlier.before)} then and {percent(earlier.after)} now."
    )


def nothing_new_sentence(earlier: EarlierMorning, timezone: str) -> str:
    """Return that a morning found nothing new since an earlier one, and so forecast nothing anew.

    Examples
    --------
    >>> from pathlib import Path
    >>> from stockseq.runs.inputs import Inputs
    >>> inputs = Inputs(pd.Timestamp("2024-11-29"), "")
    >>> earlier = EarlierMorning(Path(), pd.Timestamp("2024-11-29 13:10", tz="UTC"), inputs, {})
    >>> nothing_new_sentence(earlier, "America/New_York")
    'Nothing new since the run of 2024-11-29 08:10 EST: no new bar, no new headline, the same model and settings. It
    would forecast 2024-11-29 as that run did, so nothing is forecast anew, and what stands in the ledger stands.'
    """
    return (
        f"Nothing new since the run of {_clock(earlier.now, timezone)}: no new bar, no new headline, the same model "
        f"and settings. It would forecast {earlier.inputs.session.date()} as that run did, so nothing is forecast "
        "anew, and what stands in the ledger stands."
    )


def _clock(instant: pd.Timestamp, timezone: str) -> str:
    return f"{instant.tz_convert(timezone):%Y-%m-%d %H:%M %Z}"
