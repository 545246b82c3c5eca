"""The tables of rank and size: the model above what ranks, or sizes, the same tickers."""

from collections.abc import Mapping

from stockseq.evaluate.ranking import RankingScores
from stockseq.evaluate.size import SizeScores
from stockseq.report import format as wording
from stockseq.report.tables.table import Cell, Table, cell
from stockseq.report.text.names import MODEL, name_label

RANKING_HEADS = (
    "Ranked by",
    "Rank IC",
    "95% interval",
    "t",
    "p",
    "ICIR",
    "Sessions above 0",
    "Spread, bp",
    "Spread t",
    "Monotony",
    "Sessions",
    "Forecasts",
)
SIZE_HEADS = (
    "Sized by",
    "QLIKE",
    "CRPS, bp",
    "Explained of log size",
    "80% held",
    "95% interval of that",
    "95% held",
    "80% width",
    "Kupiec rejects",
    "Christoffersen rejects",
    "Forecasts",
)
BASIS_POINTS = 1e4


def ranking_table(model: RankingScores | None, baselines: Mapping[str, RankingScores]) -> Table | None:
    """Return how the model and its baselines rank, a row each; None where the model can't be ranked by.

    A baseline that never ranks one ticker above another has no row.
    """
    if model is None or model.rank_ic is None:
        return None
    ranking = {name_label(name): scores for name, scores in baselines.items() if scores.rank_ic is not None}
    rows = {MODEL: model} | ranking
    return Table(RANKING_HEADS, [_ranking_row(name, scores) for name, scores in rows.items()]).split_blank()[0]


def size_table(model: SizeScores | None, baselines: Mapping[str, SizeScores]) -> Table | None:
    """Return how the model and its baselines size moves, a row each; None where the model names no size."""
    if model is None:
        return None
    rows = {MODEL: model} | {name_label(name): scores for name, scores in baselines.items()}
    return Table(SIZE_HEADS, [_size_row(name, scores) for name, scores in rows.items()]).split_blank()[0]


def _ranking_row(name: str, scores: RankingScores) -> list[Cell]:
    ci = scores.rank_ic_ci
    return [
        cell(name),
        cell(scores.rank_ic, wording.number),
        cell(None if ci is None else f"{wording.number(ci[0])}\u00a0to\u00a0{wording.number(ci[1])}"),
        cell(scores.rank_ic_t, _two_digits),
        cell(scores.rank_ic_p, wording.p_value),
        cell(scores.icir, _two_digits),
        cell(scores.share_positive, wording.percent),
        cell(_basis_points(scores.spread), lambda value: wording.number(value, digits=1, signed=True)),
        cell(scores.spread_t, _two_digits),
        cell(scores.monotony, _two_digits),
        cell(scores.n_sessions, wording.count),
        cell(scores.n, wording.count),
    ]


def _size_row(name: str, scores: SizeScores) -> list[Cell]:
    inner, outer = scores.intervals.get("80"), scores.intervals.get("95")
    return [
        cell(name),
        cell(scores.qlike, lambda value: wording.number(value, digits=4)),
        cell(_basis_points(scores.crps), lambda value: wording.number(value, digits=1)),
        cell(scores.share_explained, wording.percent),
        cell(inner and inner.coverage, wording.percent),
        cell(inner and inner.coverage_ci, wording.interval),
        cell(outer and outer.coverage, wording.percent),
        cell(inner and inner.width, lambda value: wording.percent(value, digits=2)),
        cell(inner and inner.kupiec_rejected, wording.percent),
        cell(inner and inner.christoffersen_rejected, wording.percent),
        cell(scores.n, wording.count),
    ]


def _two_digits(value: object) -> str:
    return wording.number(value, digits=2)


def _basis_points(value: float | None) -> float | None:
    return None if value is None else BASIS_POINTS * value
