"""The out-of-sample record by stretch of sessions, by forecast probability and by ticker: what a figure draws."""

import numpy as np
import pandas as pd

# Normal quantile of a two-sided 95 % interval.
Z95 = 1.959963984540054


def mark_hits(out_of_sample: pd.DataFrame) -> pd.DataFrame:
    """Return the rows with a realised return, with the columns `up` and `hit`.

    A realised return of exactly 0 counts as not up, and so does a probability of exactly one half.

    Examples
    --------
    >>> rows = pd.DataFrame({"ticker": "A", "session": pd.to_datetime(["2024-01-02", "2024-01-03"]),
    ...                      "probability_up": [0.6, 0.6], "realised_return": [0.01, float("nan")]})
    >>> mark_hits(rows)[["up", "hit"]].values.tolist()
    [[True, True]]
    """
    rows = out_of_sample[out_of_sample["realised_return"].notna() & out_of_sample["probability_up"].notna()]
    up = rows["realised_return"] > 0
    return rows.assign(up=up, hit=(rows["probability_up"] > 0.5) == up)


def clustered_error(n: pd.Series, total: pd.Series, groups: pd.Series, squares: pd.DataFrame) -> pd.Series:
    """Return the date-clustered standard error of means `total / n` of zeros and ones.

    se^2 = G/(G-1) * sum_t (S_t - m N_t)^2 / N^2, with S_t and N_t the ones and the forecasts of session t.

    Parameters
    ----------
    n, total, groups : Series
        Forecasts, ones among them, and sessions G, per mean.
    squares : DataFrame
        Columns ss, sn, nn: sums over sessions of S_t^2, S_t N_t and N_t^2, per mean.

    Returns
    -------
    Series
        Fraction; NaN where a mean has fewer than two sessions.

    References
    ----------
    Cameron & Miller (2015), Journal of Human Resources 50(2).
    """
    mean = total / n
    # The sum of squares is 0 when every session agrees; rounding may leave it a hair below.
    spread = (squares["ss"] - 2 * mean * squares["sn"] + mean**2 * squares["nn"]).clip(lower=0.0)
    return np.sqrt((groups / (groups - 1).where(groups > 1)) * spread) / n


def rolling_window(n_sessions: int) -> int:
    """Return how many sessions a rolling stretch has: a quarter of a year, or a third of a short run.

    Examples
    --------
    >>> rolling_window(500), rolling_window(60), rolling_window(10)
    (63, 20, 5)
    """
    return 63 if n_sessions >= 189 else min(n_sessions, max(5, n_sessions // 3))


def rolling_accuracy(rows: pd.DataFrame, *, window: int) -> pd.DataFrame:
    """Return accuracy, its 95 % interval and the base rate over the last `window` sessions.

    Parameters
    ----------
    rows : DataFrame of `mark_hits`
    window : int
        Sessions.

    Returns
    -------
    DataFrame of shape (n_sessions - window + 1, 4)
        Index session; accuracy, low, high (clustered by session), and base_rate, the share of the more frequent
        direction within the stretch, as fractions.
    """
    daily = rows.groupby("session").agg(n=("hit", "size"), hits=("hit", "sum"), ups=("up", "sum")).astype(float)
    sums = daily.rolling(window).sum()
    squares = (
        pd.DataFrame({"ss": daily["hits"] ** 2, "sn": daily["hits"] * daily["n"], "nn": daily["n"] ** 2})
        .rolling(window)
        .sum()
    )
    error = clustered_error(sums["n"], sums["hits"], pd.Series(float(window), index=sums.index), squares)
    accuracy, up = sums["hits"] / sums["n"], sums["ups"] / sums["n"]
    columns = {
        "accuracy": accuracy,
        "low": accuracy - Z95 * error,
        "high": accuracy + Z95 * error,
        "base_rate": np.maximum(up, 1 - up),
    }
    return pd.DataFrame(columns).iloc[window - 1 :]


def calibration_bins(rows: pd.DataFrame, *, max_bins: int = 16) -> pd.DataFrame:
    """Return, per bin of forecast probability, how often the ticker rose.

    The bins are of equal width, the narrowest of 1, 2, 5 and 10 percent that needs at most `max_bins`.

    Parameters
    ----------
    rows : DataFrame of `mark_hits`
    max_bins : int, default=16

    Returns
    -------
    DataFrame, one row a bin that holds forecasts
        low, high (the bin), forecast (mean probability), rose (share), error (95 %, date-clustered; NaN where the bin
        has fewer than two sessions) as fractions; n.
    """
    probability = rows["probability_up"].to_numpy()
    reach = probability.max() - probability.min()
    width = next((width for width in (0.01, 0.02, 0.05) if reach / width <= max_bins - 1), 0.1)
    last = round(1 / width) - 1
    # A hair is added because 0.55 / 0.05 is 10.999... in binary.
    numbers = np.clip(np.floor(probability / width + 1e-9), 0, last).astype(int)
    by_session = (
        rows.assign(bin=numbers)
        .groupby(["bin", "session"])
        .agg(n=("up", "size"), ups=("up", "sum"), forecast=("probability_up", "sum"))
        .astype(float)
    )
    squares = pd.DataFrame(
        {"ss": by_session["ups"] ** 2, "sn": by_session["ups"] * by_session["n"], "nn": by_session["n"] ** 2}
    )
    sums = by_session.groupby(level="bin").sum()
    groups = by_session.groupby(level="bin").size().astype(float)
    error = clustered_error(sums["n"], sums["ups"], groups, squares.groupby(level="bin").sum())
    low = sums.index.to_numpy() * width
    return pd.DataFrame(
        {
            "low": low,
            "high": low + width,
            "forecast": sums["forecast"] / sums["n"],
            "rose": sums["ups"] / sums["n"],
            "error": Z95 * error,
            "n": sums["n"].astype(int),
        }
    ).reset_index(drop=True)


def readable_bins(rows: pd.DataFrame, *, fewest: int) -> pd.DataFrame:
    """Return the narrowest calibration bins that leave most forecasts in a bin of at least `fewest`.

    Where none do, those that leave the most forecasts in such a bin.

    Parameters
    ----------
    rows : DataFrame of `mark_hits`
    fewest : int
        Forecasts of a bin from which a share says something.
    """
    every = [calibration_bins(rows, max_bins=most) for most in (16, 8, 4, 2)]
    covered = [int(bins.loc[bins["n"] >= fewest, "n"].sum()) for bins in every]
    first = next((number for number, n in enumerate(covered) if 2 * n > len(rows)), int(np.argmax(covered)))
    return every[first]


def by_ticker(rows: pd.DataFrame) -> pd.DataFrame:
    """Return per ticker the count, the accuracy and the share of the more frequent direction, most accurate first."""
    table = rows.groupby("ticker").agg(n=("hit", "size"), accuracy=("hit", "mean"), rose=("up", "mean"))
    table["base_rate"] = np.maximum(table["rose"], 1 - table["rose"])
    return table.sort_values(["accuracy", "n"], ascending=False, kind="stable").reset_index()
