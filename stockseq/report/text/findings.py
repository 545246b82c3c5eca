"""What a backtest shows beyond its accuracy: placebos, baselines, blind positions, luck."""

from collections.abc import Mapping, Sequence
from typing import Literal

from stockseq.backtest.policy import RankBy
from stockseq.errors import listed
from stockseq.evaluate.comparison import BestBaseline, Comparison, PairedTest
from stockseq.evaluate.placebo import Placebo
from stockseq.evaluate.power import sessions_needed_for_difference
from stockseq.evaluate.repetition import Repetition
from stockseq.evaluate.scores import Scores
from stockseq.evaluate.significance import SIZE
from stockseq.report.format import count, interval_words, p_words, percent, points, probability
from stockseq.report.metrics import BacktestMetrics, PlaceboMetrics, Portfolio
from stockseq.report.text.names import meaningful, name_words
from stockseq.report.text.placebos import NAMES, placebo_sentence

Measure = Literal["accuracy", "log_loss"]
MEASURES: dict[Measure, tuple[str, int]] = {"accuracy": ("accuracy", 1), "log_loss": ("log loss", -1)}
RANKINGS: dict[RankBy, str] = {
    "relative": "the rank forecast for each among the others",
    "probability": "the forecast probability of up",
    "return": "the expected return",
}
# From here on a forecast has next to nothing but the last return in it.
MERE_SHARE = 0.9
# A difference that is 0 to the digits shown asks for no number of sessions.
LEAST_DIFFERENCE = 0.0005


def find(metrics: BacktestMetrics) -> list[str]:
    """Return the findings of a backtest, those that could undo it first.

    Returns
    -------
    list of str
        Percentages, because they are read by people.
    """
    return [
        *alarms(metrics),
        *persistence_caution(metrics.forecast),
        *(sentence for measure in MEASURES for sentence in _compared(metrics.comparisons, measure)),
        *_best_baseline(metrics.superior),
        *_needed(metrics.comparisons),
        *_account(metrics),
        *_placebos(metrics.placebos, failed=False),
        *(f"Left out: {name_words(name)}. {reason}" for name, reason in metrics.impossible.items()),
        *(
            f"Thinned: {name_words(name)} learnt from {thinned.n_learnt:,} of the {thinned.n_windows:,} training "
            "windows of the largest fold, drawn by chance."
            for name, thinned in metrics.thinned.items()
        ),
    ]


def alarms(metrics: BacktestMetrics) -> list[str]:
    """Return what could undo a backtest: a placebo that failed, and a forecast that repeats the last return."""
    return [*_placebos(metrics.placebos, failed=True), *_repetition(metrics.repetition)]


def persistence_caution(scores: Scores) -> list[str]:
    """Return a caution where the edge is gone once the last outcome and forecast of each ticker are controlled for."""
    clustered, serial = scores.pt_clustered_p, scores.pt_serial_p
    if clustered is None or serial is None or clustered >= SIZE or serial < SIZE:
        return []
    return [
        "The edge may come from persistence: controlled for each ticker's last outcome and forecast, its p is "
        f"{p_words(serial)}."
    ]


def second_opinion(scores: Scores, comparisons: Mapping[str, Comparison]) -> str:
    """Return whether the Diebold-Mariano test and the bootstrap agree with the tests clustered by session."""
    both = {name: pair for name, pair in comparisons.items() if pair.diebold_mariano is not None}
    if not both or scores.accuracy_bootstrap_ci is None:
        return "This run is from before version 0.2: it has no Diebold-Mariano test and no bootstrap interval."
    differ = [
        name_words(name)
        for name, pair in both.items()
        if pair.diebold_mariano is not None and _significant(pair.diebold_mariano.p) != _significant(pair.log_loss.p)
    ]
    agree = f"disagree on {listed(differ)}" if differ else "agree on every baseline"
    return (
        f"Before Holm's correction, the Diebold-Mariano test and the paired test of the log loss {agree}. By bootstrap "
        f"of sessions in blocks, the interval of the accuracy is {interval_words(scores.accuracy_bootstrap_ci)}; "
        f"clustered by session, {interval_words(scores.accuracy_ci)}."
    )


def _compared(comparisons: Mapping[str, Comparison], measure: Measure) -> list[str]:
    """Return which baselines the model beats, which beat it, and from which its difference is within noise."""
    words, better = MEASURES[measure]
    found: dict[str, list[str]] = {"beats": [], "loses to": [], "differs only within noise from": []}
    for name, pair in comparisons.items():
        tested: PairedTest = getattr(pair, measure)
        if not tested.is_significant:
            found["differs only within noise from"].append(name_words(name))
        else:
            found["beats" if better * tested.difference > 0 else "loses to"].append(name_words(name))
    n = len(comparisons)
    parts = [
        f"{verb} {f'all {n} baselines' if len(names) == n > 2 else listed(names)}"
        for verb, names in found.items()
        if names
    ]
    return [f"In {words} it {'; it '.join(parts)}, after Holm's correction."] if parts else []


def _best_baseline(best: BestBaseline | None) -> list[str]:
    if best is None:
        return []
    if best.any_better_p is None or best.better_than_best_p is None or best.best is None:
        return [best.note] if best.note else []
    first = "Some baseline forecasts better" if best.any_better_p < SIZE else "No baseline is shown to forecast better"
    second = "is better than" if best.better_than_best_p < SIZE else "is not shown to be better than"
    return [
        f"{first}, all tested together (log loss, Hansen's test, p {p_words(best.any_better_p)}); the model {second} "
        f"the best of them, {name_words(best.best)} (p {p_words(best.better_than_best_p)})."
    ]


def _needed(comparisons: Mapping[str, Comparison]) -> list[str]:
    """Return how many sessions would show the widest difference in accuracy that is still within noise."""
    undecided = {
        name: pair.accuracy
        for name, pair in comparisons.items()
        if pair.accuracy.p_holm is not None
        and not pair.accuracy.is_significant
        and abs(pair.accuracy.difference) >= LEAST_DIFFERENCE
    }
    if not undecided:
        return []
    name = max(undecided, key=lambda other: abs(undecided[other].difference))
    tested, n_sessions = undecided[name], comparisons[name].n_sessions
    needed = sessions_needed_for_difference(
        tested.difference, tested.standard_error, n_sessions, n_compared=len(comparisons)
    )
    return [
        f"Its {points(tested.difference)} points of accuracy against {name_words(name)} would take about {needed:,} "
        f"sessions to show; there are {n_sessions:,}."
    ]


def _account(metrics: BacktestMetrics) -> list[str]:
    portfolio = metrics.portfolio
    dear = _unaffordable(metrics.unaffordable)
    if not portfolio.n_fills and dear:
        return dear
    if not portfolio.n_fills:
        return [
            "It never traded: no forecast led to a position under this policy (a long and short book needs two tickers "
            "whose forecasts differ, and policy.min_edge_bps an expected return beyond it)."
        ]
    sentences = [*dear, *_ranking(portfolio), *_blind_positions(metrics)]
    deflated = meaningful(portfolio, "deflated_sharpe")
    if deflated is not None:
        n = portfolio.n_trials
        luck = "a configuration without skill" if n == 1 else f"the luckiest of {count(n)} configurations without skill"
        sentences.append(
            f"Its Sharpe ratio after costs is above that of {luck} with a probability of "
            f"{probability(deflated)} (configurations scored so far: {count(n)})."
        )
    overfitting = metrics.overfitting
    if overfitting is not None and overfitting.pbo is not None:
        sentences.append(
            f"Of the {len(overfitting.books)} accounts that traded, the best on half of the sessions was below the "
            f"median on the other half in {percent(overfitting.pbo)} of the splits (PBO). On noise alone it varies by "
            "20 points, so it decides nothing."
        )
    return sentences


def _unaffordable(tickers: Sequence[str]) -> list[str]:
    if not tickers:
        return []
    return [
        f"Never bought: {listed(tickers)}. One share costs more than its share of the capital; raise account.capital "
        "or policy.max_weight, or set account.lot=0 to allow fractions of a share."
    ]


def _ranking(portfolio: Portfolio) -> list[str]:
    if portfolio.ranked_by is None:
        return []
    why = "" if portfolio.ranked_by == portfolio.rank_by else ", because its forecasts name no rank"
    return [f"It ranked the tickers of a session by {RANKINGS[portfolio.ranked_by]}{why}."]


def _blind_positions(metrics: BacktestMetrics) -> list[str]:
    tests = {
        "the same positions at other times": metrics.circular_shift,
        "random ones of the same turnover": metrics.random_signal,
    }
    notes = [test.note for test in tests.values() if test is not None and test.note]
    tested = {name: (test.p, test.n) for name, test in tests.items() if test is not None and test.p is not None}
    if not tested:
        return notes
    verb = "earn" if all(p < SIZE for p, _ in tested.values()) else "are not shown to earn"
    against = " and ".join(f"{name} (p {p_words(p)}, {count(n)} draws)" for name, (p, n) in tested.items())
    return [f"Before costs its positions {verb} more than {against}.", *notes]


def _placebos(placebos: Mapping[Placebo, PlaceboMetrics], *, failed: bool) -> list[str]:
    return [
        f"Placebo. {words}: {placebo_sentence(name, placebos[name]).rstrip('.')}."
        for name, words in NAMES.items()
        if name in placebos and (placebos[name].as_expected is False) == failed
    ]


def _repetition(repetition: Repetition | None) -> list[str]:
    if repetition is None or repetition.repeats is None or repetition.share is None:
        return []
    what = "repeats the last return" if repetition.repeats == "last" else "reverses the last return"
    how = "merely" if repetition.share >= MERE_SHARE else "largely"
    return [
        f"THE FORECAST {how.upper()} {what.upper()}: that return alone explains {percent(repetition.share)} of the "
        "forecast's order within the median ticker. Compare it with persistence and reversal before you trust it."
    ]


def _significant(p: float | None) -> bool:
    return p is not None and p < SIZE
