"""One simulated market run through the whole product: fetched, stored, built, trained on, forecast and traded."""

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Executor, as_completed
from dataclasses import asdict, dataclass, replace
from itertools import chain
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pandas as pd

from stockseq.backtest.policy import target_weights
from stockseq.backtest.simulator import simulate
from stockseq.backtest.trading import TradingRules
from stockseq.dataset.dataset import Dataset, Inputs, build_dataset
from stockseq.dataset.folds import Fold, FoldSettings, cut_folds, final_fold
from stockseq.dataset.samples import Samples
from stockseq.evaluate.ranking import score_ranking
from stockseq.evaluate.scores import score_forecasts
from stockseq.exam.result import Profit
from stockseq.features.history import WARM_UP
from stockseq.features.table import feature_set_name
from stockseq.ingestion.ingest import ingest
from stockseq.models.forecaster import Forecaster
from stockseq.models.forecasting import forecast_samples
from stockseq.models.model import Model
from stockseq.models.settings import NetworkSettings, TrainingSettings
from stockseq.progress import SILENT, Progress
from stockseq.results import Result
from stockseq.schemas import as_forecasts
from stockseq.sessions import TradingCalendar
from stockseq.sources.settings import Kind, SimulatedSettings
from stockseq.sources.simulated import SimulatedSource
from stockseq.sources.simulated.market import Optimum, optimum
from stockseq.store import Store

# Those that judge the product as a whole; the decaying and the gated market judge a layer each.
KINDS: tuple[Kind, ...] = (
    "regime",
    "signal",
    "relative",
    "null",
    "null_drift",
    "leak_recap",
    "leak_overnight",
    "leak_backdated",
)
FIRST_SEED = 100
# What the best forecaster says, by its column in the truth, and the name that it gets beside a forecaster's own.
KNOWN = {"probability_up": "chance_up", "relative": "best_relative", "expected_variance": "best_variance"}
FIGURES = "answers.json"


@dataclass(frozen=True)
class ExamPlan:
    """How large each market is, and how the one that changes is forecast.

    Parameters
    ----------
    n_train, n_test, n_tickers : int
        Sessions to train and to test on, and tickers, of each market.
    n_settling : int, default=150
        Sessions after the change from which both forecasters of a regime are tested.
    rolling_train, rolling_test, rolling_epochs, rolling_batch : int
        Of the forecaster that is fitted again every few weeks.
    """

    n_train: int = 1000
    n_test: int = 500
    n_tickers: int = 30
    n_settling: int = 150
    rolling_train: int = 200
    rolling_test: int = 50
    rolling_epochs: int = 20
    rolling_batch: int = 256


@dataclass(frozen=True)
class Product:
    """What is examined: how a dataset is made, what is fitted on it, and how forecasts are traded."""

    inputs: Inputs
    network: NetworkSettings
    training: TrainingSettings
    folds: FoldSettings
    rules: TradingRules
    exchange: str = "XNYS"

    @property
    def fingerprint(self) -> str:
        """A text that is another for every product that may answer otherwise."""
        inputs, rules = self.inputs, self.rules
        parts = (self.network, self.training, self.folds, rules.policy, rules.costs, rules.account)
        made_of = (inputs.lookback, inputs.label, inputs.decision, inputs.latency, inputs.scorer.name)
        named = (feature_set_name(inputs.features), rules.label, self.exchange)
        return repr((*made_of, *named, *(part.model_dump_json() for part in parts)))


@dataclass(frozen=True)
class MarketRun:
    """One market to run.

    Parameters
    ----------
    kind, seed
        Which market.
    product : Product
    plan : ExamPlan
    code : str
        A hash of the code, so that no old answer passes for a new one.
    """

    kind: Kind
    seed: int
    product: Product
    plan: ExamPlan
    code: str = ""

    @property
    def name(self) -> str:
        """The market's name, such as signal-100."""
        return f"{self.kind}-{self.seed}"

    @property
    def key(self) -> str:
        """A hash of all that the answers depend on."""
        text = self.product.fingerprint + json.dumps(asdict(self.plan)) + self.code
        return hashlib.sha256(text.encode()).hexdigest()[:16]

    @property
    def market(self) -> SimulatedSettings:
        """The market: so long that train, purge and test fill it after the indicators' warm-up and a first window."""
        plan, product = self.plan, self.product
        # The first row follows the warm-up by a session, and a window ends on the last of its rows.
        n_before = WARM_UP + product.inputs.lookback
        return SimulatedSettings(
            kind=self.kind,
            seed=self.seed,
            n_tickers=plan.n_tickers,
            n_sessions=n_before + plan.n_train + product.folds.gap + plan.n_test,
            exchange=product.exchange,
        )


@dataclass(frozen=True)
class MarketAnswers:
    """What one market gave.

    Parameters
    ----------
    kind, seed
        Which market.
    forecasts : mapping of forecaster to DataFrame
        As the forecaster makes them, with what was realised; and what is true given all that can be known: `chance_up`,
        `best_relative` (the score that ranks best) and `best_variance` (of least expected QLIKE). `known_volatility` is
        the volatility known at the decision, from which a network's size starts.
    optima : mapping of forecaster to Optimum
        What the best forecast would be expected to reach on the same rows, and the ICs that it had.
    profit : Profit or None
        Of the best forecaster; None where there is nothing to earn.
    """

    kind: Kind
    seed: int
    forecasts: Mapping[str, pd.DataFrame]
    optima: Mapping[str, Optimum]
    profit: Profit | None = None


class AnswerFigures(Result):
    """What stands in a market's `answers.json`, beside a table of forecasts for each forecaster."""

    optima: dict[str, Optimum]
    profit: Profit | None = None


def plan_markets(
    product: Product, plan: ExamPlan, *, n_markets: int, kinds: Sequence[Kind] = KINDS, code: str = ""
) -> list[MarketRun]:
    """Return so many markets of each kind, on seeds of their own."""
    seeds = range(FIRST_SEED, FIRST_SEED + n_markets)
    return [MarketRun(kind, seed, product, plan, code) for kind in kinds for seed in seeds]


def run_markets(
    runs: Sequence[MarketRun], folder: Path, *, executor: Executor | None = None, progress: Progress = SILENT
) -> Iterator[MarketAnswers]:
    """Run the markets, each in a process of the executor, wherever it is, and yield their answers as they come.

    Parameters
    ----------
    runs : sequence of MarketRun
    folder : Path
        Where answers are stored; a market that was answered there before is not run again.
    executor : Executor, optional
        In this process one after another without it.
    progress : Progress, optional
    """
    progress.step("Markets", 0, len(runs))
    answered = {run.name: folder / f"{run.name}-{run.key}" for run in runs}
    missing = [run for run in runs if not (answered[run.name] / FIGURES).exists()]
    done = ((run, None) for run in runs if run not in missing)
    for n_done, (run, answers) in enumerate(chain(done, _run_all(missing, executor)), start=1):
        if answers is not None:
            store_answers(answers, answered[run.name])
        progress.step("Markets", n_done, len(runs), f"{n_done} of {len(runs)}")
        yield read_answers(run, answered[run.name])


def _run_all(runs: Sequence[MarketRun], executor: Executor | None) -> Iterator[tuple[MarketRun, MarketAnswers]]:
    if executor is None:
        yield from ((run, run_market(run)) for run in runs)
        return
    futures = {executor.submit(run_market, run): run for run in runs}
    yield from ((futures[future], future.result()) for future in as_completed(futures))


def run_market(run: MarketRun) -> MarketAnswers:
    """Run the product on one market, in a store of its own that goes with the run."""
    source = SimulatedSource(run.market)
    data = _fetch(run, source)
    optima, answers = {}, {}
    for name, (forecaster, folds) in _forecasters(run, source, data).items():
        models = ((forecaster.fit_fold(data, fold), data.samples.on(fold.test)) for fold in folds)
        forecasts = pd.concat([_forecast(model, data, test) for model, test in models], ignore_index=True)
        best = source.truth.merge(forecasts[["ticker", "session"]], on=["ticker", "session"])
        # The tickers' common move plays no part in an information coefficient by session, as it does in a pooled one:
        # what the best forecast itself had on these rows is what compares.
        had = {"ic": score_forecasts(best).ic, "rank_ic": score_ranking(best, horizon=0).rank_ic}
        optima[name] = optimum(best).model_copy(update=had)
        known = best[["ticker", "session", *KNOWN]].rename(columns=KNOWN)
        answers[name] = forecasts.merge(known, on=["ticker", "session"], validate="one_to_one")
    tested = folds[0].test
    truth = source.truth[source.truth["session"].isin(tested)]
    profit = earn_the_best(data, truth, run.product.rules) if run.kind == "signal" else None
    return MarketAnswers(run.kind, run.seed, answers, optima, profit)


def store_answers(answers: MarketAnswers, folder: Path) -> None:
    """Write the answers into a folder of their own, for `read_answers`."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, forecasts in answers.forecasts.items():
        forecasts.to_parquet(folder / f"{name}.parquet", index=False)
    # Written last: it says that all the rest is there.
    figures = AnswerFigures(optima=dict(answers.optima), profit=answers.profit)
    (folder / FIGURES).write_text(figures.model_dump_json(indent=2), encoding="utf-8")


def _forecast(model: Model, data: Dataset, samples: Samples) -> pd.DataFrame:
    known = {"ticker": samples.ticker.astype(str), "session": samples.session, "known_volatility": samples.volatility}
    forecasts = forecast_samples(model, data.panel, samples)
    return forecasts.merge(pd.DataFrame(known), on=["ticker", "session"], validate="one_to_one")


def read_answers(run: MarketRun, answers: Path) -> MarketAnswers:
    """Return what `store_answers` stored."""
    figures = AnswerFigures.model_validate_json((answers / FIGURES).read_text(encoding="utf-8"))
    forecasts = {name: pd.read_parquet(answers / f"{name}.parquet") for name in sorted(figures.optima)}
    return MarketAnswers(run.kind, run.seed, forecasts, figures.optima, figures.profit)


def _fetch(run: MarketRun, source: SimulatedSource) -> Dataset:
    """Bring the market through a store of its own, which goes with the run: other code must not find its tables."""
    now = source.default_now
    calendar = TradingCalendar.until(now, exchange=run.product.exchange)
    with TemporaryDirectory(prefix="stockseq-exam-") as root:
        _, market = ingest(Store(root), source, source.tickers, now=now, calendar=calendar)
    return build_dataset(market, run.product.inputs).require_samples()


def _forecasters(
    run: MarketRun, source: SimulatedSource, data: Dataset
) -> dict[str, tuple[Forecaster, Sequence[Fold]]]:
    """Return by name each forecaster that runs on this market, and the folds that it is fitted on."""
    product, plan = run.product, run.plan
    settings = product.folds.model_copy(update={"min_train": plan.n_train, "max_train": plan.n_train, "n_folds": 1})
    forecaster = Forecaster(product.network, product.training)
    if run.kind == "regime":
        return _regime_forecasters(run, source, data, forecaster, settings)
    folds = cut_folds(data.sessions, settings, horizon=data.inputs.horizon)
    forecasters: dict[str, tuple[Forecaster, Sequence[Fold]]] = {"text": (forecaster, folds)}
    if run.kind == "signal":
        wordless = product.network.model_copy(update={"headlines_per_session": 0})
        forecasters["vader"] = (replace(forecaster, network=wordless), folds)
    return forecasters


def _regime_forecasters(
    run: MarketRun, source: SimulatedSource, data: Dataset, forecaster: Forecaster, settings: FoldSettings
) -> dict[str, tuple[Forecaster, Sequence[Fold]]]:
    """Return one forecaster that was fitted before the change alone, and one that is fitted again every few weeks."""
    market, sessions, plan = source.market, data.sessions, run.plan
    horizon = data.inputs.horizon
    flip = market.flip_session if market.flip_session is not None else round(0.6 * market.n_sessions)
    before = sessions[sessions < market.sessions[flip]]
    tested = sessions[sessions >= market.sessions[flip + plan.n_settling]]
    within = settings.model_copy(update={"min_train": 1, "n_folds": None})
    fitted = final_fold(before, within, n_test=0, horizon=horizon)
    rolling = FoldSettings(
        min_train=len(sessions) - len(tested) - settings.gap - horizon,
        max_train=plan.rolling_train,
        test_size=plan.rolling_test,
        # The change shows in the newest sessions first, so none is held back from training to stop it early.
        validation_size=0,
        gap=settings.gap,
    )
    update = {"epochs": plan.rolling_epochs, "batch_size": plan.rolling_batch}
    refitted = replace(forecaster, training=forecaster.training.model_copy(update=update))
    return {
        "static": (forecaster, [Fold(fitted.train, fitted.validation, tested)]),
        "rolling": (refitted, cut_folds(sessions, rolling, horizon=horizon)),
    }


def earn_the_best(data: Dataset, truth: pd.DataFrame, rules: TradingRules) -> Profit:
    """Trade the best possible forecasts through the account; compare the profit with what the law lets expect.

    Of a position taken at the open, the law knows the expected move to the close: volatility times mean. The sum over
    sessions of what was earned before costs, less that, has mean 0; its standard error is taken from its own squares.

    Parameters
    ----------
    data : Dataset
        Of the market.
    truth : DataFrame
        Of the sessions to trade.
    rules : TradingRules
    """
    market = data.market
    first, last = truth["session"].min(), truth["session"].max()
    history = simulate(
        target_weights(as_forecasts(truth), settings=rules.policy),
        market.bars,
        market.actions,
        sessions=market.calendar.between(market.calendar.previous_session(first), last),
        costs=rules.costs,
        account=rules.account,
    )
    account = history.equity
    earned = account["equity"].diff() + account["cost"] + account["borrow"] - account["interest"]
    opened = history.fills[history.fills["moment"] == "open"].merge(truth, on=["ticker", "session"])
    expected = (opened["shares"] * opened["price"] * opened["expected_return"]).groupby(opened["session"]).sum()
    surprise = (earned - expected).dropna()
    return Profit(
        realised=float(earned.loc[surprise.index].sum()),
        expected=float(expected.loc[surprise.index].sum()),
        z=float(surprise.sum() / np.sqrt((surprise**2).sum())),
        n_sessions=float(len(surprise)),
    )
