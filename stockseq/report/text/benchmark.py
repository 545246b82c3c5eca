"""What a benchmark shows, and what it doesn't show, in sentences that follow from its scores."""

from collections.abc import Iterator

from stockseq.benchmarks.result import BenchmarkResult, Duel, PeriodScores, SampleScores, SkillTest
from stockseq.errors import counted, listed
from stockseq.evaluate.comparison import PairedTest
from stockseq.evaluate.power import sessions_needed
from stockseq.evaluate.significance import SIZE
from stockseq.report import format as wording

# The edge over chance that published models claim on this dataset, about; asked about where none was found.
CLAIMED_EDGE = 0.02
# Beyond these a next-day forecast is misaligned until shown otherwise; a rank IC that noise explains is explained.
INCREDIBLE_ACCURACY, INCREDIBLE_RANK_IC, BEYOND_NOISE = 0.60, 0.05, 2.0
PUBLISHED = (
    "A published figure needs its base rate: StockNet's 58.2% are of the 1,008 instances of the test quarter that have "
    "tweets on every lag day, 57.4% of which went up, so it was right on 8 instances more than always saying up."
)
# The forecaster that the run's record is of.
HEADLINER = "prices_and_text"
# The networks first, in the order of the table.
FORECASTERS = {
    "prices": "Network on prices",
    "prices_and_sentiment": "Network on prices and sentiment",
    "prices_and_text": "Network on prices and text",
    "logistic": "Logistic regression",
    "logistic_indicators": "Logistic regression, indicators",
    "logistic_sentiment": "Logistic regression, sentiment",
    "momentum_12_1": "Momentum 12-1",
    "momentum_60_5": "Momentum 60-5",
}
SAMPLES = {"all": "all instances", "tweeted": "tweets on every lag day"}


def forecaster_name(name: str) -> str:
    """Return a forecaster's name as a row has it.

    Examples
    --------
    >>> forecaster_name("prices_and_text"), forecaster_name("gradient_boosting")
    ('Network on prices and text', 'Gradient boosting')
    """
    return FORECASTERS.get(name) or wording.label(name)


def sample_title(period: PeriodScores, sample: SampleScores) -> str:
    """Return which period and sample, how many instances and dates, and the base rate."""
    scores = next(iter(sample.scores.values()))
    n = wording.count(scores.n)
    instances = n if scores.n == sample.n_instances else f"{n} of {wording.count(sample.n_instances)}"
    return (
        f"{period.title[:1].upper()}{period.title[1:]}, {SAMPLES[sample.name]}: {instances} instances, "
        f"{scores.n_sessions} dates, base rate {wording.percent(scores.base_rate)} "
        f"({'up' if scores.share_up >= 0.5 else 'down'})"
    )


def sample_summary(sample: SampleScores) -> str:
    """Return in one sentence which forecasters' intervals lie above the base rate."""
    names = [
        forecaster_name(name).lower()
        for name, scores in sample.scores.items()
        if scores.accuracy_ci[0] > scores.base_rate
    ]
    found = (
        f"these have their whole interval above the base rate, uncorrected for their number: {', '.join(names)}"
        if names
        else "none has an interval wholly above the base rate"
    )
    return f"Of {len(sample.scores)} forecasters, {found}."


def benchmark_sentences(result: BenchmarkResult) -> list[str]:
    """Return what was shown, what was not, how many dates it would take, what the data lack and what was published."""
    return [
        *_headline(result),
        _skill(result.skill),
        *_duels(result),
        _power(result),
        *_lacking(result),
        PUBLISHED,
        *doubts(result),
    ]


def doubts(result: BenchmarkResult) -> list[str]:
    """Return a warning of the scores that are too good to be believed and no noise, empty where there is none."""
    found = []
    for period, sample in _each_sample(result):
        where = f"in the {period.name} period, {SAMPLES[sample.name]}"
        for name, scores in sample.scores.items():
            words = forecaster_name(name).lower()
            if scores.accuracy > INCREDIBLE_ACCURACY and scores.accuracy_ci[0] > scores.base_rate:
                found.append(f"{words} has an accuracy of {wording.percent(scores.accuracy)} {where}")
            if (scores.rank_ic or 0) > INCREDIBLE_RANK_IC and (scores.rank_ic_t or 0) > BEYOND_NOISE:
                found.append(f"{words} has a rank IC of {wording.number(scores.rank_ic)} {where}")
    if not found:
        return []
    return [
        f"Too good to be believed: {'; '.join(found)}.",
        "Until explained, take that for a misalignment, not for skill.",
    ]


def duel_title(duel: Duel) -> str:
    """Return which news is compared with none, and where."""
    return f"{duel.better.removeprefix('prices_and_')} ({duel.period}, {SAMPLES[duel.sample]})"


def gain(test: PairedTest) -> str:
    """Return a difference in accuracy with its interval, in points.

    Examples
    --------
    >>> gain(PairedTest(difference=0.01, standard_error=0.004, n_sessions=99, ci=(0.002, 0.018)))
    '+1.0 points [+0.2 to +1.8]'
    """
    difference, low, high = (wording.points(value) for value in (test.difference, *test.ci))
    return f"{difference} points [{low} to {high}]"


def _headline(result: BenchmarkResult) -> list[str]:
    period = result.main
    records = [_record(period, sample) for sample in period.samples]
    records += [_record(other, other.samples[0]) for other in result.periods if other.name == "next" and other.samples]
    scores = period.samples[0].scores[HEADLINER]
    return [
        f"The ensemble of {counted(result.n_seeds, 'network')} on prices and text named the direction of "
        f"{listed(records)}.",
        f"Of all instances of the {period.name} period it called {wording.percent(scores.share_forecast_up)} up, and "
        f"{wording.percent(scores.share_up)} went up.",
    ]


def _record(period: PeriodScores, sample: SampleScores) -> str:
    scores = sample.scores[HEADLINER]
    low, high = map(wording.percent, scores.accuracy_ci)
    return (
        f"{wording.percent(scores.accuracy)} of {wording.count(scores.n)} instances on {scores.n_sessions} dates of "
        f"the {period.name} period ({SAMPLES[sample.name]}; 95% interval clustered by date {low} to {high}, base rate "
        f"{wording.percent(scores.base_rate)})"
    )


def _skill(tests: tuple[SkillTest, ...]) -> str:
    n, kind = len(tests), "tests of skill (Pesaran-Timmermann, clustered by date)"
    n_below = sum(test.p < SIZE for test in tests)
    if not n_below:
        return f"Of {n} {kind}, none has p below {SIZE}."
    shown = [
        f"{forecaster_name(test.forecaster).lower()} ({test.period}, {SAMPLES[test.sample]}; p "
        f"{wording.p_value(test.p_holm)}{'' if test.above_base_rate else ', though below the base rate'})"
        for test in tests
        if test.p_holm < SIZE
    ]
    found = f"skill is shown for {listed(shown)}" if shown else "none is left"
    return (
        f"Of {n} {kind}, {n_below} {'has' if n_below == 1 else 'have'} p below {SIZE}, where chance alone would give "
        f"about {SIZE * n:.1f}; after Holm's correction {found}."
    )


def _duels(result: BenchmarkResult) -> list[str]:
    if not result.duels:
        return []
    shown = [duel_title(duel) for duel in result.duels if duel.p_holm is not None and duel.p_holm < SIZE]
    found = f"shown for {listed(shown)}" if shown else "not distinguishable from none"
    gains = [f"{duel_title(duel)} {gain(duel.accuracy)}" for duel in result.duels if duel.period == result.main_period]
    return [
        f"What news adds to the network on prices alone is {found} (paired by instance, clustered by date, Holm over "
        f"{len(result.duels)}): {listed(gains)}."
    ]


def _power(result: BenchmarkResult) -> str:
    period = result.main
    scores = period.samples[0].scores[HEADLINER]
    needed = sessions_needed(CLAIMED_EDGE, scores.n / scores.n_sessions, scores.rho_hit or 0.0)
    return (
        f"To tell an edge of {100 * CLAIMED_EDGE:.0f} points over chance from luck would take about "
        f"{wording.count(needed)} dates like these; the {period.name} period has {scores.n_sessions}."
    )


def _lacking(result: BenchmarkResult) -> list[str]:
    if not result.lacking:
        return []
    periods = listed([f"{period.title} ({period.first} to {period.end})" for period in result.lacking])
    end = max(period.last_held for period in result.periods if period.last_held is not None)
    them = "it" if len(result.lacking) == 1 else "them"
    return [f"The data end on {end} and lack {periods}, so nothing is said of {them}."]


def _each_sample(result: BenchmarkResult) -> Iterator[tuple[PeriodScores, SampleScores]]:
    return ((period, sample) for period in result.periods for sample in period.samples)
