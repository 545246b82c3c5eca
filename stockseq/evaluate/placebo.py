"""What a placebo shows: a run with one thing broken on purpose, judged against the same network on the true data."""

from typing import Literal, get_args

import pandas as pd

from stockseq.evaluate.comparison import compare_forecasts
from stockseq.evaluate.scores import score_forecasts
from stockseq.results import Result

Placebo = Literal["shuffled_labels", "late_features", "early_features"]
PLACEBOS: tuple[Placebo, ...] = get_args(Placebo)
# One run in a hundred is called suspicious by chance; at the usual 0.05 one in twenty would be.
SIZE = 0.01
SCORES = (
    "n",
    "n_sessions",
    "accuracy",
    "accuracy_ci",
    "base_rate",
    "chance",
    "edge",
    "pt_clustered_t",
    "pt_clustered_p",
)


class PlaceboResult(Result):
    """What one placebo found.

    Parameters
    ----------
    n, n_sessions, accuracy, accuracy_ci, base_rate, chance, edge, pt_clustered_t, pt_clustered_p
        As in `Scores`; None where it was not run.
    difference, difference_ci, difference_p
        Its accuracy less that of the run's first seed on the same rows.
    as_expected : bool or None
        None where it was not run.
    error : str or None
        Why it was not run.
    """

    n: int | None = None
    n_sessions: int | None = None
    accuracy: float | None = None
    accuracy_ci: tuple[float, float] | None = None
    base_rate: float | None = None
    chance: float | None = None
    edge: float | None = None
    pt_clustered_t: float | None = None
    pt_clustered_p: float | None = None
    difference: float | None = None
    difference_ci: tuple[float, float] | None = None
    difference_p: float | None = None
    as_expected: bool | None = None
    error: str | None = None

    @property
    def is_significant(self) -> bool:
        """Whether its accuracy differs from the run's beyond noise."""
        return self.difference_p is not None and self.difference_p < SIZE


def judge_placebo(
    name: Placebo, forecasts: pd.DataFrame, reference: pd.DataFrame, *, horizon: int = 0
) -> PlaceboResult:
    """Return what the placebo's forecasts show against those of the same network on the true data, on the same rows."""
    scores = score_forecasts(forecasts, horizon=horizon)
    difference = compare_forecasts(forecasts, reference, horizon=horizon).accuracy
    figures = PlaceboResult(
        **{key: getattr(scores, key) for key in SCORES},
        difference=difference.difference,
        difference_ci=difference.ci,
        difference_p=difference.p,
    )
    better = figures.is_significant and difference.difference > 0
    found = scores.pt_clustered_p is not None and scores.pt_clustered_p < SIZE
    expected = {"shuffled_labels": not found, "late_features": not better, "early_features": better}[name]
    return figures.model_copy(update={"as_expected": expected})
