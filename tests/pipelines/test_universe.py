"""Tickers are added and removed by a command, and a model is promoted by hand: each says what it did."""

import json

import pandas as pd
import pytest

from pipelines.daily import run_daily
from pipelines.promote import run_promote
from pipelines.train import run_train
from pipelines.universe import run_add, run_remove
from stockseq.errors import SettingsError, SourceError, StoreError
from stockseq.forecast_ledger import verify
from stockseq.store import Store
from stockseq.workspace import Workspace


def test_a_removed_ticker_is_forecast_no_more_and_its_forecasts_stay(begun, mornings, market, capsys):
    """Two mornings: the second has five of six tickers, and scores all six forecasts of the first."""
    gone = market.tickers[0]
    run_remove(begun, mornings[0], tickers=(gone,))
    assert f"Removed: {gone}. 5 tickers are left" in capsys.readouterr().out
    morning, _ = run_daily(begun, mornings[1], quiet=True)
    assert set(morning.table["ticker"]) == {*market.tickers} - {gone}
    assert verify(Store(begun.data)).n_rows == 6 + 5
    assert gone in set(Store(begun.data).read("forecasts")["ticker"])
    run_add(begun, mornings[1], tickers=(gone,))
    assert "Every run has 6 tickers now" in capsys.readouterr().out


def test_a_ticker_that_nobody_knows_is_not_added(begun, mornings):
    """A typo must not become part of every run."""
    with pytest.raises(SourceError, match="none was added"):
        run_add(begun, mornings[0], tickers=("NOSUCH",))
    for run in (run_add, run_remove):
        with pytest.raises(SettingsError, match="Name the tickers"):
            run(begun, mornings[0], tickers=())


def test_not_all_tickers_are_removed(begun, mornings, market):
    """A store without any would refuse every run from then on, and the refusal came after the removal."""
    versions = Store(begun.data).versions()
    with pytest.raises(SourceError, match=r"These are all of 6 tickers.*nothing was removed"):
        run_remove(begun, mornings[0], tickers=market.tickers)
    assert Store(begun.data).versions() == versions


def test_only_needs_tickers_and_a_known_value(settings, mornings):
    """ONLY=yes and a forgotten TICKERS would train on what nobody meant."""
    with pytest.raises(SettingsError, match="ONLY must be 1"):
        run_train(settings, mornings[0], mode="scratch", added=("X",), only="yes")
    with pytest.raises(SettingsError, match="name them"):
        run_train(settings, mornings[0], mode="scratch", only="1")


def test_a_changed_network_is_told_and_what_it_trains_is_promoted_by_hand(begun, mornings, capsys):
    """The champion forecasts by its own settings, in the files too, until another is put in its place."""
    first = Workspace(begun, now=mornings[0]).registry.champion().model_id
    wider = begun.model_copy(
        update={
            "network": begun.network.model_copy(update={"units": 3, "headlines_per_session": 1}),
            # No candidate is that much better, so that it is champion by hand or not at all.
            "daily": begun.daily.model_copy(update={"promotion_z": 50.0}),
        }
    )
    _, folder = run_daily(wider, mornings[0])
    said = f"The champion {first} stands on other settings (network.units was 2, is 3"
    assert said in " ".join(capsys.readouterr().out.split())
    assert "units = 2" in (folder / "settings.toml").read_text()
    assert "stands on other settings" in (folder / "report" / "index.html").read_text()
    forecasts = pd.read_parquet(folder / "forecasts.parquet")

    page = run_train(wider, mornings[0], mode="scratch") / "report" / "index.html"
    assert "against champion" in page.read_text()
    listed = Workspace(wider, now=mornings[0]).registry.list_models()
    second = next(name for name in listed["model_id"] if name != first)
    assert len(listed.loc[listed["model_id"] == second, "metrics"].item()["tickers"]) == 6
    run_promote(wider, mornings[1], model_id=second)
    champion = Workspace(wider, now=mornings[1]).registry.champion()
    assert (champion.model_id, champion.metrics["forced_over"]) == (second, first)
    assert "champion by hand" in " ".join(capsys.readouterr().out.split())

    later, folder = run_daily(wider, mornings[1], quiet=True)
    notes = json.loads((folder / "metrics.json").read_text())["forecast"]["notes"]
    assert any("is the champion by hand" in note for note in notes)
    assert later.champion.model.network.units == 3
    assert len(forecasts) == 6


def test_a_model_that_is_not_listed_is_not_promoted(begun, mornings, capsys):
    """The error lists what there is; the champion itself changes nothing."""
    with pytest.raises(StoreError, match="No model nope is listed"):
        run_promote(begun, mornings[0], model_id="nope")
    with pytest.raises(SettingsError, match="make models"):
        run_promote(begun, mornings[0], model_id=None)
    run_promote(begun, mornings[0], model_id=Workspace(begun, now=mornings[0]).registry.champion().model_id)
    assert "nothing has changed" in capsys.readouterr().out


def test_training_without_any_bar_is_one_sentence(begun, mornings):
    """No ticker is left of those that were named."""
    with pytest.raises(SourceError, match="There is no bar of any of these tickers"):
        run_train(
            begun.model_copy(update={"tickers": ("ZZZZ",)}), mornings[0], mode="scratch", added=("ZZZZ",), only="1"
        )
