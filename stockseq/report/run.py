"""What one run shows on its page, and how it is read from the run's folder."""

import json
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pandas as pd

from stockseq.dataset.dataset import Coverage
from stockseq.evaluate.claims import Claim
from stockseq.evaluate.scores import Scores
from stockseq.forecasting.live import LiveRecord
from stockseq.forecasting.next_book import NextBook
from stockseq.models.why import read_why
from stockseq.report.metrics import BacktestMetrics
from stockseq.report.text.news import news_sentence
from stockseq.runs.recorded import TOLERANCE
from stockseq.schemas import Dropped
from stockseq.sources.source import Outcome


@dataclass(frozen=True)
class RunReport:
    """All that a page shows of one run; every part but the first four may be absent, and the page then says so.

    Numbers are fractions throughout: 0.05 is 5 %.

    Parameters
    ----------
    run_id : str
        Name of the run's folder.
    recipe : str
        "daily", "backtest", "ablation", "benchmark": the recipe that ran.
    created_at : Timestamp, tz-aware
        The instant of the run.
    title : str
        One line.
    scores : Scores, optional
        Of the out-of-sample forecasts.
    backtest : BacktestMetrics, optional
        Of a backtest: baselines, placebos, the account and its benchmarks.
    live : LiveRecord, optional
        Of a daily run.
    book : NextBook, optional
        Of a daily run: what the policy would order for the next session; None in old ones.
    coverage : Coverage, optional
    trials : int
        Configurations scored so far; 0 where none was counted.
    out_of_sample : DataFrame of n_forecasts rows, optional
        Columns ticker, session, probability_up, expected_return, realised_return. Rows without a realised return are
        left out of every figure and counted.
    equity : DataFrame of n_sessions rows, optional
        Index session; a column a curve in money: strategy, strategy_0x, strategy_2x, and the benchmarks.
    balances, attribution : DataFrame, optional
        Of the strategy and of buy and hold: see `AccountResult`; None in runs of before 0.4.
    fills : DataFrame, optional
        One row a fill; all rows are expected in `fills.parquet` next to the report's folder.
    next_forecasts : DataFrame, optional
        Columns ticker, session, decision_at, made_at, late, probability_up, expected_return, spread (standard deviation
        of the probability over seeds, NaN for one seed), headlines (list of (published_at, text, url, compound)), and
        why (`models.why.Why` or None).
    models : DataFrame, optional
        One row a registered model.
    bars : DataFrame, optional
        Of the ticker view, split-adjusted as of the run: see `prices.on_last_basis`.
    ticker_news : DataFrame, optional
        Headlines by ticker and session: see `forecasting.ticker_history`.
    ledger_forecasts : DataFrame, optional
        Of earlier mornings, with what was realised: see `forecasting.ticker_history`.
    profits : DataFrame, optional
        session, ticker, profit: see `AccountHistory`.
    news : DataFrame, optional
        Headlines by ticker, year and source: see `dataset.news_coverage.tabulate_news`.
    dropped : sequence of Dropped
        What each stage left out.
    ticker_outcomes : sequence of Outcome
        How each ticker ended in the fetch.
    limitations : sequence of str
        What the reader must know of the data, a sentence each; the page adds what follows from the other parts.
    settings, manifest : mapping
        As resolved; nested mappings are shown with dotted names.
    """

    run_id: str
    recipe: str
    created_at: pd.Timestamp
    title: str
    scores: Scores | None = None
    backtest: BacktestMetrics | None = None
    live: LiveRecord | None = None
    book: NextBook | None = None
    coverage: Coverage | None = None
    trials: int = 0
    out_of_sample: pd.DataFrame | None = None
    equity: pd.DataFrame | None = None
    balances: pd.DataFrame | None = None
    attribution: pd.DataFrame | None = None
    fills: pd.DataFrame | None = None
    next_forecasts: pd.DataFrame | None = None
    models: pd.DataFrame | None = None
    bars: pd.DataFrame | None = None
    ticker_news: pd.DataFrame | None = None
    ledger_forecasts: pd.DataFrame | None = None
    profits: pd.DataFrame | None = None
    news: pd.DataFrame | None = None
    dropped: Sequence[Dropped] = ()
    ticker_outcomes: Sequence[Outcome] = ()
    limitations: Sequence[str] = ()
    settings: Mapping[str, object] = field(default_factory=dict)
    manifest: Mapping[str, object] = field(default_factory=dict)

    @property
    def best_accuracy(self) -> float | None:
        """The best accuracy that any forecast can reach, where the market is simulated."""
        optimum = None if self.backtest is None else self.backtest.optimum
        return None if optimum is None else optimum.accuracy

    @property
    def direction(self) -> Claim | None:
        """The claim to call the direction, of a run that makes several; None where it stands alone."""
        claims = None if self.backtest is None else self.backtest.claims
        return None if claims is None else claims.direction

    @property
    def sources(self) -> list[str]:
        """Where the run's bars came from, which today's settings need not say."""
        sources = self.manifest.get("sources") or [self.settings.get("source")]
        return [str(name) for name in sources] if isinstance(sources, list) else []


def read_run(folder: Path) -> RunReport:
    """Return what is in the folder of a daily run or a backtest.

    Raises
    ------
    OSError, ValueError
        If a file is missing or damaged.
    """
    run, metrics = read_basics(folder), read_json(folder / "metrics.json")
    forecasts, equity = _table(folder / "forecasts.parquet"), _table(folder / "equity.parquet")
    run = replace(run, scores=Scores.from_dict(metrics["forecast"]), trials=metrics["trials"])
    if run.recipe == "daily":
        return replace(
            run,
            live=LiveRecord.from_dict(metrics["live"]),
            book=NextBook.from_dict(metrics["book"]) if "book" in metrics else None,
            out_of_sample=_table(folder / "out_of_sample.parquet"),
            next_forecasts=_with_why(
                _with_headlines(forecasts, _table(folder / "headlines.parquet")), _table(folder / "why.parquet")
            ),
            ledger_forecasts=_table(folder / "live.parquet"),
        )
    if run.recipe == "train":
        return replace(run, out_of_sample=forecasts)
    return replace(
        run,
        backtest=BacktestMetrics.from_dict(metrics),
        out_of_sample=forecasts,
        equity=None if equity is None else equity.set_index("session"),
        balances=_table(folder / "balances.parquet"),
        attribution=_table(folder / "attribution.parquet"),
        fills=_table(folder / "fills.parquet"),
        profits=_table(folder / "profits.parquet"),
    )


def read_basics(folder: Path) -> RunReport:
    """Return what every run has, whatever its recipe: manifest, settings, coverage, and the account of its data.

    Raises
    ------
    OSError, ValueError
        If a file is missing or damaged.
    """
    manifest, account = read_json(folder / "manifest.json"), read_json(folder / "account.json")
    coverage = read_json(folder / "metrics.json").get("coverage")
    return RunReport(
        run_id=folder.name,
        recipe=manifest["recipe"],
        created_at=pd.Timestamp(manifest["now"]),
        title=manifest["title"],
        coverage=None if coverage is None else Coverage.from_dict(coverage),
        models=_models(account["models"]),
        bars=_table(folder / "bars.parquet"),
        ticker_news=_table(folder / "ticker_news.parquet"),
        news=_table(folder / "news.parquet"),
        dropped=tuple(Dropped(**drop) for drop in account["dropped"]),
        ticker_outcomes=tuple(_outcome(**outcome) for outcome in account["outcomes"]),
        limitations=account["doubts"],
        settings=tomllib.loads((folder / "settings.toml").read_text(encoding="utf-8")),
        manifest=manifest,
    )


def read_json(path: Path) -> Any:
    """Return what a JSON file of a run holds."""
    return json.loads(path.read_text(encoding="utf-8"))


def _models(rows: Sequence[Mapping[str, Any]]) -> pd.DataFrame | None:
    """Return the registered models with accuracy, base rate and count in place of all their metrics."""
    if not rows:
        return None
    frame = pd.DataFrame(rows)
    records = [Scores.from_dict(metrics) for metrics in frame.pop("metrics")]
    figures = {name: [getattr(scores, name) for scores in records] for name in ("accuracy", "base_rate", "n")}
    return frame.assign(**figures)


def _with_headlines(forecasts: pd.DataFrame | None, headlines: pd.DataFrame | None) -> pd.DataFrame | None:
    if forecasts is None or headlines is None:
        return forecasts
    columns = ["published_at", "text", "url", "compound"]
    read = {str(key): list(group[columns].itertuples(index=False)) for key, group in headlines.groupby("ticker")}
    given = forecasts.assign(headlines=pd.Series([read.get(t, []) for t in forecasts["ticker"]], dtype=object))
    if "lookback" not in forecasts or "sessions_ago" not in headlines:
        # Runs of before 0.4 don't say what their forecasts read.
        return given
    by_ticker = {str(key): rows for key, rows in headlines.groupby("ticker")}
    words = [
        news_sentence(by_ticker.get(ticker, headlines.iloc[:0]), lookback=int(lookback), reads_text=bool(reads))
        for ticker, lookback, reads in zip(
            forecasts["ticker"], forecasts["lookback"], forecasts["reads_text"], strict=True
        )
    ]
    return given.assign(news=words)


def _with_why(forecasts: pd.DataFrame | None, why: pd.DataFrame | None) -> pd.DataFrame | None:
    """Return the forecasts with what moved each; older runs don't say it, and nothing is said of another forecast."""
    if forecasts is None or why is None:
        return forecasts
    explained = {(each.ticker, each.session): each for each in read_why(why)}
    columns = (forecasts[name] for name in ("ticker", "session", "probability_up"))
    reasons = [
        reason
        if (reason := explained.get((ticker, session))) and abs(reason.probability_up - probability) <= TOLERANCE
        else None
        for ticker, session, probability in zip(*columns, strict=True)
    ]
    return forecasts.assign(why=pd.Series(reasons, dtype=object, index=forecasts.index))


def _table(path: Path) -> pd.DataFrame | None:
    """Return a table of the run, or None where it left none."""
    return pd.read_parquet(path) if path.exists() else None


def _outcome(*, retry_at: str | None, **fields: Any) -> Outcome:
    return Outcome(**fields, retry_at=None if retry_at is None else pd.Timestamp(retry_at))
