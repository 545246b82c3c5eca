"""Settings: the shipped file says what the defaults are, and a mistake is answered with what was meant."""

import tomllib
from pathlib import Path

import pytest

from stockseq.config import Settings, load_settings
from stockseq.errors import SettingsError

SHIPPED = Path(__file__).parents[1] / "stockseq.toml"


def test_the_shipped_file_differs_from_the_defaults_only_where_it_says_so():
    """Library and command line must not disagree unnoticed; the number of folds is the one choice of the file."""
    shipped = tomllib.loads(SHIPPED.read_text(encoding="utf-8"))
    assert shipped.pop("folds") == {"n_folds": 8}
    assert Settings.model_validate(shipped) == Settings()


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("sorce = 'yahoo'", "did you mean `source`"),
        ("[training]\nn_seed = 3", "did you mean `n_seeds`"),
        ("[trainig]\nn_seeds = 3", "did you mean `training`"),
        ("[network]\nzzz = 1", "known here:"),
        ("[training]\nn_seeds = 0", "training.n_seeds"),
        ("tickers = ['../../x']", "as Yahoo writes it"),
        ("tickers = ['<script>']", "as Yahoo writes it"),
        ("decision = 'before_open(5)'", "at least 30 minutes"),
        ("decision = 'at noon'", "before_open(30)"),
        ("source = ", "isn't valid TOML"),
    ],
)
def test_a_mistake_is_named_with_its_remedy(tmp_path, text, words):
    """A setting that is silently ignored is worse than none."""
    path = tmp_path / "settings.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(SettingsError, match="(?s)" + words.replace("(", r"\(").replace(")", r"\)").replace(".", r"\.")):
        load_settings(path)


def test_the_command_line_goes_over_the_file(tmp_path):
    """The nearer word wins; what it doesn't mention stays."""
    path = tmp_path / "settings.toml"
    path.write_text("data = 'a'\n[training]\nn_seeds = 3\nepochs = 7\n", encoding="utf-8")
    settings = load_settings(path, {"training.n_seeds": "2", "data": None, "tickers": "AAPL, MSFT AAPL"})
    assert (settings.data, settings.training.n_seeds, settings.training.epochs) == ("a", 2, 7)
    assert settings.tickers == ("AAPL", "MSFT")


def test_a_wrong_value_is_blamed_on_whoever_gave_it(tmp_path):
    """The settings file is right, and would be searched for a fault of the command line."""
    path = tmp_path / "settings.toml"
    path.write_text("[training]\nn_seeds = 3\nepochs = 0\n", encoding="utf-8")
    with pytest.raises(SettingsError) as refused:
        load_settings(path, {"training.n_seeds": "0"})
    seeds, epochs = str(refused.value).split(". ")
    assert seeds == "SEEDS (`--seeds`): Input should be greater than or equal to 1 (received '0')"
    assert epochs.startswith(f"Setting `training.epochs` in {path}: ")


def test_a_decision_after_the_open_that_is_traded_is_refused():
    """Both labels begin at the open: a forecast fixed before the close would have read the news of that session."""
    with pytest.raises(SettingsError, match=r"`decision`: a forecast must be fixed before its trade begins"):
        load_settings(overrides={"decision": "close_minus(15)"})


@pytest.mark.parametrize("decision", ["before_open(30)", "after_close(30)"])
def test_a_decision_before_the_open_is_taken(decision):
    """The night before and the morning both know nothing of the session."""
    assert load_settings(overrides={"decision": decision}).decision == decision
