"""What a comparison of runs says in sentences, and what it could not compare."""

from collections.abc import Callable

from stockseq.errors import counted
from stockseq.report.format import basis_points, count, number, p_words, points
from stockseq.report.text.names import trade_words
from stockseq.runs.compare import Difference, RunComparison, RunPair

REASONS = {
    "no_common_forecasts": "{first} and {second} made no forecast of the same ticker and session, so accuracy and rank "
    "IC aren't compared.",
    "other_outcomes": "The outcomes of what {first} and {second} forecast of the same tickers and sessions are not the "
    "same: they are of different data, and neither forecasts nor money are compared.",
}
READING = (
    "Each difference is the first run less the other, on the forecasts or sessions that both have. Accuracy and log "
    "loss are clustered by session; rank IC and the daily return are means over sessions that allow for "
    "autocorrelation. Of several runs p is Holm's, for the number of runs compared, one family a measure. An interval "
    "that contains 0 tells nothing apart, and runs chosen because they came out well are better here than they are."
)

# What a measure is called in a table, and how its numbers are written.
MEASURES: dict[str, tuple[str, Callable[[float], str]]] = {
    "accuracy": ("Accuracy", lambda value: f"{points(value)} pts"),
    "log_loss": ("Log loss", lambda value: number(value, digits=5, signed=True)),
    "rank_ic": ("Rank IC", lambda value: number(value, signed=True)),
    "daily_return": ("Return a session", basis_points),
}


def pair_sentences(pair: RunPair, comparison: RunComparison) -> list[str]:
    """Return what one pair shows, what of it is left out, and why; the first less the second."""
    sentences = []
    if pair.reason == "other_trade":
        trades = {run.name: trade_words(run.label or "open_to_close") for run in comparison.runs}
        sentences.append(
            f"{pair.first} forecasts the trade {trades[pair.first]} and {pair.second} {trades[pair.second]}: two "
            "different questions, so accuracy and rank IC aren't compared."
        )
    elif pair.reason is not None:
        sentences.append(REASONS[pair.reason].format(first=pair.first, second=pair.second))
    else:
        sentences += [
            f"On {counted(pair.n, 'forecast')} over {counted(pair.n_sessions, 'session')} that both made, {pair.start} "
            f"to {pair.end}, {pair.first} is right {_more_often(pair)} {pair.second}.",
            f"{pair.first} less {pair.second}: {_shown(pair, ('accuracy', 'log_loss', 'rank_ic'))}.",
        ]
    if pair.daily_return is not None:
        sentences.append(
            f"Traded after costs, over {counted(pair.daily_return.n_sessions, 'session')} that both accounts have: "
            f"{_shown(pair, ('daily_return',))}."
        )
    return [*sentences, *_left_out(pair)]


def _more_often(pair: RunPair) -> str:
    if pair.accuracy is None or pair.accuracy.difference == 0:
        return "as often as"
    size = points(abs(pair.accuracy.difference)).removeprefix("+")
    how = "more" if pair.accuracy.difference > 0 else "less"
    noise = "beyond noise" if pair.accuracy.is_significant else "within noise"
    return f"{size} points {how} often ({noise}) than"


def _shown(pair: RunPair, measures: tuple[str, ...]) -> str:
    parts = []
    for measure in measures:
        test: Difference | None = getattr(pair, measure)
        if test is not None:
            parts.append(
                f"{MEASURES[measure][0].lower().replace(' ic', ' IC')} {difference_words(test, MEASURES[measure][1])}"
            )
    return "; ".join(parts)


def difference_words(test: Difference, write: Callable[[float], str]) -> str:
    """Return a difference with its interval and p after Holm's correction.

    Examples
    --------
    >>> test = Difference(difference=0.01, ci=(0.002, 0.018), p=0.01, p_holm=0.02, n_sessions=300)
    >>> difference_words(test, points)
    '+1.0 (95% interval +0.2 to +1.8; p 0.020)'
    """
    if test.ci is None or test.p_holm is None:
        return f"{write(test.difference)}, the same in every session"
    low, high = map(write, test.ci)
    return f"{write(test.difference)} (95% interval {low} to {high}; p {p_words(test.p_holm)})"


def _left_out(pair: RunPair) -> list[str]:
    parts = [
        f"{count(n)} of {name} alone"
        for n, name in ((pair.n_only_first, pair.first), (pair.n_only_second, pair.second))
        if n
    ]
    sentences = [f"Forecasts left out: {', '.join(parts)}."] if parts else []
    if pair.n_other_outcome:
        sentences.append(
            f"Left out besides, because each run has another outcome (as after a correction of a bar): "
            f"{counted(pair.n_other_outcome, 'forecast')} of both."
        )
    return sentences
