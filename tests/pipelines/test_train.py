"""A candidate becomes champion only by being better on sessions that neither saw; every model stays listed."""

import json

import pandas as pd
import pytest

from pipelines.daily import run_daily
from pipelines.train import run_train
from stockseq.errors import SettingsError
from stockseq.store import Store
from stockseq.workspace import Workspace


def models(settings, now) -> pd.DataFrame:
    return Workspace(settings, now=now).registry.list_models()


def test_new_tickers_train_a_candidate_that_is_listed_beside_the_champion(settings, mornings, market):
    """Retraining on new tickers is one command, and its outcome is on record either way."""
    few = settings.model_copy(update={"tickers": market.tickers[:4]})
    run_daily(few, mornings[0])
    run_train(settings, mornings[1], mode="scratch")
    listed = models(settings, mornings[1])
    assert len(listed) == 2
    assert (listed["state"] == "champion").sum() == 1
    assert all({"accuracy", "base_rate", "n"} <= metrics.keys() for metrics in listed["metrics"])


def test_a_fine_tuned_model_stands_beside_the_champion_it_came_from(begun, mornings):
    """A fine-tuned model reads text as its base does, or its embedding would mean nothing."""
    run_train(begun, mornings[0], mode="finetune")
    assert len(models(begun, mornings[0])) == 2


def test_an_unknown_mode_is_refused(settings, mornings):
    """A typo must not train from scratch."""
    with pytest.raises(SettingsError, match="scratch or finetune"):
        run_train(settings, mornings[0], mode="fine-tune")


def test_a_model_that_takes_over_says_in_the_morning_what_it_was_chosen_on(begun, mornings):
    """The sessions that it won on flatter its record; by 100 standard errors less than none any model wins."""
    first = Workspace(begun, now=mornings[0]).registry.champion().model_id
    reseeded = begun.model_copy(update={"training": begun.training.model_copy(update={"seed": 50})})
    easy = reseeded.model_copy(update={"daily": begun.daily.model_copy(update={"promotion_z": -100.0})})
    run_train(easy, mornings[0], mode="scratch")
    assert Workspace(easy, now=mornings[0]).registry.champion().metrics["chosen_over"] == first
    notes = json.loads((run_daily(easy, mornings[0])[1] / "metrics.json").read_text())["forecast"]["notes"]
    assert any("also chose this model" in note for note in notes)


def test_a_change_of_label_never_rescores_what_was_forecast_before(begun, mornings):
    """Each forecast is judged by the trade that its own model forecast."""
    run_daily(begun.model_copy(update={"label": "open_to_next_open"}), mornings[1])
    store = Store(begun.data)
    scored = store.read("forecasts").merge(store.read("outcomes"), on="forecast_id")
    bars = store.read("bars").set_index(["ticker", "session"])
    assert len(scored) == 6
    for row in scored.itertuples():
        bar = bars.loc[(row.ticker, row.session)]
        assert abs(row.realised_return - (bar["close"] / bar["open"] - 1)) < 1e-12
