"""What a benchmark shows, in one paragraph that also says what it doesn't show."""

from collections.abc import Mapping, Sequence
from typing import Any

from stockseq.errors import counted
from stockseq.evaluate.power import sessions_needed
from stockseq.report import format as wording

SIZE = 0.05
# The edge over chance that published models claim on this dataset, about; asked about where none was found.
CLAIMED_EDGE = 0.02
# Beyond these a next-day forecast is misaligned until shown otherwise; a rank IC that noise explains is explained.
INCREDIBLE_ACCURACY, INCREDIBLE_RANK_IC, BEYOND_NOISE = 0.60, 0.05, 2.0
PUBLISHED = (
    "A published figure needs its base rate: StockNet's 58.2% are of the 1,008 instances of the test quarter that have "
    "tweets on every lag day, 57.4% of which went up, so it was right on 8 instances more than always saying up."
)
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


def forecaster(name: str) -> str:
    """Return a forecaster's name in words.

    Examples
    --------
    >>> forecaster("prices_and_text"), forecaster("gradient_boosting")
    ('Network on prices and text', 'Gradient boosting')
    """
    return FORECASTERS.get(name) or wording.label(name)


def sample_title(period: Mapping[str, Any], sample: Mapping[str, Any]) -> str:
    """Return which period and sample, how many instances and dates, and the base rate.

    Examples
    --------
    >>> scores = {"prices": {"n": 640, "n_sessions": 39, "base_rate": 0.52, "share_up": 0.48}}
    >>> sample_title({"title": "development"}, {"name": "tweeted", "n_instances": 650, "scores": scores})
    'Development, tweets on every lag day: 640 of 650 instances, 39 dates, base rate 52.0% (down)'
    """
    scores = next(iter(sample["scores"].values()))
    n, instances = scores["n"], sample["n_instances"]
    counted = wording.count(n) if n == instances else f"{wording.count(n)} of {wording.count(instances)}"
    title = str(period["title"])
    return (
        f"{title[:1].upper()}{title[1:]}, {SAMPLES[sample['name']]}: {counted} instances, "
        f"{scores['n_sessions']} dates, base rate {wording.percent(scores['base_rate'])} "
        f"({'up' if scores['share_up'] >= 0.5 else 'down'})"
    )


def paragraph(benchmark: Mapping[str, Any]) -> str:
    """Return what was shown, what was not, how many dates it would take, what the data lack and what was published.

    Parameters
    ----------
    benchmark : mapping
        `metrics["benchmark"]` of a run.
    """
    sentences = [_headline(benchmark), _skill(benchmark["skill"]), _duels(benchmark), _power(benchmark)]
    sentences += [_lacking(benchmark), PUBLISHED, doubts(benchmark)]
    return " ".join(sentence for sentence in sentences if sentence)


def doubts(benchmark: Mapping[str, Any]) -> str:
    """Return a sentence on the scores that are too good to be believed and no noise, empty where there is none."""
    told = []
    for period, sample in _samples(benchmark):
        where = f"in the {period['name']} period, {SAMPLES[sample['name']]}"
        for name, scores in sample["scores"].items():
            if scores["accuracy"] > INCREDIBLE_ACCURACY and scores["accuracy_ci"][0] > scores["base_rate"]:
                told.append(
                    f"{forecaster(name).lower()} has an accuracy of {wording.percent(scores['accuracy'])} {where}"
                )
            if (scores["rank_ic"] or 0) > INCREDIBLE_RANK_IC and (scores["rank_ic_t"] or 0) > BEYOND_NOISE:
                told.append(f"{forecaster(name).lower()} has a rank IC of {wording.number(scores['rank_ic'])} {where}")
    if not told:
        return ""
    return f"Too good to be believed: {'; '.join(told)}. Until explained, take that for a misalignment, not for skill."


def _headline(benchmark: Mapping[str, Any]) -> str:
    period = _main(benchmark)
    others = [other for other in benchmark["periods"] if other["name"] == "next" and other["samples"]]
    told = [_record(period, sample) for sample in period["samples"]]
    told += [_record(other, other["samples"][0]) for other in others]
    first = period["samples"][0]["scores"]["prices_and_text"]
    return (
        f"The ensemble of {counted(benchmark['n_seeds'], 'network')} on prices and text named the direction of "
        f"{_listed(told)}. Of all instances of the {period['name']} period it called "
        f"{wording.percent(first['share_forecast_up'])} up, "
        f"and {wording.percent(first['share_up'])} went up."
    )


def _record(period: Mapping[str, Any], sample: Mapping[str, Any]) -> str:
    scores = sample["scores"]["prices_and_text"]
    return (
        f"{wording.percent(scores['accuracy'])} of {wording.count(scores['n'])} instances on {scores['n_sessions']} "
        f"dates of the {period['name']} period ({SAMPLES[sample['name']]}; 95% interval clustered by date "
        f"{_interval(scores['accuracy_ci'])}, base rate {wording.percent(scores['base_rate'])})"
    )


def _skill(tests: Sequence[Mapping[str, Any]]) -> str:
    below = [test for test in tests if test["p"] < SIZE]
    shown = [
        f"{forecaster(test['forecaster']).lower()} ({test['period']}, {SAMPLES[test['sample']]}; p "
        f"{wording.p_value(test['p_holm'])}{'' if test['above_base_rate'] else ', though below the base rate'})"
        for test in tests
        if test["p_holm"] < SIZE
    ]
    n, kind = len(tests), "tests of skill (Pesaran-Timmermann, clustered by date)"
    if not below:
        return f"Of {n} {kind}, none has p below {SIZE}."
    return (
        f"Of {n} {kind}, {len(below)} {'has' if len(below) == 1 else 'have'} p below {SIZE}, where chance alone would "
        f"give about {SIZE * n:.1f}; after Holm's correction {_listed(shown) if shown else 'none'}."
    )


def _duels(benchmark: Mapping[str, Any]) -> str:
    duels = benchmark["duels"]
    if not duels:
        return ""
    shown = [duel_title(duel) for duel in duels if duel["p_holm"] is not None and duel["p_holm"] < SIZE]
    verdict = f"shown for {_listed(shown)}" if shown else "not distinguishable from none"
    own = [duel for duel in duels if duel["period"] == benchmark["main_period"]]
    told = [f"{duel_title(duel)} {gain(duel['accuracy'])}" for duel in own]
    return (
        f"What news adds to the network on prices alone is {verdict} (paired by instance, clustered by date, Holm over "
        f"{len(duels)}): {_listed(told)}."
    )


def duel_title(duel: Mapping[str, Any]) -> str:
    """Return what is compared, where.

    Examples
    --------
    >>> duel_title({"better": "prices_and_text", "period": "dev", "sample": "tweeted"})
    'text (dev, tweets on every lag day)'
    """
    return f"{duel['better'].removeprefix('prices_and_')} ({duel['period']}, {SAMPLES[duel['sample']]})"


def gain(difference: Mapping[str, Any]) -> str:
    """Return a difference in accuracy with its interval, in points.

    Examples
    --------
    >>> gain({"difference": 0.01, "ci": [0.002, 0.018]})
    '+1.0 points [+0.2 to +1.8]'
    """
    low, high = (f"{100 * bound:+.1f}" for bound in difference["ci"])
    return f"{100 * difference['difference']:+.1f} points [{low} to {high}]"


def _power(benchmark: Mapping[str, Any]) -> str:
    period = _main(benchmark)
    scores = period["samples"][0]["scores"]["prices_and_text"]
    needed = sessions_needed(CLAIMED_EDGE, scores["n"] / scores["n_sessions"], scores["rho_hit"] or 0.0)
    return (
        f"To tell an edge of {100 * CLAIMED_EDGE:.0f} points over chance from luck would take about "
        f"{wording.count(needed)} dates like these; the {period['name']} period has {scores['n_sessions']}."
    )


def _lacking(benchmark: Mapping[str, Any]) -> str:
    lacking = [f"{period['title']} ({period['first']} to {period['end']})" for period in benchmark["lacking"]]
    if not lacking:
        return ""
    ends = max(period["last_held"] for period in benchmark["periods"])
    them = "it" if len(lacking) == 1 else "them"
    return f"The data end on {ends} and lack {_listed(lacking)}, so nothing is said of {them}."


def _main(benchmark: Mapping[str, Any]) -> Mapping[str, Any]:
    period: Mapping[str, Any] = next(p for p in benchmark["periods"] if p["name"] == benchmark["main_period"])
    return period


def _samples(benchmark: Mapping[str, Any]) -> Any:
    return ((period, sample) for period in benchmark["periods"] for sample in period["samples"])


def _interval(bounds: Sequence[float]) -> str:
    return wording.interval(bounds).replace("\u00a0", " ")


def _listed(parts: Sequence[str]) -> str:
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}"
