"""What a run shows beside its baselines, its placebos and blind luck: plain sentences that follow from metrics.json."""

from collections.abc import Mapping
from typing import Any

from stockseq.errors import listed
from stockseq.evaluate.power import sessions_needed_for_difference
from stockseq.evaluate.significance import SIZE
from stockseq.report.text.verdict import p_value, percent

MEASURES = {"accuracy": ("accuracy", 1), "log_loss": ("log loss", -1)}
PLACEBOS = {
    "shuffled_labels": "Trained on labels of other dates",
    "late_features": "Features a session late",
    "early_features": "Features a session early",
}
NAMES = {
    "logistic": "logistic regression",
    "logistic_sentiment": "logistic regression on sentiment",
    "logistic_indicators": "logistic regression on indicators",
}
# From here on there is next to nothing else in it.
MERE_SHARE = 0.9


def find(metrics: Mapping[str, Any]) -> list[str]:
    """Return the sentences, those that could undo a run first.

    Parameters
    ----------
    metrics : mapping
        What a backtest leaves in metrics.json; whatever part is absent gives no sentence.

    Returns
    -------
    list of str
        Percentages, because they are read by people.

    Examples
    --------
    >>> difference = {"difference": 0.02, "standard_error": 0.005, "p": 0.0001, "p_holm": 0.0001}
    >>> for sentence in find({"comparisons": {"majority": {"n_sessions": 250, "accuracy": difference}}}):
    ...     print(sentence)
    In accuracy it beats majority, after Holm's correction for 1 baseline.
    """
    alarms = [
        *_placebos(metrics.get("placebos") or {}, alarming=True),
        *_repetition(metrics.get("repetition") or {}),
    ]
    compared = metrics.get("comparisons") or {}
    shown = [
        *_runs(metrics.get("forecast") or {}),
        *(sentence for measure in MEASURES for sentence in _compared(compared, measure)),
        *_together(metrics.get("superior") or {}),
        *_needed(compared),
        *_positions(metrics),
        *_placebos(metrics.get("placebos") or {}, alarming=False),
        # Whoever named the obstacle knew the baseline by its key.
        *(
            f"Left out: {sentence.replace(name, name_words(name))}"
            for name, sentence in (metrics.get("impossible") or {}).items()
        ),
    ]
    return [*alarms, *shown]


def name_words(name: str) -> str:
    """Return a baseline's name as it stands in a sentence.

    Examples
    --------
    >>> name_words("momentum_12_1"), name_words("gradient_boosting")
    ('momentum 12-1', 'gradient boosting')
    """
    if name in NAMES:
        return NAMES[name]
    words = name.split("_")
    numbers = [word for word in words if word.isdigit()]
    return " ".join([*(word for word in words if not word.isdigit()), *(["-".join(numbers)] if numbers else [])])


def _compared(compared: Mapping[str, Any], measure: str) -> list[str]:
    """Return which baselines the model beats beyond noise, which beat it, and which can't be told from it."""
    words, better = MEASURES[measure]
    found: dict[str, list[str]] = {"beats": [], "is beaten by": [], "can't be told from": []}
    for name, pair in compared.items():
        if measure not in pair:
            continue
        tested = pair[measure]
        if tested["p_holm"] is None or tested["p_holm"] >= SIZE:
            found["can't be told from"].append(name_words(name))
        else:
            verb = "beats" if better * tested["difference"] > 0 else "is beaten by"
            found[verb].append(name_words(name))
    n = len(compared)
    told = [
        f"{verb} {_all(verb, n) if len(names) == n > 2 else listed(names)}" for verb, names in found.items() if names
    ]
    family = "their number" if n > 1 else "1 baseline"
    return [f"In {words} it {'; it '.join(told)}, after Holm's correction for {family}."] if told else []


def _runs(scores: Mapping[str, Any]) -> list[str]:
    """Return a caution where an edge is gone once what persists of outcomes and forecasts is taken out."""
    clustered, serial = scores.get("pt_clustered_p"), scores.get("pt_serial_p")
    if clustered is None or serial is None or clustered >= SIZE or serial < SIZE:
        return []
    return [
        f"The edge may be luck of runs: with each ticker's own last outcome and forecast taken out, its p is "
        f"{p_value(serial)}."
    ]


def _together(superior: Mapping[str, Any]) -> list[str]:
    if not superior:
        return []
    if superior["any_better_p"] is None:
        return [superior["note"]]
    best = name_words(superior["best"])
    any_better, better = superior["any_better_p"], superior["better_than_best_p"]
    first = "Some baseline forecasts better" if any_better < SIZE else "No baseline is shown to forecast better"
    second = "is better than" if better < SIZE else "is not shown to be better than"
    return [
        f"{first}, all looked at together (log loss, Hansen's test, p {p_value(any_better)}); the model {second} the "
        f"best of them, {best} (p {p_value(better)})."
    ]


def _needed(compared: Mapping[str, Any]) -> list[str]:
    """Return how many sessions would tell the widest difference in accuracy that is still within noise."""
    untold = {
        name: pair
        for name, pair in compared.items()
        if (tested := pair.get("accuracy") or {}).get("p_holm") is not None
        and tested["p_holm"] >= SIZE
        and abs(tested["difference"]) >= 0.0005
    }
    if not untold:
        return []
    name = max(untold, key=lambda other: abs(untold[other]["accuracy"]["difference"]))
    tested, n_sessions = untold[name]["accuracy"], untold[name]["n_sessions"]
    needed = sessions_needed_for_difference(
        tested["difference"], tested["standard_error"], n_sessions, n_compared=len(compared)
    )
    return [
        f"To tell its {100 * tested['difference']:+.1f} points beside {name_words(name)} from noise would take "
        f"about {needed:,} sessions like these {n_sessions:,}."
    ]


def _positions(metrics: Mapping[str, Any]) -> list[str]:
    portfolio = metrics.get("portfolio") or {}
    if portfolio.get("n_fills") == 0:
        return [
            "It never traded: no forecast led to a position under this policy (a long and short book needs two tickers "
            "whose forecasts differ)."
        ]
    sentences = []
    shifted, blind = (metrics.get(name) or {} for name in ("circular_shift", "random_signal"))
    told = [
        f"{words} (p {p_value(test['p'])}, {test['n']:,} draws)"
        for words, test in (("the same positions at other times", shifted), ("blind ones of the same turnover", blind))
        if test.get("p") is not None
    ]
    if told:
        known = [test["p"] for test in (shifted, blind) if test.get("p") is not None]
        verb = "earn more than" if max(known) < SIZE else "are not shown to earn more than"
        sentences.append(f"Before costs its positions {verb} {' and '.join(told)}.")
    sentences += [test["note"] for test in (shifted, blind) if test.get("note")]
    if portfolio.get("deflated_sharpe") is not None and portfolio.get("n_trials"):
        n = portfolio["n_trials"]
        luck = "a configuration without skill" if n == 1 else f"the luckiest of {n:,} configurations without skill"
        sentences.append(
            f"Its Sharpe ratio after costs is above that of {luck} with a probability of "
            f"{percent(portfolio['deflated_sharpe'])} (configurations scored so far: {n:,})."
        )
    overfitting = metrics.get("overfitting") or {}
    if overfitting.get("pbo") is not None:
        sentences.append(
            f"Of the {len(overfitting['books'])} books that traded, the best on half of the sessions was below the "
            f"median on the other half in {percent(overfitting['pbo'])} of the splits (PBO; it strays by 20 points on "
            "noise alone, so it decides nothing)."
        )
    return sentences


def _placebos(placebos: Mapping[str, Any], *, alarming: bool) -> list[str]:
    return [
        f"Placebo. {words}: {result['verdict'].rstrip('.')}."
        for name, words in PLACEBOS.items()
        if (result := placebos.get(name)) is not None and (result["as_expected"] is False) == alarming
    ]


def _repetition(repetition: Mapping[str, Any]) -> list[str]:
    if not repetition.get("repeats"):
        return []
    what = "repeats the last return" if repetition["repeats"] == "last" else "is the last return turned round"
    how = "merely" if repetition["share"] >= MERE_SHARE else "largely"
    return [
        f"THE FORECAST {how.upper()} {what.upper()} that was known: {percent(repetition['share'])} of its order within "
        "the median ticker is that value's. Compare it with persistence and reversal before calling it more."
    ]


def _all(verb: str, n: int) -> str:
    return f"{'any' if verb.startswith('can') else 'each'} of the {n} baselines"
