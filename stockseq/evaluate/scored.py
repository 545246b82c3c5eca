"""The table that every score is computed from: forecasts joined with what was realised."""

from typing import NewType

import numpy as np
import numpy.typing as npt
import pandas as pd

from stockseq.errors import DataError

Scored = NewType("Scored", pd.DataFrame)

KEY = ["session", "ticker"]
NUMBERS = ["probability_up", "realised_return"]
# What pandas calls columns of Python objects that are numbers, or that are missing altogether.
NUMERIC = {"integer", "floating", "mixed-integer-float", "decimal", "boolean", "empty"}


def as_scored(frame: pd.DataFrame) -> Scored:
    """Check forecasts joined with labels, the only way into a score.

    Parameters
    ----------
    frame : DataFrame of n_rows
        `session`, `ticker`, `probability_up` in [0, 1] and `realised_return` (fraction); `expected_return` and
        `probability_up_seed_<k>` where there are such. Further columns are left out.

    Returns
    -------
    Scored
        Sorted by session and ticker, with `up`, whether the realised return is above 0, `forecast_up`, whether the
        probability is above 0.5, and `score`, the expected return where there is one and the probability otherwise.

    Raises
    ------
    DataError
        If a column or a value is missing, is not a number or out of range, a session is not a date, a key repeats, or
        there are fewer than two sessions.

    Examples
    --------
    >>> days = pd.to_datetime(["2024-11-26", "2024-11-25"])
    >>> frame = pd.DataFrame({"session": days, "ticker": "A", "probability_up": [0.4, 0.6], "realised_return": 0.01})
    >>> as_scored(frame)[["up", "forecast_up"]].to_numpy().tolist()
    [[True, True], [True, False]]
    """
    missing = [column for column in (*KEY, *NUMBERS) if column not in frame.columns]
    if missing:
        raise DataError(f"A score needs the columns {missing}; received {list(frame.columns)}.")
    seeds = [column for column in frame.columns if str(column).startswith("probability_up_seed_")]
    expected = ["expected_return"] if "expected_return" in frame.columns else []
    scored = frame[[*KEY, *NUMBERS, *expected, *seeds]].copy()
    _require_keys(scored)
    for column in (*NUMBERS, *expected, *seeds):
        scored[column] = _numbers(scored, column)
    scored = scored.sort_values(KEY, kind="stable", ignore_index=True)
    repeated = scored.duplicated(KEY)
    if repeated.any():
        raise DataError(
            f"A score needs one forecast per session and ticker; {int(repeated.sum())} repeat, first "
            f"{_where(scored[repeated])}. Score one model at a time."
        )
    if scored["session"].nunique() < 2:
        raise DataError(
            f"A score needs at least two sessions, because tickers of one session move together; received "
            f"{scored['session'].nunique()}."
        )
    return Scored(
        scored.assign(
            up=scored["realised_return"] > 0,
            forecast_up=scored["probability_up"] > 0.5,
            score=scored[expected[0] if expected else "probability_up"],
        )
    )


def _require_keys(scored: pd.DataFrame) -> None:
    if len(scored) and not pd.api.types.is_datetime64_any_dtype(scored["session"]):
        raise DataError(
            f"A score needs dates in `session`; received {scored['session'].dtype}, first "
            f"{scored['session'].iloc[0]!r}. Convert them with `pd.to_datetime`."
        )
    for column in KEY:
        n_missing = int(scored[column].isna().sum())
        if n_missing:
            raise DataError(f"A score needs a `{column}` in every row; {n_missing} of {len(scored)} have none.")


def _numbers(scored: pd.DataFrame, column: str) -> npt.NDArray[np.float64]:
    # Text that reads like a number is a mistake upstream; None is a missing number, and is named as such.
    if not pd.api.types.is_numeric_dtype(scored[column]):
        kind = pd.api.types.infer_dtype(scored[column], skipna=True)
        if kind not in NUMERIC:
            raise DataError(f"`{column}` must hold numbers; received {kind}, first {scored[column].iloc[0]!r}.")
    values = np.asarray(scored[column].astype("float64"), dtype=np.float64)
    if not np.isfinite(values).all():
        bad = scored[~np.isfinite(values)]
        raise DataError(
            f"A score needs a finite `{column}` in every row; {len(bad)} of {len(scored)} have none, first "
            f"{_where(bad)}. Score only forecasts whose outcome is known."
        )
    outside = (values < 0) | (values > 1)
    if column.startswith("probability_up") and outside.any():
        bad = scored[outside]
        raise DataError(
            f"`{column}` must lie between 0 and 1; {len(bad)} rows do not, first {_where(bad)}: {values[outside][0]}."
        )
    return values


def _where(rows: pd.DataFrame) -> str:
    return f"{rows['ticker'].iloc[0]} on {pd.Timestamp(rows['session'].iloc[0]).date()}"
