"""What the exam asks of the answers: bounds set beforehand, each with the reason for it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from pipelines.exam_sitting import Answers
from stockseq.evaluate.comparison import compare_forecasts
from stockseq.evaluate.probability import log_losses
from stockseq.evaluate.scores import Scores, score_forecasts, share_attained
from stockseq.evaluate.significance import clustered_mean

WITH_SIGNAL = ("signal", "regime")
TRAPS = ("leak_recap", "leak_overnight", "leak_backdated")
# Three standard errors of the mean over six markets of 500 sessions, when all tickers of a session are forecast alike.
NOTHING = 0.012
# Where nothing can be found, one test in a hundred may cry wolf.
FALSE_ALARM = 0.01
# Indicators and VADER read about two fifths of what is attainable; the text's network must read three quarters.
LEAST_VADER, LEAST_TEXT, GOAL_TEXT = 0.533, 0.560, 0.572
LEAST_GAIN_Z = 3.0
# Beyond this many standard errors a forecaster saw what it may not; by luck one such test fails in 700. All questions
# together fail an honest product by luck in about 7 of 100 exams on fresh markets, most of them by `FALSE_ALARM`.
TOO_GOOD = 3.0
ROLLING_SHORTFALL, STATIC_MOST = 0.03, 0.47
PROFIT_Z = 4.0


@dataclass(frozen=True)
class Record:
    """One forecaster on all markets of one kind.

    Parameters
    ----------
    kind, forecaster : str
    scores : Scores
        Of all markets pooled; each market's sessions are clusters of their own.
    accuracies : tuple of floats, one per market
    optima : mapping
        The best forecast's scores, the mean over the markets; None where a market has none.
    above : tuple of floats, one per market
        Accuracy less the optimum, in clustered standard errors.
    beyond : float
        Hits less the chance that the law gives each forecast, in clustered standard errors: about normal for every
        forecaster that sees only what it may, good or bad.
    loss_error : float
        Clustered standard error of the mean log loss.
    """

    kind: str
    forecaster: str
    scores: Scores
    accuracies: tuple[float, ...]
    optima: Mapping[str, Any]
    above: tuple[float, ...]
    beyond: float
    loss_error: float

    @property
    def attained(self) -> dict[str, float | None]:
        """The share of what can be had that was found, in accuracy, information coefficient and log loss.

        None where nothing can be found: a drift is no forecaster's find.
        """
        if self.kind not in WITH_SIGNAL:
            return {"accuracy": None, "ic": None, "log_loss": None}
        return {
            "accuracy": share_attained(self.scores.accuracy, self.optima.get("accuracy"), measure="accuracy"),
            "ic": share_attained(self.scores.ic, self.optima.get("ic"), measure="ic"),
            "log_loss": share_attained(self.scores.log_loss, self.optima.get("log_loss"), measure="log_loss"),
        }


@dataclass(frozen=True)
class Question:
    """What was asked, what was found, and whether that is as it must be (None: told, not asked)."""

    market: str
    asked: str
    found: str
    passed: bool | None


def make_records(answers: Sequence[Answers]) -> list[Record]:
    """Return one record per kind and forecaster, in the order in which they were sat."""
    names = dict.fromkeys((answer.kind, name) for answer in answers for name in answer.forecasts)
    return [_record([answer for answer in answers if answer.kind == kind], kind, name) for kind, name in names]


def ask(answers: Sequence[Answers]) -> list[Question]:
    """Return the questions that these answers allow, with what was found.

    Examples
    --------
    >>> ask([])
    []
    """
    records = {(record.kind, record.forecaster): record for record in make_records(answers)}
    questions: list[Question] = []
    for (kind, _), record in records.items():
        if kind in ("null", *TRAPS):
            questions += _nothing_found(record)
        elif kind == "null_drift":
            questions.append(_no_edge(record))
    questions += _of(records, ("signal", "vader"), lambda record: [_at_least(record, LEAST_VADER)])
    questions += _of(records, ("signal", "text"), _text)
    if ("signal", "text") in records:
        questions.append(_gain([answer for answer in answers if answer.kind == "signal"]))
    questions += _of(records, ("regime", "rolling"), _rolling)
    questions += _of(records, ("regime", "static"), _static)
    questions += [_within_the_law(record) for record in records.values()]
    profits = [answer.profit for answer in answers if answer.profit]
    return questions + ([_profit(profits)] if profits else [])


def pool(answers: Sequence[Answers], forecaster: str) -> pd.DataFrame:
    """Return the forecasts of several markets as one table, the sessions of each on dates of their own."""
    parts = []
    for number, answer in enumerate(answers):
        rows = answer.forecasts[forecaster]
        # Markets are independent draws: two sessions of one date are two clusters, not one.
        parts.append(rows.assign(session=rows["session"] + pd.DateOffset(years=40 * number)))
    return pd.concat(parts, ignore_index=True)


def _record(answers: Sequence[Answers], kind: str, name: str) -> Record:
    rows = pool(answers, name)
    each = [answer.forecasts[name] for answer in answers]
    measured = [clustered_mean(_hits(frame), frame["session"].to_numpy()) for frame in each]
    optima = [answer.optima[name] for answer in answers]
    forecast_up = rows["probability_up"] > 0.5
    expected = rows["chance_up"].where(forecast_up, 1 - rows["chance_up"]).to_numpy()
    sessions = rows["session"].to_numpy()
    surplus, error = clustered_mean(_hits(rows) - expected, sessions)
    losses = log_losses(rows["realised_return"].to_numpy() > 0, rows["probability_up"].to_numpy())
    return Record(
        kind=kind,
        forecaster=name,
        scores=score_forecasts(rows),
        accuracies=tuple(mean for mean, _ in measured),
        optima={key: _mean_of([best[key] for best in optima]) for key in optima[0]},
        above=tuple((mean - best["accuracy"]) / se for (mean, se), best in zip(measured, optima, strict=True)),
        beyond=surplus / error,
        loss_error=clustered_mean(losses, sessions)[1],
    )


def _mean_of(values: Sequence[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return float(np.mean(known)) if len(known) == len(values) else None


def _hits(rows: pd.DataFrame) -> np.ndarray:
    return np.asarray((rows["probability_up"] > 0.5) == (rows["realised_return"] > 0), dtype=np.float64)


def _of(
    records: Mapping[tuple[str, str], Record], key: tuple[str, str], questions: Callable[[Record], list[Question]]
) -> list[Question]:
    return questions(records[key]) if key in records else []


def _mean(record: Record) -> str:
    low, high = record.scores.accuracy_ci
    return f"{_points(record.scores.accuracy)} [{_points(low)}, {_points(high)}]"


def _nothing_found(record: Record) -> list[Question]:
    accuracy = record.scores.accuracy
    n_markets = len(record.accuracies)
    # The bound was set for six markets; fewer stray further.
    reach = NOTHING * max(1.0, (6 / n_markets) ** 0.5)
    asked = f"nothing found: accuracy within {_points(0.5 - reach)} to {_points(0.5 + reach)}"
    return [Question(record.kind, asked, _mean(record), abs(accuracy - 0.5) <= reach), _no_edge(record)]


def _no_edge(record: Record) -> Question:
    p = record.scores.pt_clustered_p
    told = "no test possible: every forecast says the same" if p is None else f"p {p:.2g}"
    asked = f"no edge over chance: clustered Pesaran-Timmermann p above {FALSE_ALARM}"
    return Question(record.kind, asked, told, p is None or p > FALSE_ALARM)


def _at_least(record: Record, bound: float) -> Question:
    who = {"vader": "indicators and VADER", "text": "the two-input text network"}[record.forecaster]
    passed = record.scores.accuracy >= bound
    return Question(record.kind, f"{who}: accuracy at least {_points(bound)}", _mean(record), passed)


def _text(record: Record) -> list[Question]:
    shares = ", ".join(
        f"{name.replace('_', ' ')} {'none' if share is None else format(share, '.0%')}"
        for name, share in record.attained.items()
    )
    loss, best = record.scores.log_loss, record.optima["log_loss"]
    goal = record.scores.accuracy >= GOAL_TEXT
    return [
        _at_least(record, LEAST_TEXT),
        Question(record.kind, "share of the attainable found by the text network", shares, None),
        Question(
            record.kind,
            f"the goal beyond: accuracy {_points(GOAL_TEXT)}",
            f"{_mean(record)}: {'reached' if goal else 'not reached'}",
            None,
        ),
        Question(
            record.kind,
            f"log loss not below the optimum's {best:.4f} by more than {TOO_GOOD:g} s.e.",
            f"{loss:.4f}",
            loss >= best - TOO_GOOD * record.loss_error,
        ),
    ]


def _gain(answers: Sequence[Answers]) -> Question:
    gain = compare_forecasts(pool(answers, "text"), pool(answers, "vader")).accuracy
    low, high = gain.ci
    z = gain.z
    return Question(
        "signal",
        f"text better than its VADER-only twin: paired z above {LEAST_GAIN_Z:g}",
        f"{100 * gain.difference:+.1f} points [{100 * low:+.1f}, {100 * high:+.1f}], "
        f"z {'none' if z is None else format(z, '.1f')}",
        z is not None and z > LEAST_GAIN_Z,
    )


def _rolling(record: Record) -> list[Question]:
    best = record.optima["accuracy"]
    short = best - record.scores.accuracy
    asked = f"refitted every few weeks: within {_points(ROLLING_SHORTFALL)} of the optimum {_points(best)}"
    return [Question("regime", asked, f"{_mean(record)}, {_points(short)} short", short <= ROLLING_SHORTFALL)]


def _static(record: Record) -> list[Question]:
    asked = f"fitted before the change alone: below {_points(STATIC_MOST)}"
    return [Question("regime", asked, _mean(record), record.scores.accuracy < STATIC_MOST)]


def _within_the_law(record: Record) -> Question:
    asked = f"{record.forecaster}: not right more often than the law gives, by {TOO_GOOD:g} s.e."
    found = f"{record.beyond:+.1f} s.e. beyond the law"
    if record.kind not in WITH_SIGNAL:
        return Question(record.kind, asked, found, record.beyond <= TOO_GOOD)
    most = max(record.above)
    return Question(
        record.kind,
        f"{asked}; no market above its optimum by that",
        f"{found}; at most {most:+.1f} above",
        record.beyond <= TOO_GOOD and most <= TOO_GOOD,
    )


def _profit(profits: Sequence[Mapping[str, float]]) -> Question:
    z = [profit["z"] for profit in profits]
    realised, expected = (sum(profit[key] for profit in profits) for key in ("realised", "expected"))
    return Question(
        "signal",
        f"the best strategy's profit through the ledger within {PROFIT_Z:g} s.e. of its expectation",
        f"{realised:,.0f} earned before costs, {expected:,.0f} expected, z from {min(z):+.1f} to {max(z):+.1f}",
        max(map(abs, z)) <= PROFIT_Z,
    )


def _points(fraction: float) -> str:
    return f"{100 * fraction:.1f}%"
