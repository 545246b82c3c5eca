"""What an exam asked and found, in sentences: from its questions."""

from stockseq.errors import counted
from stockseq.evaluate.ranking import score_ranking
from stockseq.evaluate.size import score_size
from stockseq.exam.market_run import MarketAnswers
from stockseq.exam.result import Attained, Question
from stockseq.report.format import number, percent, points

FORECASTERS = {"vader": "indicators and VADER", "text": "the two-input text network"}


def asked_sentence(question: Question) -> str:
    """Return what was asked.

    Examples
    --------
    >>> asked_sentence(Question(market="regime", topic="static", forecaster="static", passed=True, bound=0.47))
    'fitted before the change alone: below 47.0%'
    """
    bound = question.bound or 0.0
    margin = percent(bound)
    match question.topic:
        case "nothing_found":
            return f"nothing found: accuracy within {percent(0.5 - bound)} to {percent(0.5 + bound)}"
        case "no_edge":
            return f"no edge over chance: clustered Pesaran-Timmermann p above {bound:g}"
        case "least_accuracy":
            return f"{FORECASTERS[question.forecaster]}: accuracy at least {margin}"
        case "share_attained":
            return "share of the attainable found by the text network"
        case "goal":
            return f"the goal beyond: accuracy {margin}"
        case "log_loss":
            return f"log loss not below the optimum's {question.optimum or 0.0:.4f} by more than {bound:g} s.e."
        case "gain":
            return f"text better than its VADER-only twin: paired z above {bound:g}"
        case "rolling":
            return f"refitted every few weeks: within {margin} of the optimum {percent(question.optimum or 0.0)}"
        case "static":
            return f"fitted before the change alone: below {margin}"
        case "within_the_law":
            asked = f"{question.forecaster}: not right more often than the law gives, by {bound:g} s.e."
            return asked if question.z is None else f"{asked}; no market above its optimum by that"
        case "profit":
            return f"the best strategy's profit through the account within {bound:g} s.e. of its expectation"
        case "least_ranking":
            return f"ranks within a session: at least {_share(bound)} of the best rank IC"
        case "least_size":
            return f"size of the move: at least {_share(bound)} of the way from one constant variance to the best QLIKE"
        case "intervals":
            return "intervals hold as often as they say"
        case "no_ranking":
            return f"no ranks found: p of the rank IC, after Holm, not below {bound:g}"
        case "ranking_within_the_law":
            return f"{question.forecaster}: no better ranks than the best forecaster's, by {bound:g} s.e."
        case "size_within_the_law":
            return f"{question.forecaster}: no better sizes than the best forecaster's, by {bound:g} s.e."


def found_sentence(question: Question) -> str:
    """Return what was found.

    Examples
    --------
    >>> found_sentence(Question(market="null", topic="no_edge", forecaster="text", passed=True, found=0.95))
    'p 0.95'
    """
    found, z = question.found, question.z
    match question.topic:
        case "no_edge":
            return "no test possible: every forecast says the same" if found is None else f"p {found:.2g}"
        case "share_attained":
            return _shares(question.attained or Attained())
        case "goal":
            reached = found is not None and question.bound is not None and found >= question.bound
            return f"{_accuracy(question)}: {'reached' if reached else 'not reached'}"
        case "log_loss":
            return f"{found or 0.0:.4f}"
        case "gain":
            low, high = question.ci or (0.0, 0.0)
            points = f"{_points(found or 0.0)} points [{_points(low)}, {_points(high)}]"
            return f"{points}, z {'none' if z is None else format(z[0], '.1f')}"
        case "rolling":
            return f"{_accuracy(question)}, {percent((question.optimum or 0.0) - (found or 0.0))} short"
        case "within_the_law":
            beyond = f"{number(found or 0.0, digits=1, signed=True)} s.e. beyond the law"
            return beyond if z is None else f"{beyond}; at most {number(z[1], digits=1, signed=True)} above"
        case "profit":
            low, high = z or (0.0, 0.0)
            return (
                f"{found or 0.0:,.0f} earned before costs, {question.optimum or 0.0:,.0f} expected, z from "
                f"{number(low, digits=1, signed=True)} to {number(high, digits=1, signed=True)}"
            )
        case "least_ranking" | "no_ranking":
            return _ranks(question)
        case "least_size":
            return _size(question)
        case "intervals":
            held = (f"{level}% held {percent(share)}" for level, share in question.coverage.items())
            return ", ".join(held) or "none named"
        case "ranking_within_the_law" | "size_within_the_law":
            return f"{number(found or 0.0, digits=1, signed=True)} s.e. above"
        case _:
            return _accuracy(question)


def market_line(answers: MarketAnswers) -> str:
    """Return each forecaster's accuracy, rank IC and QLIKE on one market beside the optimum, as it is finished."""
    parts = []
    for name, rows in answers.forecasts.items():
        best, hits = answers.optima[name], (rows["probability_up"] > 0.5) == (rows["realised_return"] > 0)
        ranking, size = score_ranking(rows, horizon=0), score_size(rows, horizon=0)
        parts.append(f"{name} {percent(float(hits.mean()))} of {percent(best.accuracy)}")
        if ranking.rank_ic is not None and best.rank_ic is not None:
            parts.append(f"rank IC {ranking.rank_ic:.3f} of {best.rank_ic:.3f}")
        if size is not None and best.qlike is not None:
            parts.append(f"QLIKE {size.qlike:.3f} of {best.qlike:.3f}")
    return f"{f'{answers.kind}-{answers.seed}':20} {', '.join(parts)}"


def opening_sentence(*, n_markets: int, n_kinds: int, n_seeds: int, n_workers: int) -> str:
    """Return what an exam is going to do, and how long it takes."""
    return (
        f"The exam: {counted(n_markets, 'market')} of each of {n_kinds} kinds, {counted(n_seeds, 'network')} each, on "
        f"{counted(n_workers, 'worker')}. A market takes one to five minutes; a stopped exam goes on where it was."
    )


def _accuracy(question: Question) -> str:
    low, high = question.ci or (0.0, 0.0)
    return f"{percent(question.found or 0.0)} [{percent(low)}, {percent(high)}]"


def _shares(attained: Attained) -> str:
    return ", ".join(f"{name.replace('_', ' ')} {_share(share)}" for name, share in attained)


def _share(share: float | None) -> str:
    return "none" if share is None else format(share, ".0%")


def _size(question: Question) -> str:
    if question.found is None:
        return "no size named"
    share = _share(question.attained.size if question.attained else None)
    known = f"the volatility known at the decision, rightly scaled, has {_share(question.without_learning)}"
    return f"QLIKE {question.found:.3f} of {question.optimum or 0.0:.3f}: {share}; {known}"


def _ranks(question: Question) -> str:
    if question.found is None:
        return "no session ranks"
    low, high = question.ci or (question.found, question.found)
    ranks = f"rank IC {question.found:.3f} [{low:.3f}, {high:.3f}]"
    if question.attained is None:
        return f"{ranks}, p {'none' if question.p is None else format(question.p, '.2g')}"
    return f"{ranks} of {question.optimum or 0.0:.3f}: {_share(question.attained.ranking)}"


def _points(fraction: float) -> str:
    return points(fraction)
