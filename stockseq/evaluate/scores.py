"""Score forecasts against what was realised: every figure of a run's `forecast` record."""

import math
from typing import Literal

import numpy as np
import pandas as pd

from stockseq.evaluate.bootstrap import bootstrap_interval
from stockseq.evaluate.direction import (
    accuracy,
    accuracy_by_chance,
    area_under_curve,
    balanced_accuracy,
    matthews_correlation,
)
from stockseq.evaluate.information import LEAST_TICKERS, daily_information, summarise_information
from stockseq.evaluate.pesaran_timmermann import (
    pesaran_timmermann,
    pesaran_timmermann_clustered,
    pesaran_timmermann_serial,
)
from stockseq.evaluate.probability import (
    brier_score,
    calibration,
    decompose_brier,
    expected_calibration_error,
    log_loss,
)
from stockseq.evaluate.scored import Scored, as_scored
from stockseq.evaluate.significance import clustered_interval, clustered_mean
from stockseq.results import Result

SEED_PREFIX = "probability_up_seed_"
Figures = dict[str, object]
# What a forecast without skill scores, and whether more (1) or less (-1) is better; for qlike it depends on the rows.
NO_SKILL = {
    "accuracy": (0.5, 1),
    "ic": (0.0, 1),
    "rank_ic": (0.0, 1),
    "log_loss": (math.log(2), -1),
    "qlike": (math.nan, -1),
}
# An optimum within rounding of no skill leaves nothing to attain.
ROUNDING = 1e-9


class SeedScores(Result):
    """The main scores of the network of one seed."""

    seed: str
    accuracy: float
    auc: float | None
    brier: float
    log_loss: float


class Scores(Result):
    """What one model's forecasts score.

    Fractions throughout, never NaN: what can't be computed is None, and `notes` say why. Intervals (95 %) and
    `pt_clustered_*` allow for tickers that move together within a session.

    Parameters
    ----------
    n, n_sessions, n_tickers, n_unmoved : int
        Forecasts, and those among them whose return was exactly 0, which counts as not up.
    accuracy, accuracy_ci, accuracy_bootstrap_ci
        The share of right directions; the latter interval by resampling blocks of sessions, which allows for sessions
        that depend on one another. None where no bootstrap was asked for.
    base_rate, chance
        The accuracy of always naming the commoner direction, and of forecasts as often up as these without skill.
    edge, edge_ci
        Accuracy less `chance`.
    share_up, share_forecast_up, balanced_accuracy, mcc, auc
    brier, log_loss, brier_base, log_loss_base
        The latter two of forecasting `share_up` every time.
    calibration_intercept, calibration_slope, ece, reliability, resolution, uncertainty
    ic, ic_ratio, ic_t, rank_ic, rank_ic_ratio, rank_ic_t, n_ic_sessions
        The information coefficient: its mean over sessions, that over its standard deviation, and Newey and West's t.
    pt_t, pt_p, pt_clustered_t, pt_clustered_p
        Pesaran and Timmermann's test with rows taken for independent, and clustered by session (the headline); p is
        one-sided.
    pt_serial_t, pt_serial_p, n_pt_serial
        The clustered test with each ticker's last outcome and forecast partialled out, and the forecasts that have
        such a past.
    rho_hit
        The correlation between the hits of two tickers of one session.
    seeds
        The networks of the ensemble, each by itself.
    """

    n: int
    n_sessions: int
    n_tickers: int
    n_unmoved: int
    accuracy: float
    accuracy_ci: tuple[float, float]
    accuracy_bootstrap_ci: tuple[float, float] | None = None
    base_rate: float
    chance: float
    edge: float
    edge_ci: tuple[float, float] | None = None
    share_up: float
    share_forecast_up: float
    balanced_accuracy: float | None = None
    mcc: float | None = None
    auc: float | None = None
    brier: float
    brier_base: float
    log_loss: float
    log_loss_base: float
    calibration_intercept: float | None = None
    calibration_slope: float | None = None
    ece: float
    reliability: float
    resolution: float
    uncertainty: float
    n_ic_sessions: int = 0
    ic: float | None = None
    ic_ratio: float | None = None
    ic_t: float | None = None
    rank_ic: float | None = None
    rank_ic_ratio: float | None = None
    rank_ic_t: float | None = None
    pt_t: float | None = None
    pt_p: float | None = None
    pt_clustered_t: float | None = None
    pt_clustered_p: float | None = None
    pt_serial_t: float | None = None
    pt_serial_p: float | None = None
    n_pt_serial: int = 0
    rho_hit: float | None = None
    seeds: tuple[SeedScores, ...] = ()
    notes: tuple[str, ...] = ()


def score_forecasts(frame: pd.DataFrame, *, bootstrap_seed: int | None = None, horizon: int = 0) -> Scores:
    """Return every score of the forecasts of one model.

    Parameters
    ----------
    frame : DataFrame of n rows
        `session`, `ticker`, `probability_up`, `realised_return`; with `expected_return` the information coefficients
        are of it, else of the probability; each `probability_up_seed_<k>` is scored by itself under `seeds`.
    bootstrap_seed : int, optional
        With it the accuracy gets an interval by bootstrap too, which takes about a second.
    horizon : int, default=0
        Sessions from entry to exit of a trade. From two on trades overlap, and tests and intervals allow for it.

    Raises
    ------
    DataError
        If a column or value is missing, a key repeats, or there are fewer than two sessions.

    Examples
    --------
    >>> days = pd.to_datetime(["2024-11-25", "2024-11-26", "2024-11-27", "2024-11-29"])
    >>> rows = {"probability_up": [0.6, 0.7, 0.3, 0.6], "realised_return": [0.01, 0.02, -0.01, -0.02]}
    >>> scores = score_forecasts(pd.DataFrame({"session": days, "ticker": "AAA", **rows}))
    >>> scores.accuracy, scores.base_rate, scores.chance, scores.ic
    (0.75, 0.5, 0.5, None)
    """
    scored = as_scored(frame)
    figures: Figures = {
        "n": len(scored),
        "n_sessions": int(scored["session"].nunique()),
        "n_tickers": int(scored["ticker"].nunique()),
        "n_unmoved": int((scored["realised_return"] == 0).sum()),
        **_direction(scored, horizon),
        **_skill(scored, horizon),
        **_probability(scored),
        **_information(scored, horizon),
        "seeds": _seeds(scored),
    }
    if bootstrap_seed is not None:
        hits = np.asarray(scored["up"] == scored["forecast_up"], dtype=np.float64)
        block = 2 * horizon if horizon > 1 else None
        figures["accuracy_bootstrap_ci"] = bootstrap_interval(
            hits, scored["session"].to_numpy(), seed=bootstrap_seed, block=block
        )
    scores = Scores.model_validate(figures)
    n_certain = int(scored["probability_up"].isin([0.0, 1.0]).sum())
    return scores.model_copy(update={"notes": tuple(_notes(scores, n_certain))})


def share_attained(
    score: float | None,
    best: float | None,
    *,
    measure: Literal["accuracy", "ic", "rank_ic", "log_loss", "qlike"],
    no_skill: float | None = None,
) -> float | None:
    """Return the share of the attainable that was found, where the best possible forecast is known.

    Parameters
    ----------
    score, best : float or None
        Of the forecast, and of the best possible one, such as the optimum of a simulated market.
    measure : {"accuracy", "ic", "rank_ic", "log_loss", "qlike"}
    no_skill : float, optional
        What a forecast without skill scores, for qlike, where no number is it on all rows. The constant variance that
        suits the rows best (`Optimum.qlike_constant`) is to qlike what a coin is to log loss: it says the same of every
        ticker and session, and tells none from another. Being fitted to the rows, it is the hardest such bar. A moving
        average of past variances is no zero: it knows most of what can be known of size, so the share left above it
        would measure the noise of a small difference.

    Returns
    -------
    float or None
        (accuracy - 0.5) / (best - 0.5), ic / best, (ln 2 - log_loss) / (ln 2 - best), (no_skill - qlike) / (no_skill -
        best): 1 is all, 0 nothing, below 0 worse than no skill. None where a score is missing, or the best has no more
        skill than that.

    Examples
    --------
    >>> round(share_attained(0.56, 0.58, measure="accuracy"), 4)
    0.75
    >>> round(share_attained(0.45, 0.43, measure="qlike", no_skill=0.63), 4)
    0.9
    """
    nothing, better = NO_SKILL[measure]
    nothing = nothing if no_skill is None else no_skill
    if score is None or best is None or not (math.isfinite(score) and math.isfinite(best)):
        return None
    return (score - nothing) / (best - nothing) if better * (best - nothing) > ROUNDING else None


def _direction(scored: Scored, horizon: int) -> Figures:
    up, forecast_up = scored["up"].to_numpy(), scored["forecast_up"].to_numpy()
    share_up, hits = float(up.mean()), (up == forecast_up).astype(float)
    return {
        "accuracy": accuracy(up, forecast_up),
        "accuracy_ci": clustered_interval(hits, scored["session"].to_numpy(), horizon=horizon),
        "base_rate": max(share_up, 1 - share_up),
        "share_up": share_up,
        "share_forecast_up": float(forecast_up.mean()),
        "balanced_accuracy": balanced_accuracy(up, forecast_up),
        "mcc": matthews_correlation(up, forecast_up),
        "auc": area_under_curve(up, scored["probability_up"].to_numpy()),
    }


def _skill(scored: Scored, horizon: int) -> Figures:
    from scipy import stats

    up, forecast_up, sessions = (scored[name].to_numpy() for name in ("up", "forecast_up", "session"))
    naive = pesaran_timmermann(up, forecast_up)
    clustered = pesaran_timmermann_clustered(up, forecast_up, sessions, horizon=horizon)
    tickers = np.asarray(scored["ticker"], dtype=object)
    serial = pesaran_timmermann_serial(up, forecast_up, sessions, tickers, horizon=horizon)
    edge_ci = None
    if clustered is not None:
        # The slope times this is the accuracy beyond chance, so its interval carries over.
        per_slope = 2 * float(forecast_up.mean()) * (1 - float(forecast_up.mean()))
        reach = float(stats.t.ppf(0.975, clustered.degrees_of_freedom)) * clustered.standard_error
        edge_ci = (per_slope * (clustered.estimate - reach), per_slope * (clustered.estimate + reach))
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


def _probability(scored: Scored) -> Figures:
    up, probability = scored["up"].to_numpy(), scored["probability_up"].to_numpy()
    base = np.full(len(up), up.mean())
    fitted = calibration(up, probability)
    parts = decompose_brier(up, probability)
    return {
        "brier": brier_score(up, probability),
        "brier_base": brier_score(up, base),
        "log_loss": log_loss(up, probability),
        "log_loss_base": log_loss(up, base),
        "calibration_intercept": None if fitted is None else fitted[0],
        "calibration_slope": None if fitted is None else fitted[1],
        "ece": expected_calibration_error(up, probability),
        "reliability": parts.reliability,
        "resolution": parts.resolution,
        "uncertainty": parts.uncertainty,
    }


def _information(scored: Scored, horizon: int) -> Figures:
    daily = daily_information(scored)
    figures: Figures = {"n_ic_sessions": len(daily)}
    for name in ("ic", "rank_ic"):
        summary = summarise_information(daily[name], horizon=horizon)
        figures[name] = None if summary is None else summary.mean
        figures[f"{name}_ratio"] = None if summary is None else summary.ratio
        figures[f"{name}_t"] = None if summary is None else summary.t
    return figures


def _seeds(scored: Scored) -> tuple[SeedScores, ...]:
    """Return the main scores of each member of the ensemble, in the order of their columns."""
    up = scored["up"].to_numpy()
    members = {str(name): scored[name].to_numpy() for name in scored.columns if str(name).startswith(SEED_PREFIX)}
    return tuple(
        SeedScores(
            seed=name.removeprefix(SEED_PREFIX),
            accuracy=accuracy(up, probability > 0.5),
            auc=area_under_curve(up, probability),
            brier=brier_score(up, probability),
            log_loss=log_loss(up, probability),
        )
        for name, probability in members.items()
    )


def _notes(scores: Scores, n_certain: int) -> list[str]:
    """Return a sentence for each figure that could not be computed, or needs a caution."""
    notes = []
    one_outcome, one_forecast = scores.share_up in (0, 1), scores.share_forecast_up in (0, 1)
    if one_outcome:
        notes.append(
            f"Every row went {'up' if scores.share_up else 'down or nowhere'}, so no test of direction is possible."
        )
    elif one_forecast:
        notes.append(
            f"Every forecast says {'up' if scores.share_forecast_up else 'not up'}, so there is no skill in direction "
            "to test."
        )
    elif scores.pt_clustered_t is None:
        notes.append("Hits don't vary between sessions, so the clustered test has no noise to measure skill against.")
    if scores.pt_serial_t is None and scores.pt_clustered_t is not None:
        notes.append(
            "What each ticker did and was forecast to do in the session before leaves nothing to test, or no such "
            "session is there, so there is no test that allows for runs."
        )
    if scores.calibration_slope is None:
        notes.append("Forecasts or outcomes don't vary enough to fit a calibration line.")
    if n_certain:
        notes.append(
            f"{n_certain} forecasts are exactly 0 or 1; the log loss counts a wrong one as 36, not as infinite."
        )
    if scores.n_ic_sessions < 2:
        notes.append(
            f"{scores.n_ic_sessions} sessions have {LEAST_TICKERS} tickers or more with different forecasts and "
            "returns; an information coefficient needs two."
        )
    return notes
