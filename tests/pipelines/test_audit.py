"""The audit passes the product, names what it looked at, and ends in a sentence where it can't look."""

import re

import pandas as pd
import pytest

import pipelines.prepare as recipe
from pipelines.audit import run_audit
from pipelines.audit_origins import examine_source
from pipelines.audit_plan import Plan, choose_tickers
from pipelines.context import Context
from pipelines.ingest import ingest, universe
from stockseq.config import Settings
from stockseq.errors import SourceError, StockseqError
from stockseq.store import Store

QUICK = Plan(n_tickers=2, n_cuts=2, n_early=2, n_models=1)


def fill(settings: Settings, now: pd.Timestamp) -> None:
    """Fetch what an audit is to look at."""
    context = Context(settings, now)
    ingest(context, universe(context))


def test_the_product_passes_its_own_audit(settings, mornings, capsys):
    """The whole command: cut, poison, fit, ask the source again, read the store as of earlier."""
    fill(settings, mornings[-1])
    verdicts = {verdict.artefact: verdict for verdict in run_audit(settings, mornings[-1], plan=QUICK)}
    assert list(verdicts) == [
        "bars", "actions", "headlines", "features", "volatility", "labels", "panel", "windows", "instants", "warm-up",
        "fold", "scaler", "vocabulary", "training", "forecasts", "source simulated", "store",
    ]  # fmt: skip
    assert all(verdict.n_values > 0 and not verdict.findings for verdict in verdicts.values())
    told = " ".join(capsys.readouterr().out.split())
    assert "1 with the most headlines, splits and dividends and 1 at random of 6" in told
    assert "2 cuts in the warm-up and 2 random ones" in told
    assert "30 features" in told
    assert re.search(r"Nothing looks ahead: [\d,]+ values of 2 of 6 tickers compared\.", told)


def test_a_leak_ends_the_audit_in_a_sentence_and_an_error(settings, mornings, monkeypatch, capsys):
    """Whoever runs it in a script goes by the exit status, whoever reads it by the sentence."""
    labels = recipe.compute_labels

    def shifted(*given, **options):
        rows = labels(*given, **options)
        later = rows.groupby("ticker")["realised_return"].shift(-1)
        return rows.assign(realised_return=later).dropna(subset="realised_return").reset_index(drop=True)

    monkeypatch.setattr(recipe, "compute_labels", shifted)
    one = settings.model_copy(update={"tickers": ("BANVEX",)})
    fill(one, mornings[-1])
    with pytest.raises(StockseqError, match="Something looks ahead: labels"):
        run_audit(one, mornings[-1], plan=Plan(n_cuts=1, n_early=1, n_models=0))
    assert "`row` of BANVEX on" in capsys.readouterr().out


def test_a_history_too_short_to_train_on_is_audited_without_models_and_says_so(settings, mornings, capsys):
    """One ticker and few sessions still have features that can look ahead."""
    folds = settings.folds.model_copy(update={"min_train": 500})
    short = settings.model_copy(update={"tickers": ("BANVEX",), "folds": folds})
    fill(short, mornings[-1])
    verdicts = run_audit(short, mornings[-1], plan=Plan(n_cuts=1, n_early=1))
    assert "forecasts" not in {verdict.artefact for verdict in verdicts}
    assert "Not audited: models and forecasts that can't be fitted on all there is." in " ".join(
        capsys.readouterr().out.split()
    )


@pytest.mark.parametrize("source", ["yahoo", "simulated"])
def test_an_empty_store_says_what_to_run_first(settings, mornings, tmp_path, source):
    """An audit of what it fetched itself would prove nothing of the user's own store."""
    empty = settings.model_copy(update={"source": source, "data": str(tmp_path / "none")})
    with pytest.raises(StockseqError, match="such as `make daily`"):
        run_audit(empty, mornings[-1])
    assert not (tmp_path / "none").exists()
    store = Store(settings.data)
    with pytest.raises(SourceError, match=r"holds no bars yet, so there is nothing to audit\. Run make daily first"):
        run_audit(settings.model_copy(update={"source": source}), mornings[-1])
    assert store.versions() == {}


def test_a_ticker_that_a_store_lacks_says_what_to_run_first(settings, mornings):
    """An audit of other tickers than those asked for would answer another question."""
    fill(settings, mornings[-1])
    other = settings.model_copy(update={"source": "yahoo", "tickers": ("AAPL",)})
    with pytest.raises(SourceError, match="holds no bars of AAPL yet, so there is nothing to audit"):
        run_audit(other, mornings[-1])


def test_named_tickers_are_audited_however_many(settings, mornings):
    """Who names six wants six."""
    context = Context(settings.model_copy(update={"tickers": ("A", "B", "C", "D", "E", "F")}), mornings[-1])
    assert choose_tickers(context, tuple("ABCDEFG"), Plan())[0] == tuple("ABCDEF")


def test_a_live_source_is_not_asked_again_and_the_audit_says_what_holds_instead(settings, mornings):
    """What Yahoo answers today says nothing of what it answered then."""
    context = Context(settings.model_copy(update={"source": "yahoo"}), mornings[-1])
    verdict, reason = examine_source(context, ["AAPL"])
    assert verdict is None
    assert reason.startswith("yahoo was not asked again: a live source answers for today alone.")
