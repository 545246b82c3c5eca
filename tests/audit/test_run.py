"""An audit in memory: it passes the product, raises with what moved, and says what it could not look at."""

from dataclasses import replace
from typing import Any

import pytest

import stockseq.dataset.dataset as dataset
from stockseq.audit.plan import AuditPlan
from stockseq.audit.run import audit, audit_market
from stockseq.dataset.dataset import Inputs
from stockseq.dataset.folds import FoldSettings
from stockseq.errors import DataError, StockseqError
from stockseq.features.indicators import DEFAULT_FEATURES
from stockseq.market import MarketData
from stockseq.models.forecaster import Forecaster
from stockseq.models.settings import NetworkSettings, TrainingSettings
from stockseq.sources.markets import load_simulated

FORECASTER = Forecaster(NetworkSettings(lookback=2, units=1), TrainingSettings(n_seeds=1))
INPUTS = Inputs(lookback=2, features=DEFAULT_FEATURES[:2])
FOLDS = FoldSettings(min_train=30, validation_size=10, gap=0, n_folds=1)
QUICK = AuditPlan(n_cuts=1, n_early=1, n_models=1)


@pytest.fixture(scope="module")
def market() -> MarketData:
    """One ticker with dividends, long enough for one small fold."""
    return load_simulated(n_tickers=1, n_sessions=120)


def test_the_product_passes_in_memory_from_the_bars_to_the_forecasts(market: MarketData) -> None:
    """Without a store there is no origin to ask again, and all the rest is the same."""
    result = audit(market, INPUTS, forecaster=FORECASTER, folds=FOLDS, plan=QUICK)
    assert [verdict.artefact for verdict in result.verdicts] == [
        "bars", "actions", "headlines", "features", "volatility", "labels", "panel", "samples", "instants", "warm-up",
        "fold", "scaler", "vocabulary", "training", "forecasts",
    ]  # fmt: skip
    assert (result.tickers, result.n_features, result.moved) == (market.tickers, len(INPUTS.names), ())
    assert result.is_complete


def test_a_leak_raises_with_what_moved_first(market: MarketData, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever runs it in a script goes by the error, and goes to look."""
    label_trades = dataset.label_trades

    def shifted(*given: Any, **options: Any) -> Any:
        trades = label_trades(*given, **options)
        later = trades.labels.groupby("ticker")["realised_return"].shift(-1)
        return replace(trades, labels=trades.labels.assign(realised_return=later).dropna(subset="realised_return"))

    monkeypatch.setattr(dataset, "label_trades", shifted)
    with pytest.raises(StockseqError, match=r"Something looks ahead: labels \(`row` of BANVEX on 2018-"):
        audit(market, INPUTS, forecaster=FORECASTER, plan=replace(QUICK, n_models=0))


def test_a_history_too_short_to_train_on_is_audited_without_models(market: MarketData) -> None:
    """Few sessions still have features that can look ahead."""
    result = audit_market(market, INPUTS, forecaster=FORECASTER, plan=QUICK)
    assert "forecasts" not in {verdict.artefact for verdict in result.verdicts}
    (gap,) = result.unaudited
    assert gap.subject == "models"
    assert "Walk-forward needs more than" in gap.reason
    assert not result.is_complete


def test_a_market_without_bars_is_refused(market: MarketData) -> None:
    """Nothing compared would read as nothing found."""
    with pytest.raises(DataError, match="An audit needs bars"):
        audit_market(market.of([]), INPUTS)
