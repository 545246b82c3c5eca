"""A later opinion of a session that was forecast before, in a sentence."""

from stockseq.forecasting.earlier import EarlierForecasts
from stockseq.report.format import percent, points


def earlier_title(earlier: EarlierForecasts | None, timezone: str) -> str:
    """Return what a run's title says of forecasts that were made before; empty without such."""
    return "" if earlier is None else f" (a later opinion: the forecasts of {_clock(earlier, timezone)} stand)"


def earlier_sentence(earlier: EarlierForecasts | None, timezone: str) -> str:
    """Return which forecasts stand and how far the later ones differ; empty where none were made before.

    Examples
    --------
    >>> import pandas as pd
    >>> made_at = pd.Timestamp("2024-11-29 13:10", tz="UTC")
    >>> earlier_sentence(EarlierForecasts(made_at, 10, 6, 0.012, "KOLA", 0.541, 0.586), "America/New_York")
    'The forecasts of 2024-11-29 08:10 EST stand and count in the live record; these are a later opinion: 6 of 10
    tickers differ, by 1.2 points on average and most for KOLA, 54.1% then and 58.6% now.'
    """
    if earlier is None:
        return ""
    return (
        f"The forecasts of {_clock(earlier, timezone)} stand and count in the live record; these are a later opinion: "
        f"{earlier.n_changed:,} of {earlier.n:,} tickers differ, by {points(earlier.mean_change).removeprefix('+')} "
        f"points on average and most for {earlier.ticker}, {percent(earlier.before)} then and {percent(earlier.after)} "
        "now."
    )


def _clock(earlier: EarlierForecasts, timezone: str) -> str:
    return f"{earlier.made_at.tz_convert(timezone):%Y-%m-%d %H:%M %Z}"
