"""A candidate becomes champion only by being better on sessions that neither saw; every model stays listed."""

import numpy as np
import pandas as pd
import pytest

from pipelines.context import Context
from pipelines.daily import run_daily
from pipelines.train import data_hash, run_train
from stockseq.errors import SettingsError, TooFewSessions
from stockseq.store import Store


def models(settings, now) -> pd.DataFrame:
    return Context(settings, now).registry.list_models()


def test_new_tickers_train_a_candidate_that_is_listed_beside_the_champion(settings, mornings, market):
    """Retraining on new tickers is one command, and its outcome is on record either way."""
    few = settings.model_copy(update={"tickers": market.tickers[:4]})
    run_daily(few, mornings[0])
    run_train(settings, mornings[1], mode="scratch")
    listed = models(settings, mornings[1])
    assert len(listed) == 2
    assert (listed["state"] == "champion").sum() == 1
    assert all({"accuracy", "base_rate", "n"} <= metrics.keys() for metrics in listed["metrics"])


def test_fine_tuning_needs_a_champion(settings, mornings):
    """There is nothing to go on from."""
    with pytest.raises(SettingsError, match="no champion"):
        run_train(settings, mornings[0], mode="finetune")


def test_a_fine_tuned_model_stands_beside_the_champion_it_came_from(begun, mornings):
    """A fine-tuned model reads text as its base does, or its embedding would mean nothing."""
    run_train(begun, mornings[0], mode="finetune")
    assert len(models(begun, mornings[0])) == 2


def test_fine_tuning_another_number_of_networks_says_both_numbers(begun, mornings):
    """Each network is trained on from its weights; what was asked for is in the settings, not in the code."""
    one_seed = begun.model_copy(update={"training": begun.training.model_copy(update={"n_seeds": 1})})
    with pytest.raises(
        SettingsError, match=r"it has 2, and SEEDS \(`training.n_seeds`\) is 1\. Give SEEDS=2, or MODE=s"
    ):
        run_train(one_seed, mornings[0], mode="finetune")


def test_too_few_sessions_say_where_the_others_went(settings, mornings, capsys):
    """By hand: 227 sessions are over by then, 60 and 3 precede the first sample; "164" alone looks like lost data."""
    folds = settings.folds.model_copy(update={"min_train": 900})
    one = settings.model_copy(update={"folds": folds, "tickers": ("BANVEX",)})
    with pytest.raises(TooFewSessions) as refused:
        run_train(one, mornings[1], mode="scratch")
    told = str(refused.value)
    assert told.startswith("Training needs 900 sessions and 5 purged before 20 held out, received 164.")
    shares = "60 sessions warm the indicators up and 3 fill the first window."
    assert told.endswith(f"Of 227 sessions with bars 164 are left for that: {shares}")
    assert "Building features of 1 ticker\n" in capsys.readouterr().out


def test_an_unknown_mode_is_refused(settings, mornings):
    """A typo must not train from scratch."""
    with pytest.raises(SettingsError, match="scratch or finetune"):
        run_train(settings, mornings[0], mode="fine-tune")


def test_a_model_does_not_replace_one_that_it_does_not_beat(begun, mornings):
    """The same data and other seeds give another model, but no evidence that it is better."""
    before = Context(begun, mornings[0]).registry.champion()
    reseeded = begun.model_copy(update={"training": begun.training.model_copy(update={"seed": 50})})
    strict = reseeded.model_copy(update={"daily": begun.daily.model_copy(update={"promotion_z": 50.0})})
    run_train(strict, mornings[0], mode="scratch")
    assert Context(begun, mornings[0]).registry.champion()["model_id"] == before["model_id"]


def test_a_better_model_takes_over_in_one_commit_and_says_what_it_was_chosen_on(settings, mornings):
    """A kill between entry and promotion would list a better model and never use it."""
    poor = {"training": settings.training.model_copy(update={"epochs": 1, "learning_rate": 0.5})}
    run_daily(settings.model_copy(update=poor), mornings[0])
    first = Context(settings, mornings[0]).registry.champion()["model_id"]
    version = Store(settings.data).version("models")
    easy = {"daily": settings.daily.model_copy(update={"promotion_z": 0.0})}
    run_train(settings.model_copy(update=easy), mornings[1], mode="scratch")
    assert Store(settings.data).version("models") == version + 1
    champion = Context(settings, mornings[1]).registry.champion()
    assert champion["metrics"]["chosen_over"] == first
    notes = run_daily(settings, mornings[1]).record["notes"]
    assert any("also chose this model" in note for note in notes)


def test_a_champion_of_another_label_or_scorer_does_not_forecast(begun, mornings):
    """The same columns would mean other numbers, and the network could not know."""
    first = Context(begun, mornings[0]).registry.champion()
    other = begun.model_copy(update={"scorer": "vader_finance"})
    second = run_daily(other, mornings[1])
    assert second.champion.model_id != first["model_id"]
    assert second.champion.record["basis"]["scorer"].startswith("vader_finance")


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


def test_the_name_of_a_model_depends_on_nothing_after_its_training_dates(settings, mornings):
    """The hash of what was learnt from must not move when the hold-out does."""
    from pipelines.ingest import ingest, universe
    from pipelines.prepare import prepare
    from stockseq.dataset.walk_forward import final_fold

    context = Context(settings, mornings[0])
    ingest(context, universe(context))
    prepared = prepare(context, universe(context))
    fold = final_fold(prepared.sessions, settings.folds, n_test=20)
    before = data_hash(prepared, fold)
    later = (prepared.panel.keys["session"] > fold.validation[-1]).to_numpy()
    prepared.panel.indicators[later] = np.float32(7)
    assert data_hash(prepared, fold) == before
    prepared.panel.indicators[~later] = np.float32(7)
    assert data_hash(prepared, fold) != before
