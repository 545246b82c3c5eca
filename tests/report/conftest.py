"""Runs of made-up numbers for the pages; seeded, so that a failure can be looked at again."""

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest

from stockseq.report.run import RunReport
from stockseq.schemas import Dropped
from stockseq.sources.source import Outcome

ATTACK = "</script><script>window.attacked=1</script>\"'><img src=x onerror=window.attacked=1>\u202eDOWN"

BuildRun = Callable[..., RunReport]


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
        }
    )


def made_up_run(n_tickers: int = 30, n_sessions: int = 500, **replaced: object) -> RunReport:
    """A run with every part present."""
    forecasts = made_up_forecasts(n_tickers, n_sessions)
    scores = {
        "n": len(forecasts), "n_sessions": n_sessions, "accuracy": 0.5524, "accuracy_ci": [0.5431, 0.5617],
        "base_rate": 0.5102, "chance": 0.5004, "balanced_accuracy": 0.5517, "mcc": 0.104, "auc": 0.571, "brier": 0.2471,
        "log_loss": 0.6873, "ic": 0.121, "rank_ic": 0.127, "pt_clustered_t": 9.42, "pt_clustered_p": 0.00001,
        "seeds": [{"accuracy": 0.5468}, {"accuracy": 0.5491}, {"accuracy": 0.5502}],
    }  # fmt: skip
    account = {
        "cagr": 0.182, "volatility": 0.094, "sharpe": 1.83, "deflated_sharpe": 0.93, "sortino": 2.71,
        "max_drawdown": -0.071, "turnover": 1.42, "cost": 0.0713, "break_even_cost_bps": 9.4, "n_fills": 7311,
    }  # fmt: skip
    weaker = {"accuracy": 0.5102, "accuracy_ci": [0.4997, 0.5207], "brier": 0.25, "n": len(forecasts)}
    pair = {"difference": 0.0126, "ci": [0.004, 0.0212], "standard_error": 0.004, "p": 0.002, "p_holm": 0.006}
    loss = pair | {"difference": -0.004, "ci": [-0.008, 0.0], "p_holm": 0.09}
    placebo = weaker | {"base_rate": 0.51, "n_sessions": 63, "pt_clustered_p": 0.4, "difference": -0.03}
    parts: dict[str, object] = {
        "run_id": "2016-01-04T1312Z-9f31",
        "recipe": "demo",
        "created_at": pd.Timestamp("2016-01-04 13:12", tz="UTC"),
        "title": "Walk-forward backtest and forecasts, simulated market",
        "verdict": "The model is better than chance on this simulated market: right on 55.2% of 15,000 forecasts "
        "over 500 sessions (95% interval 54.3% to 56.2%), where always saying the same direction is right on 51.0%.\n"
        "It beats every baseline on the same sessions, and after costs "
        "its account grew faster than the market with less drawdown.",
        "metrics": {
            "forecast": scores,
            "baselines": {
                "majority": weaker,
                "momentum": weaker | {"accuracy": 0.483, "accuracy_ci": [0.472, 0.494]},
                "logistic_regression": weaker | {"accuracy": 0.5398, "auc": 0.551, "ic": 0.08},
            },
            "portfolio": account,
            "benchmarks": {
                "buy_and_hold": {"cagr": 0.079, "volatility": 0.143, "sharpe": 0.6, "max_drawdown": -0.21},
                "equal_weight": {"cagr": 0.075, "volatility": 0.136, "sharpe": 0.59, "max_drawdown": -0.19},
                "random_same_turnover": {"cagr": -0.04, "volatility": 0.09, "sharpe": -0.41, "max_drawdown": -0.33},
            },
            "coverage": {"sessions": n_sessions, "bars": 45210, "headlines": 40417, "share_with_news": 0.591},
            "trials": 4,
            "comparisons": {
                "majority": {"n": 15000, "n_sessions": 500, "accuracy": pair, "log_loss": loss},
                "logistic_regression": {
                    "n": 15000,
                    "n_sessions": 500,
                    "accuracy": pair | {"p_holm": None},
                    "log_loss": loss,
                },
            },
            "placebos": {
                "shuffled_labels": placebo | {"as_expected": False, "verdict": "SOMETHING FOUND"},
                "early_features": placebo | {"accuracy": 0.951, "as_expected": True, "verdict": "it jumps"},
            },
        },
        "out_of_sample": forecasts,
        "optimum": {"accuracy": 0.579},
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
        "live_record": {
            "n": 150,
            "n_sessions": 5,
            "accuracy": 0.54,
            "accuracy_ci": [0.46, 0.62],
            "base_rate": 0.527,
            "n_late": 1,
        },
        "models": pd.DataFrame(
            {
                "model_id": ["m-20160104-1f2e", "m-20151001-77aa"],
                "state": ["champion", "retired"],
                "trained_through": pd.to_datetime(["2015-12-31", "2015-09-30"]),
                "metrics": ['{"forecast": {"accuracy": 0.5524, "base_rate": 0.51, "n": 15000}}', "{}"],
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
        verdict=ATTACK,
        metrics={"baselines": {ATTACK: {"accuracy": 0.5}}, "portfolio": {ATTACK: 1.5}, "coverage": {ATTACK: 1}},
        out_of_sample=made_up_forecasts(3, 60).assign(ticker=ATTACK),
        equity=made_up_equity(60).assign(**{ATTACK: 1.0}),
        fills=pd.DataFrame({ATTACK: [ATTACK]}),
        next_forecasts=made_up_outlook(3).assign(ticker=ATTACK, headlines=[[headline, link]] * 3),
        models=pd.DataFrame({"model_id": [ATTACK], "metrics": [ATTACK]}),
        dropped=[Dropped(ATTACK, ATTACK, ATTACK, 1)],
        ticker_outcomes=[Outcome(ATTACK, "failed", 0, ATTACK)],
        limitations=[ATTACK],
        settings={ATTACK: ATTACK},
        manifest={"nested": {ATTACK: ATTACK}},
    )
