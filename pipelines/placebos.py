"""Three runs that must go wrong in a known way: on shuffled labels, on features a session late, and a session early."""

from collections.abc import Iterator, Mapping
from dataclasses import fields, replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from pipelines.context import Context
from pipelines.prepare import Prepared
from pipelines.train import fit
from stockseq.dataset.panel import Panel
from stockseq.dataset.samples import Samples
from stockseq.dataset.walk_forward import Fold
from stockseq.dataset.windows import window_ends
from stockseq.errors import StockseqError
from stockseq.evaluate.comparison import compare_forecasts
from stockseq.evaluate.scores import score_forecasts

# A week: long enough that what lasts some days stays inside a block.
BLOCK_SESSIONS = 5
# One run in a hundred is called suspicious by chance; at the usual 0.05 one in twenty would be.
SIZE = 0.01
KEPT = ("n", "n_sessions", "accuracy", "accuracy_ci", "base_rate", "chance", "edge", "pt_clustered_t", "pt_clustered_p")


def run_placebos(context: Context, prepared: Prepared, fold: Fold, own: pd.DataFrame) -> dict[str, dict[str, Any]]:
    """Fit one network of the run's own kind for each placebo on a fold, and return what it found.

    Parameters
    ----------
    context : Context
        Of the run; one seed is fitted, the first.
    prepared : Prepared
    fold : Fold
        The last one.
    own : DataFrame
        The run's forecasts on the fold's test sessions, with the column of the first seed.

    Returns
    -------
    dict of shuffled_labels, late_features, early_features
        n, n_sessions, accuracy, accuracy_ci, base_rate, chance, edge, pt_clustered_t and pt_clustered_p of the placebo;
        difference, its accuracy less that of the run's own first seed on the same rows, with difference_ci and
        difference_p; as_expected (True, False, or None where nothing is expected or could be tested) and verdict, a
        sentence. What could not be run has None for numbers and says why.
    """
    one_seed = context.settings.training.model_copy(update={"n_seeds": 1})
    alone = replace(context, settings=context.settings.model_copy(update={"training": one_seed}))
    honest = own.assign(probability_up=own[f"probability_up_seed_{one_seed.seed}"])
    results = {}
    for name, samples in _placebo_samples(alone, prepared, fold):
        context.say(f"Placebo: {name.replace('_', ' ')}")
        try:
            results[name] = _judge(name, _forecast(alone, prepared, fold, samples), honest)
        except StockseqError as error:
            results[name] = {**dict.fromkeys(KEPT), "as_expected": None, "verdict": f"Not run: {error}"}
    return results


def shuffle_labels(samples: Samples, sessions: pd.DatetimeIndex, *, seed: int) -> Samples:
    """Return the samples with the labels of other sessions, whole blocks of five sessions together.

    All tickers of a session get the labels of one other session, each ticker its own: what the tickers have in common,
    and what lasts some days, stays. No block keeps its own labels. Samples whose ticker has no label there are left
    out.

    Parameters
    ----------
    samples : Samples
    sessions : DatetimeIndex
        Those whose labels trade places; samples of other sessions stay as they are.
    seed : int
    """
    blocks = np.split(np.arange(len(sessions)), np.arange(BLOCK_SESSIONS, len(sessions), BLOCK_SESSIONS))
    cycle = np.random.default_rng(seed).permutation(len(blocks))
    # One cycle through all blocks leaves none in its place.
    order = np.empty(len(blocks), dtype=np.int64)
    order[cycle] = np.roll(cycle, 1)
    source = sessions[np.concatenate([blocks[block] for block in order])]
    origin = pd.Series(source, index=sessions).reindex(pd.DatetimeIndex(samples.session))
    origin = origin.fillna(pd.Series(samples.session, index=origin.index))
    places = pd.Series(np.arange(len(samples)), index=pd.MultiIndex.from_arrays([samples.ticker, samples.session]))
    taken = places.reindex(pd.MultiIndex.from_arrays([samples.ticker, origin.to_numpy()])).to_numpy()
    kept = ~np.isnan(taken)
    rows = taken[kept].astype(np.int64)
    return replace(
        _where(samples, kept),
        realised_return=samples.realised_return[rows],
        up=samples.up[rows],
        target=samples.target[rows],
    )


def shift_features(panel: Panel, samples: Samples, *, by: int, lookback: int, sessions: pd.DatetimeIndex) -> Samples:
    """Return the samples with windows that end `by` rows later (or earlier), on the next (or last) session exactly.

    Samples whose ticker has no window there are left out.
    """
    moved = samples.ends + by
    inside = (moved >= 0) & (moved < len(panel))
    safe = np.where(inside, moved, samples.ends)
    tickers, calendar = panel.keys["ticker"].to_numpy(), sessions.searchsorted(panel.keys["session"].to_numpy())
    neighbour = (tickers[safe] == tickers[samples.ends]) & (calendar[safe] - calendar[samples.ends] == by)
    whole = np.isin(safe, window_ends(panel.keys, lookback, sessions=sessions))
    kept = inside & neighbour & whole
    return replace(_where(samples, kept), ends=moved[kept])


def _placebo_samples(context: Context, prepared: Prepared, fold: Fold) -> Iterator[tuple[str, Samples]]:
    settings, sessions = context.settings, context.calendar.sessions
    trained = fold.train.union(fold.validation)
    yield "shuffled_labels", shuffle_labels(prepared.samples, trained, seed=settings.training.seed)
    for name, by in (("late_features", -1), ("early_features", 1)):
        lookback = settings.network.lookback
        yield name, shift_features(prepared.panel, prepared.samples, by=by, lookback=lookback, sessions=sessions)


def _forecast(context: Context, prepared: Prepared, fold: Fold, samples: Samples) -> pd.DataFrame:
    """Fit on the fold and return the forecasts of its test sessions beside what was realised."""
    model = fit(context, replace(prepared, samples=samples), fold)
    test = samples.on(fold.test)
    # Panel and samples are in one order, and the forecasts keep it, whatever session their windows end on.
    forecasts = model.forecast(prepared.panel, test.ends)
    return pd.DataFrame(
        {
            "ticker": test.ticker,
            "session": test.session,
            "probability_up": forecasts["probability_up"].to_numpy(),
            "realised_return": test.realised_return,
        }
    ).astype({"ticker": "str"})


def _judge(name: str, forecasts: pd.DataFrame, honest: pd.DataFrame) -> dict[str, Any]:
    scores = score_forecasts(forecasts).to_dict()
    against = compare_forecasts(forecasts, honest).accuracy
    figures = {key: scores[key] for key in KEPT} | {
        "difference": against.difference,
        "difference_ci": against.ci,
        "difference_p": against.p,
    }
    as_expected, verdict = _finding(name, figures)
    return {**figures, "as_expected": as_expected, "verdict": verdict}


def _finding(name: str, figures: Mapping[str, Any]) -> tuple[bool, str]:
    """Return whether the placebo went as it should, and a sentence that says so or says what that means."""
    accuracy, chance = (f"{100 * figures[key]:.1f}%" for key in ("accuracy", "chance"))
    points = f"{100 * figures['difference']:+.1f} points"
    told = figures["difference_p"] is not None and figures["difference_p"] < SIZE
    if name == "shuffled_labels":
        p = figures["pt_clustered_p"]
        if p is None or p >= SIZE:
            beyond = "one direction throughout" if p is None else f"p {p:.2f}"
            return True, f"nothing found, as it should be (accuracy {accuracy}, chance {chance}, {beyond})"
        return False, (
            f"SOMETHING FOUND WHERE NOTHING IS: accuracy {accuracy} where chance gives {chance} (p {p:.4f}), so labels "
            "reach the forecasts by another way than the features, and no figure of this run can be believed"
        )
    if name == "late_features":
        if told and figures["difference"] > 0:
            return False, (
                f"BETTER ON OLDER FEATURES: {points} of accuracy beside the same network on time, so the newest "
                "session may be misaligned"
            )
        low, high = figures["difference_ci"]
        worth = f"{-100 * figures['difference']:+.1f} points of accuracy [{-100 * high:+.1f}, {-100 * low:+.1f}]"
        return True, f"the newest session is worth {worth}{'' if told else ', not told from none'}"
    if told and figures["difference"] > 0:
        return True, f"it jumps by {points} to {accuracy}, as it should, so a look ahead would have been seen"
    return False, (
        f"NO JUMP: {points} of accuracy to {accuracy} with the outcome in sight, so this network would not have shown "
        "a look ahead, and what it doesn't find proves nothing"
    )


def _where(samples: Samples, mask: npt.NDArray[np.bool_]) -> Samples:
    arrays = {field.name: getattr(samples, field.name)[mask] for field in fields(samples) if field.name != "dropped"}
    return replace(samples, **arrays)
