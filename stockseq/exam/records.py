"""What each forecaster scored on all markets of one kind, beside what the best forecast scored there."""

from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd

from stockseq.evaluate.probability import log_losses
from stockseq.evaluate.ranking import RankingScores, compare_rankings, score_ranking
from stockseq.evaluate.scores import Scores, score_forecasts, share_attained
from stockseq.evaluate.significance import clustered_mean
from stockseq.evaluate.size import SizeScores, compare_sizes, score_size
from stockseq.exam.market_run import MarketAnswers
from stockseq.exam.result import Attained, ForecasterRecord
from stockseq.sources.simulated.market import Optimum

# Markets on which a direction can be found that is no drift, and an order of the tickers.
WITH_SIGNAL, WITH_ORDER = ("signal", "regime"), ("signal", "relative", "regime")
# From open to close.
HORIZON = 0


def make_records(answers: Sequence[MarketAnswers]) -> list[ForecasterRecord]:
    """Return one record per kind and forecaster, in the order of the answers."""
    names = dict.fromkeys((answer.kind, name) for answer in answers for name in answer.forecasts)
    return [_record([answer for answer in answers if answer.kind == kind], kind, name) for kind, name in names]


def pool(answers: Sequence[MarketAnswers], forecaster: str) -> pd.DataFrame:
    """Return the forecasts of several markets as one table, the sessions of each on dates of their own."""
    parts = []
    for number, answer in enumerate(answers):
        rows = answer.forecasts[forecaster]
        # Markets are independent draws: two sessions of one date are two clusters, not one.
        parts.append(rows.assign(session=rows["session"] + pd.DateOffset(years=40 * number)))
    return pd.concat(parts, ignore_index=True)


def _record(answers: Sequence[MarketAnswers], kind: str, name: str) -> ForecasterRecord:
    rows = pool(answers, name)
    by_market = [answer.forecasts[name] for answer in answers]
    measured = [clustered_mean(_hits(frame), frame["session"].to_numpy()) for frame in by_market]
    optima = [answer.optima[name] for answer in answers]
    forecast_up = rows["probability_up"] > 0.5
    expected = rows["chance_up"].where(forecast_up, 1 - rows["chance_up"]).to_numpy()
    sessions = rows["session"].to_numpy()
    surplus, error = clustered_mean(_hits(rows) - expected, sessions)
    losses = log_losses(rows["realised_return"].to_numpy() > 0, rows["probability_up"].to_numpy())
    scores, best = score_forecasts(rows), _mean_optimum(optima)
    ranking, size = score_ranking(rows, horizon=HORIZON), score_size(rows, horizon=HORIZON)
    ranking_beyond, size_beyond = _beyond_the_best(rows)
    return ForecasterRecord(
        kind=kind,
        forecaster=name,
        scores=scores,
        ranking=ranking,
        size=size,
        accuracies=tuple(mean for mean, _ in measured),
        optima=best,
        attained=_attained(kind, scores, ranking, size, best),
        known_size=_known_size(rows, best),
        above=tuple((mean - of.accuracy) / se for (mean, se), of in zip(measured, optima, strict=True)),
        beyond=surplus / error,
        ranking_beyond=ranking_beyond,
        size_beyond=size_beyond,
        loss_error=clustered_mean(losses, sessions)[1],
    )


def _beyond_the_best(rows: pd.DataFrame) -> tuple[float | None, float | None]:
    """Return by how many standard errors these ranks and sizes beat the best forecaster's on the same sessions."""
    best = rows.assign(relative=rows["best_relative"], sigma=np.sqrt(rows["best_variance"]))
    ranks, sizes = compare_rankings(rows, best, horizon=HORIZON), compare_sizes(rows, best, horizon=HORIZON)
    # The difference of losses is below 0 where the forecaster's is the smaller.
    size_beyond = None if sizes is None or sizes.test is None else -sizes.test.t
    return None if ranks is None else ranks.t, size_beyond


def _known_size(rows: pd.DataFrame, best: Optimum) -> float | None:
    """Return the share of size that the volatility known at the decision has, scaled as suits these rows best."""
    ratio = (rows["realised_variance"] / rows["known_volatility"] ** 2).to_numpy()
    # rv/s2 - ln(rv/s2) - 1 with s2 a multiple of v is least, over the multiples, at the mean of rv/v.
    qlike = float(np.log(ratio.mean()) - np.log(ratio).mean())
    return share_attained(qlike, best.qlike, measure="qlike", no_skill=best.qlike_constant)


def _attained(kind: str, scores: Scores, ranking: RankingScores, size: SizeScores | None, best: Optimum) -> Attained:
    """Return the shares found; none of direction and rank where nothing can be, for a drift is no forecaster's find."""
    qlike = None if size is None else size.qlike
    found = Attained(size=share_attained(qlike, best.qlike, measure="qlike", no_skill=best.qlike_constant))
    if kind in WITH_ORDER:
        ranks = share_attained(ranking.rank_ic, best.rank_ic, measure="rank_ic")
        found = found.model_copy(update={"ic": share_attained(scores.ic, best.ic, measure="ic"), "ranking": ranks})
    if kind in WITH_SIGNAL:
        accuracy = share_attained(scores.accuracy, best.accuracy, measure="accuracy")
        log_loss = share_attained(scores.log_loss, best.log_loss, measure="log_loss")
        found = found.model_copy(update={"accuracy": accuracy, "log_loss": log_loss})
    return found


def _mean_optimum(optima: Sequence[Optimum]) -> Optimum:
    def mean(of: Callable[[Optimum], float | None]) -> float | None:
        values = [value for value in map(of, optima) if value is not None]
        return float(np.mean(values)) if len(values) == len(optima) else None

    return Optimum(
        n=float(np.mean([best.n for best in optima])),
        accuracy=float(np.mean([best.accuracy for best in optima])),
        log_loss=float(np.mean([best.log_loss for best in optima])),
        brier=float(np.mean([best.brier for best in optima])),
        ic=mean(lambda best: best.ic),
        rank_ic=mean(lambda best: best.rank_ic),
        qlike=mean(lambda best: best.qlike),
        qlike_constant=mean(lambda best: best.qlike_constant),
    )


def _hits(rows: pd.DataFrame) -> npt.NDArray[np.float64]:
    return np.asarray((rows["probability_up"] > 0.5) == (rows["realised_return"] > 0), dtype=np.float64)
