"""Runs of made-up numbers for the pages; seeded, so that a failure can be looked at again."""

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pandas as pd
import pytest

from stockseq.backtest.performance import PerformanceFigures
from stockseq.dataset.dataset import Coverage
from stockseq.evaluate.comparison import Comparison, PairedTest
from stockseq.evaluate.scores import Scores
from stockseq.evaluate.significance import Significance
from stockseq.forecasting.live import LiveRecord
from stockseq.forecasting.next_book import NextBook
from stockseq.models.why import Part, Why
from stockseq.report.metrics import BacktestMetrics
from stockseq.report.run import RunReport
from stockseq.report.tables.table import Table
from stockseq.schemas import Dropped
from stockseq.sources.source import Outcome
from tests.report.made_up_scores import made_up_scores
from tests.report.visit import open_browser

ATTACK = "</script><script>window.attacked=1</script>\"'><img src=x onerror=window.attacked=1>\u202eDOWN"

BuildRun = Callable[..., RunReport]
COVERAGE = Coverage(sessions=500, bars=45210, headlines=40417, share_with_news=0.591, tickers=30)


def made_up_forecasts(n_tickers: int, n_sessions: int) -> pd.DataFrame:
    """Forecasts with a little skill, a row a ticker and session."""
    random = np.random.default_rng(7)
    sessions = pd.bdate_range("2014-01-02", periods=n_sessions).astype("datetime64[us]")
    tickers = np.array([f"T{number:03d}" for number in range(n_tickers)])
    n = n_tickers * n_sessions
    probability = np.clip(0.505 + 0.05 * random.standard_normal(n), 0.3, 0.7)
    up = random.random(n) < 0.5 + 1.2 * (probability - 0.5)
    return pd.DataFrame(
        {
            "ticker": np.tile(tickers, n_sessions),
            "session": np.repeat(sessions, n_tickers),
            "probability_up": probability,
            "expected_return": (probability - 0.5) / 20,
            "realised_return": np.where(up, 1, -1) * random.exponential(0.01, n),
        }
    )


def made_up_equity(n_sessions: int) -> pd.DataFrame:
    """Five curves from 100 000."""
    random = np.random.default_rng(11)
    index = pd.bdate_range("2014-01-02", periods=n_sessions, name="session").astype("datetime64[us]")
    market = random.normal(0.0003, 0.009, n_sessions)
    skill = 0.4 * market + random.normal(0.0008, 0.005, n_sessions)
    returns = {
        "strategy": skill - 0.0003,
        "strategy_0x": skill,
        "strategy_2x": skill - 0.0006,
        "buy_and_hold": market,
        "equal_weight": market * 0.95 + random.normal(0.0, 0.001, n_sessions),
    }
    return 100_000 * (1 + pd.DataFrame(returns, index=index)).cumprod()


def made_up_outlook(n_tickers: int) -> pd.DataFrame:
    """The next session's forecasts, the third of them late, with none, one or two headlines each."""
    decision = pd.Timestamp("2016-01-04 14:00", tz="UTC")
    headlines = [
        (
            pd.Timestamp("2016-01-04 12:41", tz="UTC"),
            "Orders rise for a third quarter as margins widen",
            "https://example.org/a",
            0.44,
        ),
        (pd.Timestamp("2016-01-03 21:05", tz="UTC"), "Regulator opens inquiry into supplier contracts", None, -0.27),
    ]
    random = np.random.default_rng(3)
    probability = np.clip(0.5 + 0.04 * random.standard_normal(n_tickers), 0.3, 0.7)
    return pd.DataFrame(
        {
            "ticker": [f"T{number:03d}" for number in range(n_tickers)],
            "session": pd.Timestamp("2016-01-04"),
            "decision_at": decision,
            "made_at": pd.Timestamp("2016-01-04 13:12", tz="UTC"),
            "late": [number == 2 for number in range(n_tickers)],
            "probability_up": probability,
            "expected_return": (probability - 0.5) / 15,
            "spread": np.abs(random.normal(0.012, 0.004, n_tickers)),
            "headlines": [headlines[: number % 3] for number in range(n_tickers)],
            "why": [made_up_why(chance, headlines[0][1]) for chance in probability.tolist()],
        }
    )


def made_up_why(probability_up: float, text: str) -> Why:
    """What moved a forecast: a headline, an RSI of 71, and a plug-in of the attacker's name where the text is one."""
    parts = (
        Part("headline", "h1", probability_up - 0.47, text=text),
        Part("group", "oscillators", -0.04, "rsi_14", 0.42),
        Part("group", text, 0.0096, text, 0.3),
        Part("rest", "rest", 0.0004),
    )
    return Why("T000", pd.Timestamp("2016-01-04"), 0.5, probability_up, parts)


def made_up_test(difference: float, p_holm: float | None) -> PairedTest:
    """A paired test with an interval of .86 points each way."""
    ci = (difference - 0.0086, difference + 0.0086)
    return PairedTest(
        difference=difference, standard_error=0.0044, n_sessions=500, ci=ci, z=1.0, p=0.002, p_holm=p_holm
    )


def made_up_figures(**changes: float | None) -> PerformanceFigures:
    """The figures of an account that did nothing, but for what is changed."""
    keys = (*PerformanceFigures.model_fields,)
    nothing = dict.fromkeys(keys) | {"total_return": 0.0, "n_returns": 499, "max_drawdown": 0.0, "n_fills": 0}
    return PerformanceFigures.from_dict(nothing | changes)


def made_up_metrics(**changes: object) -> BacktestMetrics:
    """The metrics of a backtest with three baselines, two of them compared, and two placebos."""
    placebo = {"n": 1890, "n_sessions": 63, "accuracy": 0.51, "accuracy_ci": [0.4997, 0.5207], "base_rate": 0.51,
               "chance": 0.5, "edge": 0.01, "pt_clustered_p": 0.004, "difference": -0.03}  # fmt: skip
    parts: dict[str, object] = {
        "forecast": scores(0.5524, ic=0.121, auc=0.571),
        "baselines": {
            "majority": scores(0.5102, mcc=None, auc=None, ic=None, rank_ic=None, pt_clustered_p=None),
            "momentum_12_1": scores(0.483, auc=None),
            "logistic": scores(0.5398, auc=0.551),
        },
        "comparisons": {
            "majority": comparison(made_up_test(0.0422, 0.006), made_up_test(-0.004, 0.09)),
            "logistic": comparison(made_up_test(0.0126, None), made_up_test(-0.004, 0.09)),
        },
        "placebos": {
            "shuffled_labels": placebo | {"as_expected": False, "verdict": ""},
            "early_features": placebo | {"accuracy": 0.951, "difference": 0.4, "as_expected": True, "verdict": ""},
        },
        "portfolio": {
            **made_up_figures(cagr=0.182, sharpe=1.83, max_drawdown=-0.071, n_fills=7311).to_dict(),
            "deflated_sharpe": 0.93,
            "n_trials": 4,
        },
        "benchmarks": {
            "buy_and_hold": made_up_figures(cagr=0.079, sharpe=0.6, n_fills=30, break_even_cost_bps=1793.6),
            "random_same_turnover": made_up_figures(cagr=-0.04, sharpe=-0.41, n_fills=7011),
            "momentum_12_1": made_up_figures(cagr=0.01, n_fills=3),
        },
        "coverage": COVERAGE,
        "trials": 4,
        "optimum": {"n": 15000.0, "accuracy": 0.579, "log_loss": 0.67, "brier": 0.24, "ic": 0.25},
    }
    return BacktestMetrics.model_validate(parts | changes)


def scores(accuracy: float, **changes: object) -> Scores:
    """Scores of made-up numbers."""
    return Scores.from_dict(made_up_scores(accuracy, **changes))


def comparison(accuracy: PairedTest, log_loss: PairedTest) -> Comparison:
    """A comparison of a run that Diebold and Mariano's test is part of."""
    test = Significance(estimate=-0.004, standard_error=0.002, t=-2.0, p=0.046, degrees_of_freedom=499, n=500)
    pair = {"n": 15000, "n_sessions": 500, "n_left_out": 0, "accuracy": accuracy, "log_loss": log_loss}
    return Comparison(**pair, diebold_mariano=test)


def made_up_book(*tickers: str) -> NextBook:
    """A book that buys each of these tickers."""
    order = {"side": "buy", "order": 20.0, "held": 0.0, "weight": 0.1, "last_close": 50.0, "value": 1000.0, "cost": 0.6}
    rows = [{"ticker": ticker, **order} for ticker in tickers]
    return NextBook.from_dict({"session": "2016-01-04", "label": "open_to_close", "horizon": 0, "rows": rows})


def made_up_run(n_tickers: int = 30, n_sessions: int = 500, **replaced: object) -> RunReport:
    """A run with every part present."""
    forecasts = made_up_forecasts(n_tickers, n_sessions)
    metrics = made_up_metrics()
    parts: dict[str, object] = {
        "run_id": "2016-01-04T1312Z-9f31",
        "recipe": "demo",
        "created_at": pd.Timestamp("2016-01-04 13:12", tz="UTC"),
        "title": "Walk-forward backtest and forecasts, simulated market",
        "scores": metrics.forecast,
        "backtest": metrics,
        "live": LiveRecord(n=150, n_sessions=5, n_late=1, n_open=0, scores=scores(0.54, n=150, n_sessions=5)),
        "book": made_up_book("T001", "T004"),
        "coverage": COVERAGE,
        "trials": 4,
        "out_of_sample": forecasts,
        "equity": made_up_equity(n_sessions),
        "fills": pd.DataFrame(
            {
                "session": forecasts["session"],
                "ticker": forecasts["ticker"],
                "shares": 120,
                "price": 41.25,
                "commission": 0.49,
            }
        ).head(7311),
        "next_forecasts": made_up_outlook(n_tickers),
        "models": pd.DataFrame(
            {
                "model_id": ["m-20160104-1f2e", "m-20151001-77aa"],
                "state": ["champion", "retired"],
                "trained_through": pd.to_datetime(["2015-12-31", "2015-09-30"]),
                "accuracy": [0.5524, 0.54],
            }
        ),
        "dropped": [
            Dropped("features", "T001", "warm-up of 60 sessions", 60),
            Dropped("features", "T002", "warm-up of 60 sessions", 60),
            Dropped("bars", "T004", "price not positive", 1),
        ],
        "ticker_outcomes": [
            Outcome("T001", "updated", 12),
            Outcome("T002", "failed", 0, "429 Too Many Requests", pd.Timestamp("2016-01-04 14:00", tz="UTC")),
            Outcome("T003", "unknown", 0, "No data found, symbol may be delisted"),
        ],
        "settings": {"source": "simulated", "costs": {"half_spread_bps": 2.0, "slippage_bps": 3.0}, "seeds": [1, 2, 3]},
        "manifest": {"code": {"stockseq": "0.1.0"}, "data_version": "bars@12", "seeds": [1, 2, 3]},
    }
    return RunReport(**(parts | replaced))  # type: ignore[arg-type]


def texts(table: Table | None) -> list[list[str]]:
    """The words of every cell of a table that is there."""
    assert table is not None
    return [[cell.text for cell in row] for row in table.rows]


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """Return the machine's own Chromium, or skip where there is none."""
    yield from open_browser()


@pytest.fixture(scope="session")
def build_run() -> BuildRun:
    """Return the builder of a whole run; keyword arguments replace its parts."""
    return made_up_run


@pytest.fixture(scope="session")
def attacked_run(build_run: BuildRun) -> RunReport:
    """Return a run whose every foreign text tries to become code."""
    headline = (pd.Timestamp("2024-11-29 12:00", tz="UTC"), ATTACK, "javascript:window.attacked=1", 0.5)
    link = (
        pd.Timestamp("2024-11-29 12:00", tz="UTC"),
        "quoted",
        'https://example.org/"onclick="window.attacked=1',
        0.5,
    )
    return build_run(
        run_id=ATTACK,
        recipe=ATTACK,
        title=ATTACK,
        backtest=made_up_metrics(
            baselines={ATTACK: scores(0.5)},
            impossible={ATTACK: ATTACK},
            comparisons={ATTACK: comparison(made_up_test(0.01, 0.006), made_up_test(-0.004, 0.09))},
            placebos={"late_features": {"error": ATTACK, "as_expected": None}},
            readings=[{ATTACK: {ATTACK: 0.5}}],
            benchmarks={ATTACK: made_up_figures()},
        ),
        out_of_sample=made_up_forecasts(3, 60).assign(ticker=ATTACK),
        equity=made_up_equity(60).assign(**{ATTACK: 1.0}),
        fills=pd.DataFrame({ATTACK: [ATTACK]}),
        book=made_up_book(ATTACK).model_copy(update={"unvalued": (ATTACK,), "reason": ATTACK}),
        next_forecasts=made_up_outlook(3).assign(
            ticker=ATTACK, headlines=[[headline, link]] * 3, why=[made_up_why(0.5, ATTACK)] * 3
        ),
        models=pd.DataFrame({"model_id": [ATTACK], "metrics": [ATTACK]}),
        dropped=[Dropped(ATTACK, ATTACK, ATTACK, 1)],
        ticker_outcomes=[Outcome(ATTACK, "failed", 0, ATTACK)],
        limitations=[ATTACK],
        settings={ATTACK: ATTACK},
        manifest={"nested": {ATTACK: ATTACK}},
    )
