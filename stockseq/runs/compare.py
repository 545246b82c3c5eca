"""Two runs or more on what all of them did: the same forecasts, the same sessions, the settings that differ."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import pairwise
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pandas as pd

from stockseq.backtest.performance import compute_returns
from stockseq.dataset.labels import OPEN_TO_CLOSE, parse_label
from stockseq.errors import StockseqError, listed, nearest
from stockseq.evaluate.comparison import PairedTest, compare_forecasts
from stockseq.evaluate.multiplicity import holm
from stockseq.evaluate.ranking import daily_ranks
from stockseq.evaluate.scored import KEY
from stockseq.evaluate.significance import SIZE, mean_over_time
from stockseq.results import Result
from stockseq.runs.folder import find_run, newest_names, no_run, run_names
from stockseq.runs.summary import DAMAGED, RunSummary, read_settings, record_table, summarise_run

# The recipes whose runs leave forecasts of one model with their outcomes.
COMPARABLE = ("backtest", "daily", "train")
LATEST = "latest"
# As many as a picture can tell apart.
MOST_RUNS = 5
MEASURES = ("accuracy", "log_loss", "rank_ic", "daily_return")

Reason = Literal["other_trade", "no_common_forecasts", "other_outcomes"]


class Difference(Result):
    """How much the first of two runs is above the second, where both did the same.

    Parameters
    ----------
    difference : float
        Mean of the paired differences; a fraction, or of rank correlations.
    ci : (low, high) or None
        95 %; None where nothing varies.
    p, p_holm : float or None
        Two-sided, and corrected for the number of pairs, one family a measure.
    n_sessions : int
    """

    difference: float
    ci: tuple[float, float] | None
    p: float | None
    n_sessions: int
    p_holm: float | None = None

    @property
    def is_significant(self) -> bool:
        """Whether the difference is beyond noise after Holm's correction."""
        return self.p_holm is not None and self.p_holm < SIZE


class RunPair(Result):
    """The first run less the second; what could not be compared is None.

    Parameters
    ----------
    first, second : str
        Names of the runs.
    reason : str or None
        Why forecasts are not compared: another trade, none in common, or not one with the same outcome.
    n, n_sessions : int
        Forecasts that both made of the same outcome, and their sessions.
    n_only_first, n_only_second : int
        Forecasts that one alone made.
    n_other_outcome : int
        Forecasts of both whose outcomes differ, as after a correction of the bar; they are left out.
    start, end : date or None
        Sessions of the forecasts compared.
    accuracy, log_loss : Difference or None
        Clustered by session; a positive accuracy and a negative log loss speak for the first.
    rank_ic, daily_return : Difference or None
        Means over sessions that allow for autocorrelation; returns are those of the accounts after costs.
    """

    first: str
    second: str
    reason: Reason | None = None
    n: int = 0
    n_sessions: int = 0
    n_only_first: int = 0
    n_only_second: int = 0
    n_other_outcome: int = 0
    start: date | None = None
    end: date | None = None
    accuracy: Difference | None = None
    log_loss: Difference | None = None
    rank_ic: Difference | None = None
    daily_return: Difference | None = None


class RunComparison(Result):
    """Runs, the settings that differ between them, and the first less each other.

    Parameters
    ----------
    runs : tuple of RunSummary
        In the order in which they were named.
    settings : mapping of dotted name to tuple of str or None
        What each run had, where not all had the same; None where a run has no such setting.
    pairs : tuple of RunPair
    """

    runs: tuple[RunSummary, ...]
    settings: dict[str, tuple[str | None, ...]]
    pairs: tuple[RunPair, ...]


@dataclass(frozen=True)
class _Run:
    summary: RunSummary
    settings: Mapping[str, Any]
    forecasts: pd.DataFrame
    equity: pd.Series | None

    @property
    def horizon(self) -> int:
        return parse_label(self.summary.label or OPEN_TO_CLOSE)


def find_runs(root: Path, names: Sequence[str], *, now: pd.Timestamp | None = None) -> list[Path]:
    """Return the folders of runs by their names, unique beginnings of them, or `latest`.

    Parameters
    ----------
    root : Path
        The local folder in which `runs` lies.
    names : sequence of str
        Two to `MOST_RUNS` different runs.
    now : Timestamp, tz-aware, optional
        `latest` is the newest run that there was then.

    Raises
    ------
    StockseqError
        If there are fewer or more, a name fits no run or several, or two name the same.
    """
    present = run_names(root)
    if not present:
        raise no_run(root)
    if not 2 <= len(names) <= MOST_RUNS:
        raise StockseqError(
            f'A comparison takes two to {MOST_RUNS} runs, as in make compare RUNS="{present[-1]} latest", received '
            f"{len(names)}. There are: {', '.join(present[-5:])}."
        )
    folders = [
        find_run(root, None, now=now) if name == LATEST else root / "runs" / _named(name, present) for name in names
    ]
    seen: dict[str, str] = {}
    for name, folder in zip(names, folders, strict=True):
        if folder.name in seen:
            raise StockseqError(
                f"{seen[folder.name]} and {name} are the same run, {folder.name}, which doesn't differ from itself. "
                f"There are: {', '.join(present[-5:])}."
            )
        seen[folder.name] = name
    return folders


def compare_runs(folders: Sequence[Path]) -> RunComparison:
    """Compare the first run with each other one, on the forecasts and sessions that both have; no run is changed.

    Parameters
    ----------
    folders : sequence of Path
        Two or more, as `find_runs` gives them.

    Raises
    ------
    StockseqError
        If a run is of a recipe that can't be compared, a file of it is damaged, or no two share a session.

    References
    ----------
    Holm (1979), Scandinavian Journal of Statistics 6(2); see `compare_forecasts` and `mean_over_time` for the tests.
    """
    runs = [_load(folder) for folder in folders]
    pairs = [_pair(runs[0], other) for other in runs[1:]]
    if not any(
        pair.daily_return or _share_sessions(runs[0], other) for pair, other in zip(pairs, runs[1:], strict=True)
    ):
        spans = listed([f"{run.summary.name} has {run.summary.first} to {run.summary.last}" for run in runs])
        raise StockseqError(
            f"These runs share no session, so there is nothing to compare: {spans}. Name runs of the same stretch."
        )
    names = dict.fromkeys(name for run in runs for name in run.settings)
    values = {name: tuple(run.settings.get(name) for run in runs) for name in names}
    return RunComparison(
        runs=tuple(run.summary for run in runs),
        settings={
            name: tuple(None if value is None else str(value) for value in row)
            for name, row in values.items()
            if any(left != right for left, right in pairwise(row))
        },
        pairs=tuple(_correct(pairs)),
    )


def common_equity(folders: Sequence[Path], comparison: RunComparison) -> pd.DataFrame | None:
    """Return the equity of those runs that simulated trading on the same data, on the sessions that all of these have.

    Parameters
    ----------
    folders : sequence of Path
    comparison : RunComparison
        That of `compare_runs`, which says whose data is another.

    Returns
    -------
    DataFrame of n_sessions rows, or None where fewer than two runs have two such sessions
        A column a run, in money.
    """
    apart = {pair.second for pair in comparison.pairs if pair.reason == "other_outcomes"}
    runs = [_load(folder) for folder in folders if folder.name not in apart]
    curves = {run.summary.name: run.equity for run in runs if run.equity is not None}
    if len(curves) < 2:
        return None
    frame = pd.concat(curves, axis=1, join="inner").dropna()
    return frame if len(frame) > 1 else None


def _named(name: str, present: Sequence[str]) -> str:
    if name in present:
        return name
    found = [run for run in present if run.startswith(name)]
    if len(found) == 1:
        return found[0]
    if found:
        some = ", ".join(found[:5]) + (", ..." if len(found) > 5 else "")
        raise StockseqError(f"{name} is the beginning of {len(found)} runs: {some}. Give more of the name.")
    raise StockseqError(f"There is no run {name}; {nearest(name, present, newest_names(present))}")


def _load(folder: Path) -> _Run:
    summary = summarise_run(folder)
    if summary.damage is not None:
        raise _damaged(folder, summary.damage)
    recipe = summary.recipe or ""
    if recipe not in COMPARABLE:
        raise StockseqError(
            f"{folder.name} is a run of {recipe}, which leaves no forecasts of one model; runs of "
            f"{listed(COMPARABLE)} are compared."
        )
    try:
        forecasts = pd.read_parquet(record_table(folder, recipe))
        forecasts = forecasts[forecasts["realised_return"].notna()]
        path = folder / "equity.parquet"
        equity = pd.read_parquet(path).set_index("session")["strategy"].astype(float) if path.exists() else None
        return _Run(summary, read_settings(folder), forecasts, equity)
    except DAMAGED as error:
        raise _damaged(folder, f"{type(error).__name__}: {error}"[:200]) from error


def _damaged(folder: Path, what: str) -> StockseqError:
    return StockseqError(
        f"{folder.name} can't be compared: a file of it is damaged ({what}). Put {folder} back from a copy, or run "
        "again."
    )


def _share_sessions(first: _Run, second: _Run) -> bool:
    return bool(first.forecasts["session"].isin(second.forecasts["session"]).any())


def _pair(first: _Run, second: _Run) -> RunPair:
    names = {"first": first.summary.name, "second": second.summary.name}
    money = {"daily_return": _daily_return(first, second)}
    if first.horizon != second.horizon:
        return RunPair.model_validate({**names, "reason": "other_trade", **money})
    keys = [*KEY, "realised_return"]
    both = first.forecasts[keys].merge(second.forecasts[keys], on=KEY, suffixes=("_first", "_second"))
    same = np.isclose(both["realised_return_first"], both["realised_return_second"], rtol=1e-9, atol=1e-12)
    common = both.loc[same, KEY]
    counts = {
        "n": len(common),
        "n_sessions": int(common["session"].nunique()),
        "n_only_first": len(first.forecasts) - len(both),
        "n_only_second": len(second.forecasts) - len(both),
        "n_other_outcome": int((~same).sum()),
    }
    if counts["n_sessions"] < 2:
        if counts["n_other_outcome"]:
            # Of another market, money says nothing either.
            return RunPair.model_validate({**names, **counts, "reason": "other_outcomes"})
        return RunPair.model_validate({**names, **counts, "reason": "no_common_forecasts", **money})
    a, b = (run.forecasts.merge(common, on=KEY) for run in (first, second))
    compared = compare_forecasts(a, b, horizon=first.horizon)
    span = {"start": common["session"].min().date(), "end": common["session"].max().date()}
    tests = {"accuracy": _tested(compared.accuracy), "log_loss": _tested(compared.log_loss)}
    return RunPair.model_validate(
        {**names, **counts, **span, **tests, "rank_ic": _rank_ic(a, b, first.horizon), **money}
    )


def _rank_ic(a: pd.DataFrame, b: pd.DataFrame, horizon: int) -> Difference | None:
    daily = pd.concat([daily_ranks(a)["rank_ic"], daily_ranks(b)["rank_ic"]], axis=1, join="inner").to_numpy()
    return _mean(daily[:, 0] - daily[:, 1], horizon)


def _daily_return(first: _Run, second: _Run) -> Difference | None:
    if first.equity is None or second.equity is None:
        return None
    returns = pd.concat([compute_returns(first.equity), compute_returns(second.equity)], axis=1, join="inner").dropna()
    values = returns.to_numpy(dtype=np.float64)
    return _mean(values[:, 0] - values[:, 1], max(first.horizon, second.horizon))


def _mean(values: np.ndarray, horizon: int) -> Difference | None:
    if len(values) < 2:
        return None
    test = mean_over_time(values, horizon=horizon)
    mean = float(values.mean())
    # The same in every session: known without a test.
    return Difference(
        difference=mean if test is None else test.mean,
        ci=None if test is None else test.ci,
        p=None if test is None else test.p,
        n_sessions=len(values),
    )


def _tested(test: PairedTest) -> Difference:
    varies = test.z is not None
    return Difference(difference=test.difference, ci=test.ci if varies else None, p=test.p, n_sessions=test.n_sessions)


def _correct(pairs: Sequence[RunPair]) -> list[RunPair]:
    """Return the pairs with Holm's correction for their number, one family a measure."""
    corrected = list(pairs)
    for measure in MEASURES:
        tests: list[Difference | None] = [getattr(pair, measure) for pair in pairs]
        p_values = holm([None if test is None else test.p for test in tests])
        for number, (test, p_holm) in enumerate(zip(tests, p_values, strict=True)):
            if test is not None:
                changed = {measure: test.model_copy(update={"p_holm": p_holm})}
                corrected[number] = corrected[number].model_copy(update=changed)
    return corrected
