"""What a benchmark found: every forecaster's scores in every period and sample, and the tests over all of them."""

import html
from typing import Literal

from stockseq.errors import counted
from stockseq.evaluate.comparison import Comparison
from stockseq.evaluate.scores import Scores
from stockseq.evaluate.significance import SIZE
from stockseq.results import Result

SampleName = Literal["all", "tweeted"]


class PeriodExtent(Result):
    """One period of the protocol, `end` excluded, and what of it the folder holds.

    Parameters
    ----------
    name, title : str
    first, end : str
        Dates.
    last_held : str or None
        The last session with an instance; None without one.
    n_instances : int
    """

    name: str
    title: str
    first: str
    end: str
    last_held: str | None
    n_instances: int


class TrainingPeriod(PeriodExtent):
    """The training period, with how many of its instances have inputs."""

    n_with_inputs: int


class SampleScores(Result):
    """The scores of every forecaster on one sample: all instances, or those with tweets on every lag day."""

    name: SampleName
    n_instances: int
    scores: dict[str, Scores]


class PeriodScores(PeriodExtent):
    """A scored period with its samples; `too_small` has the size of a sample of fewer than two sessions."""

    samples: tuple[SampleScores, ...]
    too_small: dict[SampleName, int]


class SkillTest(Result):
    """The clustered Pesaran-Timmermann test of one forecaster; `p_holm` is corrected over all of the benchmark."""

    period: str
    sample: SampleName
    forecaster: str
    p: float
    p_holm: float
    above_base_rate: bool


class Duel(Comparison):
    """Two networks on the same instances; `p` is that of accuracy, `p_holm` corrected over all duels."""

    period: str
    sample: SampleName
    better: str
    than: str
    p: float | None
    p_holm: float | None


class BenchmarkResult(Result):
    """The scores of a published dataset's protocol.

    Parameters
    ----------
    dataset : str
    n_seeds : int
        Networks of each ensemble.
    data : str
        A hash of inputs and moves.
    main_period : str
        The period that the run's record is of.
    periods : tuple of PeriodScores
    lacking : tuple of PeriodExtent
        Those that the folder ends before.
    train : TrainingPeriod
    skill : tuple of SkillTest
        Of every forecaster, period and sample that can be tested.
    duels : tuple of Duel
        What either kind of news adds to prices.
    """

    dataset: str = "stocknet"
    n_seeds: int
    data: str = ""
    main_period: str
    periods: tuple[PeriodScores, ...]
    lacking: tuple[PeriodExtent, ...]
    train: TrainingPeriod
    skill: tuple[SkillTest, ...]
    duels: tuple[Duel, ...]

    @property
    def main(self) -> PeriodScores:
        """The period that the run's record is of."""
        return next(period for period in self.periods if period.name == self.main_period)

    def __repr__(self) -> str:
        shown = [test.forecaster for test in self.skill if test.p_holm < SIZE]
        n = sum(len(sample.scores) for period in self.periods for sample in period.samples)
        return (
            f"BenchmarkResult({counted(len(self.main.samples[0].scores), 'forecaster')}, {n} records in "
            f"{counted(len(self.periods), 'period')}; skill is shown for {', '.join(shown) or 'none'})"
        )

    def _repr_html_(self) -> str:
        rows = "".join(
            f"<tr><td>{period.name}, {sample.name}</td><td>{html.escape(name)}</td><td>{scores.n:,}</td>"
            f"<td>{100 * scores.accuracy:.1f}%</td><td>{100 * scores.base_rate:.1f}%</td></tr>"
            for period in self.periods
            for sample in period.samples
            for name, scores in sample.scores.items()
        )
        head = "".join(f"<th>{name}</th>" for name in ("Sample", "Forecaster", "Instances", "Accuracy", "Base rate"))
        return f"<table><caption>{html.escape(repr(self))}</caption><tr>{head}</tr>{rows}</table>"
