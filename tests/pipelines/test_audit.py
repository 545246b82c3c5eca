"""The audit's command passes the product, names what it looked at, and ends in a sentence where it can't look."""

import re

import pandas as pd
import pytest

from pipelines.audit import run_audit
from stockseq.audit.plan import AuditPlan
from stockseq.config import Settings
from stockseq.errors import SourceError, StockseqError
from stockseq.store import Store
from stockseq.workspace import Workspace

QUICK = AuditPlan(n_tickers=2, n_cuts=1, n_early=1, n_models=1)


@pytest.fixture
def filled(settings: Settings, mornings: list[pd.Timestamp]) -> Settings:
    """A store with what an audit is to look at, and one network of one epoch to fit twice."""
    workspace = Workspace(settings, now=mornings[-1], create=True)
    workspace.ingest(workspace.universe())
    training = settings.training.model_copy(update={"n_seeds": 1, "epochs": 1})
    return settings.model_copy(update={"training": training})


@pytest.mark.slow
def test_the_product_passes_its_own_audit(
    filled: Settings, mornings: list[pd.Timestamp], capsys: pytest.CaptureFixture[str]
) -> None:
    """The whole command: cut, poison, fit, ask the source again, read the store as of earlier."""
    verdicts = {verdict.artefact: verdict for verdict in run_audit(filled, mornings[-1], plan=QUICK).verdicts}
    assert list(verdicts)[-3:] == ["forecasts", "source simulated", "store"]
    assert all(verdict.n_values > 0 and not verdict.findings for verdict in verdicts.values())
    printed = " ".join(capsys.readouterr().out.split())
    assert "1 with the most headlines, splits and dividends and 1 at random of 6" in printed
    assert "1 cut in the warm-up and 1 random ones" in printed
    assert "33 features" in printed
    assert re.search(r"Nothing looks ahead: [\d,]+ values of 2 of 6 tickers compared\.", printed)


@pytest.mark.parametrize("source", ["yahoo", "simulated"])
def test_an_empty_store_says_what_to_run_first(
    settings: Settings, mornings: list[pd.Timestamp], tmp_path, source: str
) -> None:
    """An audit of what it fetched itself would prove nothing of the user's own store."""
    empty = settings.model_copy(update={"source": source, "data": str(tmp_path / "none")})
    with pytest.raises(StockseqError, match="such as `make daily`"):
        run_audit(empty, mornings[-1])
    assert not (tmp_path / "none").exists()
    store = Store(settings.data)
    with pytest.raises(SourceError, match=r"has no bars yet, so there is nothing to audit\. Run make daily first"):
        run_audit(settings.model_copy(update={"source": source}), mornings[-1])
    assert store.versions() == {}


def test_a_ticker_that_a_store_lacks_says_what_to_run_first(filled: Settings, mornings: list[pd.Timestamp]) -> None:
    """An audit of other tickers than those asked for would answer another question."""
    other = filled.model_copy(update={"tickers": ("AAPL",)})
    with pytest.raises(SourceError, match="has no bars of AAPL yet, so there is nothing to audit"):
        run_audit(other, mornings[-1])
