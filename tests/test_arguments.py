"""Wrong arguments of the front door: each ends in a sentence that says what came and what to do."""

from collections.abc import Callable

import pandas as pd
import pytest

import stockseq as sq
from stockseq.audit.plan import AuditPlan
from stockseq.dataset.dataset import Inputs
from stockseq.errors import SettingsError
from stockseq.features.indicators import DEFAULT_FEATURES

MARKET = sq.load_simulated(n_tickers=2, n_sessions=80)
DATA = sq.build_dataset(MARKET, lookback=5)
FORECASTS = pd.DataFrame({"ticker": "A", "session": pd.to_datetime(["2024-11-25"]), "probability_up": 0.6})


@pytest.mark.parametrize(
    ("call", "sentence"),
    [
        (lambda: sq.Forecaster(units="x"), r"`units`: .*valid integer.*received 'x'"),
        (lambda: sq.TopK(0), r"`top_k`: .*greater than or equal to 1 \(received 0\)"),
        (lambda: sq.TopK(5, mod="long_only"), "`TopK` has no setting `mod`; did you mean `mode`"),
        (lambda: sq.Threshold(2), r"`threshold`: .*less than 0.5 \(received 2\)"),
        (lambda: sq.Account(capitl=5), "did you mean `capital`"),
        (lambda: sq.load_simulated(kind="x"), r"`kind`: .*'signal'.*received 'x'"),
        (lambda: sq.load_simulated(n_tickers=0), r"`n_tickers`: .*received 0"),
        (lambda: sq.walk_forward(sq.Forecaster(), DATA, n_folds=0), r"`n_folds`: .*received 0"),
        (lambda: sq.build_dataset(MARKET, lookbck=3), "no option `lookbck`; did you mean `lookback`"),
        (lambda: sq.build_dataset(MARKET, decision="noon"), "before_open.*received 'noon'"),
        (lambda: sq.load_settings("absent.toml"), "absent.toml can't be read"),
    ],
)
def test_a_wrong_value_is_named(call: Callable[[], object], sentence: str) -> None:
    """Pydantic's own report names classes that the caller never wrote, and its website."""
    with pytest.raises(SettingsError, match=sentence) as caught:
        call()
    assert "\n" not in str(caught.value)
    assert "pydantic" not in str(caught.value)


@pytest.mark.parametrize(
    ("call", "sentence"),
    [
        (lambda: sq.build_dataset("x"), "`market` must be MarketData, received str"),
        (lambda: sq.build_dataset(MARKET, features=["nope"]), "`features` must be Feature, received str"),
        (lambda: sq.build_dataset(MARKET, lookback="x"), "`lookback` must be int, received str"),
        (lambda: sq.walk_forward(DATA, sq.Forecaster()), "walk_forward\\(forecaster, data\\)"),
        (lambda: sq.walk_forward(sq.Forecaster(), MARKET), "`data` must be Dataset, received MarketData"),
        (lambda: sq.walk_forward(sq.Forecaster(), DATA, folds=3), "write n_folds=3"),
        (lambda: sq.backtest("x", MARKET), "`forecasts` must be DataFrame"),
        (lambda: sq.backtest(FORECASTS, MARKET, policy=5), "`policy` must be PolicySettings, received int"),
    ],
)
def test_a_wrong_type_is_named(call: Callable[[], object], sentence: str) -> None:
    """A market where the dataset should stand is the likeliest slip."""
    with pytest.raises(TypeError, match=sentence):
        call()


def test_a_backtest_names_the_column_that_is_missing() -> None:
    """The forecasts of the next session have no outcome yet."""
    with pytest.raises(sq.StockseqError, match="lacks realised_return"):
        sq.backtest(FORECASTS, MARKET)
    with pytest.raises(sq.StockseqError, match="has no rows"):
        sq.backtest(FORECASTS.assign(realised_return=0.0).iloc[:0], MARKET)


def test_a_decision_reads_as_in_the_settings_file() -> None:
    """The same text in both."""
    data = sq.build_dataset(MARKET, lookback=5, decision="before_open(60)")
    assert str(data.inputs.decision) == "before_open(60)"


def test_yahoo_is_asked_for_tickers() -> None:
    """No ticker would be a market of nothing."""
    with pytest.raises(ValueError, match="none was named"):
        sq.fetch_yahoo([])


def test_an_audit_says_what_it_could_not_look_at() -> None:
    """Thirty sessions leave no sample: the summary must not read like that of a whole audit."""
    inputs = Inputs(features=DEFAULT_FEATURES[:1])
    market = sq.load_simulated(n_tickers=1, n_sessions=30)
    result = sq.audit(market, inputs, plan=AuditPlan(n_cuts=1, n_early=1))
    assert [gap.subject for gap in result.unaudited] == ["samples", "models"]
    assert "not audited: samples, models" in repr(result)
    assert not result.is_complete
