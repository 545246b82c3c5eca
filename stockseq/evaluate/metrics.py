"""Score forecasts against what was realised: every figure of a run's `forecast` record."""

from typing import Any

import numpy as np
import pandas as pd
from scipy import stats

from stockseq.evaluate.direction import (
    accuracy,
    accuracy_by_chance,
    area_under_curve,
    balanced_accuracy,
    matthews_correlation,
)
from stockseq.evaluate.information import LEAST_TICKERS, daily_information, summarise_information
from stockseq.evaluate.probability import (
    brier_losses,
    calibration,
    decompose_brier,
    expected_calibration_error,
    log_losses,
)
from stockseq.evaluate.scored import Scored, as_scored
from stockseq.evaluate.serial_dependence import pesaran_timmermann_serial
from stockseq.evaluate.significance import (
    clustered_interval,
    clustered_mean,
    pesaran_timmermann,
    pesaran_timmermann_clustered,
)


def score_forecasts(frame: pd.DataFrame) -> dict[str, Any]:
    """Return every score of the forecasts of one model, JSON-able.

    Parameters
    ----------
    frame : DataFrame of n rows
        `session`, `ticker`, `probability_up`, `realised_return`; with `expected_return` the information coefficients
        are of it, else of the probability; each `probability_up_seed_<k>` is scored by itself under `seeds`.

    Returns
    -------
    dict
        Fractions throughout, never NaN: what can't be computed is None, and `notes` holds a sentence why. Intervals
        and `pt_clustered_*` know that the tickers of one session move together.

        * n, n_sessions, n_tickers, n_unmoved (returns of exactly 0, which count as not up)
        * accuracy, accuracy_ci (95 %); base_rate, what always naming the commoner direction gives; chance, what
          forecasts as often up as these give without skill; edge, accuracy less chance, and edge_ci
        * share_up, share_forecast_up, balanced_accuracy, mcc, auc
        * brier, log_loss, and brier_base, log_loss_base of forecasting `share_up` every time
        * calibration_intercept, calibration_slope, ece, reliability, resolution, uncertainty
        * ic, ic_ratio, ic_t, rank_ic, rank_ic_ratio, rank_ic_t, n_ic_sessions
        * pt_t, pt_p (rows taken for independent), pt_clustered_t, pt_clustered_p (the headline, one-sided)
        * pt_serial_t, pt_serial_p, the same with each ticker's last outcome and forecast partialled out, and
          n_pt_serial, the forecasts it rests on: those whose ticker has one in the session before
        * rho_hit, the correlation between the hits of two tickers of one session
        * seeds, notes

    Raises
    ------
    DataError
        If a column or value is missing, a key repeats, or there are fewer than two sessions.

    Examples
    --------
    >>> days = pd.to_datetime(["2024-11-25", "2024-11-26", "2024-11-27", "2024-11-29"])
    >>> rows = {"probability_up": [0.6, 0.7, 0.3, 0.6], "realised_return": [0.01, 0.02, -0.01, -0.02]}
    >>> scores = score_forecasts(pd.DataFrame({"session": days, "ticker": "AAA", **rows}))
    >>> scores["accuracy"], scores["base_rate"], scores["chance"], scores["ic"]
    (0.75, 0.5, 0.5, None)
    """
    scored = as_scored(frame)
    notes: list[str] = []
    return {
        **_counts(scored),
        **_direction(scored, notes),
        **_skill(scored, notes),
        **_probability(scored, notes),
        **_information(scored, notes),
        "seeds": _seeds(scored),
        "notes": notes,
    }


def _counts(scored: Scored) -> dict[str, Any]:
    return {
        "n": len(scored),
        "n_sessions": int(scored["session"].nunique()),
        "n_tickers": int(scored["ticker"].nunique()),
        "n_unmoved": int((scored["realised_return"] == 0).sum()),
    }


def _direction(scored: Scored, notes: list[str]) -> dict[str, Any]:
    up, forecast_up = scored["up"].to_numpy(), scored["forecast_up"].to_numpy()
    share_up = float(up.mean())
    if up.all() or not up.any():
        notes.append(f"Every row went {'up' if up.all() else 'down or nowhere'}, so no test of direction is possible.")
    elif forecast_up.all() or not forecast_up.any():
        notes.append(
            f"Every forecast says {'up' if forecast_up.all() else 'not up'}, so there is no skill in direction to test."
        )
    return {
        "accuracy": accuracy(up, forecast_up),
        "accuracy_ci": list(clustered_interval((up == forecast_up).astype(float), scored["session"].to_numpy())),
        "base_rate": max(share_up, 1 - share_up),
        "share_up": share_up,
        "share_forecast_up": float(forecast_up.mean()),
        "balanced_accuracy": balanced_accuracy(up, forecast_up),
        "mcc": matthews_correlation(up, forecast_up),
        "auc": area_under_curve(up, scored["probability_up"].to_numpy()),
    }


def _skill(scored: Scored, notes: list[str]) -> dict[str, Any]:
    up, forecast_up = scored["up"].to_numpy(), scored["forecast_up"].to_numpy()
    naive = pesaran_timmermann(up, forecast_up)
    clustered = pesaran_timmermann_clustered(up, forecast_up, scored["session"].to_numpy())
    if clustered is None and 0 < up.mean() < 1 and 0 < forecast_up.mean() < 1:
        notes.append("Hits don't vary between sessions, so the clustered test has no noise to measure skill against.")
    serial = pesaran_timmermann_serial(
        up, forecast_up, scored["session"].to_numpy(), np.asarray(scored["ticker"], dtype=object)
    )
    if serial is None and clustered is not None:
        notes.append(
            "What each ticker did and was forecast to do in the session before leaves nothing to test, or no such "
            "session is there, so there is no test that allows for runs."
        )
    edge_ci = None
    if clustered is not None:
        # The slope times this is the accuracy beyond chance, so its interval carries over.
        per_slope = 2 * float(forecast_up.mean()) * (1 - float(forecast_up.mean()))
        reach = float(stats.t.ppf(0.975, clustered.degrees_of_freedom)) * clustered.standard_error
        edge_ci = [per_slope * (clustered.estimate - reach), per_slope * (clustered.estimate + reach)]
    chance = accuracy_by_chance(up, forecast_up)
    return {
        "chance": chance,
        "edge": accuracy(up, forecast_up) - chance,
        "edge_ci": edge_ci,
        "pt_t": None if naive is None else naive.t,
        "pt_p": None if naive is None else naive.p,
        "pt_clustered_t": None if clustered is None else clustered.t,
        "pt_clustered_p": None if clustered is None else clustered.p,
        "pt_serial_t": None if serial is None else serial.t,
        "pt_serial_p": None if serial is None else serial.p,
        "n_pt_serial": 0 if serial is None else serial.n,
        "rho_hit": _hit_correlation(scored),
    }


def _hit_correlation(scored: Scored) -> float | None:
    """Return the correlation between hits of one session that explains the clustered error of the accuracy."""
    hits = np.asarray(scored["up"] == scored["forecast_up"], dtype=np.float64)
    sizes = scored.groupby("session").size().to_numpy()
    mean, error = clustered_mean(hits, scored["session"].to_numpy())
    # Rows that share a session with a row, on average over rows (Moulton 1986).
    companions = float((sizes**2).sum() / sizes.sum()) - 1
    if companions <= 0 or mean in (0.0, 1.0):
        return None
    effect = error**2 / (mean * (1 - mean) / len(hits))
    return float(np.clip((effect - 1) / companions, -1.0, 1.0))


def _probability(scored: Scored, notes: list[str]) -> dict[str, Any]:
    up, probability = scored["up"].to_numpy(), scored["probability_up"].to_numpy()
    base = np.full(len(up), up.mean())
    fitted = calibration(up, probability)
    if fitted is None:
        notes.append("Forecasts or outcomes don't vary enough to fit a calibration line.")
    certain = int(((probability == 0) | (probability == 1)).sum())
    if certain:
        notes.append(f"{certain} forecasts are exactly 0 or 1; the log loss counts a wrong one as 36, not as infinite.")
    parts = decompose_brier(up, probability)
    return {
        "brier": float(brier_losses(up, probability).mean()),
        "brier_base": float(brier_losses(up, base).mean()),
        "log_loss": float(log_losses(up, probability).mean()),
        "log_loss_base": float(log_losses(up, base).mean()),
        "calibration_intercept": None if fitted is None else fitted[0],
        "calibration_slope": None if fitted is None else fitted[1],
        "ece": expected_calibration_error(up, probability),
        "reliability": parts.reliability,
        "resolution": parts.resolution,
        "uncertainty": parts.uncertainty,
    }


def _information(scored: Scored, notes: list[str]) -> dict[str, Any]:
    daily = daily_information(scored)
    if len(daily) < 2:
        notes.append(
            f"{len(daily)} sessions have {LEAST_TICKERS} tickers or more with different forecasts and returns; an "
            "information coefficient needs two."
        )
    figures: dict[str, Any] = {"n_ic_sessions": len(daily)}
    for name in ("ic", "rank_ic"):
        summary = summarise_information(daily[name])
        figures[name] = None if summary is None else summary.mean
        figures[f"{name}_ratio"] = None if summary is None else summary.ratio
        figures[f"{name}_t"] = None if summary is None else summary.t
    return figures


def _seeds(scored: Scored) -> list[dict[str, Any]]:
    """Return the main scores of each member of the ensemble, in the order of their columns."""
    prefix = "probability_up_seed_"
    up = scored["up"].to_numpy()
    seeds = []
    for column in (column for column in scored.columns if str(column).startswith(prefix)):
        probability = scored[column].to_numpy()
        seeds.append(
            {
                "seed": str(column).removeprefix(prefix),
                "accuracy": accuracy(up, probability > 0.5),
                "auc": area_under_curve(up, probability),
                "brier": float(brier_losses(up, probability).mean()),
                "log_loss": float(log_losses(up, probability).mean()),
            }
        )
    return seeds
