"""A model beside its baselines: each pair of them, and all together."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from stockseq.evaluate.comparison import compare_forecasts
from stockseq.evaluate.multiplicity import holm
from stockseq.evaluate.probability import log_losses
from stockseq.evaluate.scored import as_scored
from stockseq.evaluate.superior import superior_ability

MEASURES = ("accuracy", "log_loss")
LEAST_SESSIONS = 20


def compare_with_rivals(own: pd.DataFrame, rivals: Mapping[str, pd.DataFrame]) -> dict[str, dict[str, Any]]:
    """Return how much better or worse the model does than each rival, pair by pair on the same forecasts.

    Parameters
    ----------
    own : DataFrame
        As `score_forecasts` takes it.
    rivals : mapping of name to DataFrame
        The same of each rival.

    Returns
    -------
    dict of name to dict
        n, n_sessions, n_left_out, notes, and under accuracy and log_loss what `compare_forecasts` gives, with
        `p_holm`: p corrected for the number of rivals, one family a measure; None where nothing can be tested.

    Raises
    ------
    DataError
        If a table can't be scored, or two disagree about what was realised.

    References
    ----------
    Holm (1979), Scandinavian Journal of Statistics 6(2).

    Examples
    --------
    >>> days = pd.to_datetime(["2024-11-25", "2024-11-26", "2024-11-27"])
    >>> rows = pd.DataFrame({"session": days, "ticker": "AAA", "realised_return": [0.01, 0.02, -0.01]})
    >>> own, rival = rows.assign(probability_up=0.6), rows.assign(probability_up=[0.4, 0.6, 0.6])
    >>> round(compare_with_rivals(own, {"rival": rival})["rival"]["accuracy"]["p_holm"], 4)
    0.4226
    """
    compared = {name: compare_forecasts(own, rival) for name, rival in rivals.items()}
    for measure in MEASURES:
        tested = [name for name in compared if compared[name][measure]["p"] is not None]
        corrected = holm([compared[name][measure]["p"] for name in tested])
        for name in compared:
            compared[name][measure]["p_holm"] = None
        for name, p in zip(tested, corrected, strict=True):
            compared[name][measure]["p_holm"] = p
    return {
        name: {key: value for key, value in difference.items() if key != "brier"}
        for name, difference in compared.items()
    }


def compare_with_best(own: pd.DataFrame, rivals: Mapping[str, pd.DataFrame], *, seed: int) -> dict[str, Any]:
    """Return whether any rival has a lower log loss than the model, and the model a lower one than the best rival.

    Parameters
    ----------
    own, rivals
        As for `compare_with_rivals`; the rivals' rows are those of `own`.
    seed : int
        Of the bootstrap over sessions.

    Returns
    -------
    dict
        * any_better_p: of Hansen's test (consistent) that no rival is better than the model, all looked at together
        * best: the rival of the lowest log loss; better_than_best_p: that the model is no better than it. The best is
          chosen with hindsight, which speaks against the model.
        * n_sessions, n_rivals, note (a sentence where no test was possible, or None); p is None then.

    References
    ----------
    Hansen (2005), Journal of Business & Economic Statistics 23(4).
    """
    losses = pd.DataFrame({name: _session_losses(frame) for name, frame in rivals.items()})
    model = _session_losses(own).reindex(losses.index)
    # A rival that forecasts as the model does has no difference to resample.
    losses = losses.loc[:, [float(np.ptp(losses[name] - model)) > 1e-12 for name in losses]]
    figures: dict[str, Any] = {"n_sessions": len(model), "n_rivals": losses.shape[1]}
    if len(model) < LEAST_SESSIONS or losses.empty:
        note = (
            f"A test of all baselines together needs {LEAST_SESSIONS} sessions and one baseline that forecasts "
            f"otherwise than the model; there are {len(model)} and {losses.shape[1]}."
        )
        return {**figures, "any_better_p": None, "best": None, "better_than_best_p": None, "note": note}
    best = str(losses.mean().idxmin())
    any_better = superior_ability(model.to_numpy(), losses, seed=seed)
    better = superior_ability(losses[best].to_numpy(), model.to_frame("model"), seed=seed)
    return {
        **figures,
        "any_better_p": any_better.consistent,
        "best": best,
        "better_than_best_p": better.consistent,
        "note": None,
    }


def _session_losses(frame: pd.DataFrame) -> pd.Series:
    scored = as_scored(frame)
    losses = log_losses(scored["up"].to_numpy(), scored["probability_up"].to_numpy())
    return pd.Series(losses).groupby(scored["session"].to_numpy()).mean()
