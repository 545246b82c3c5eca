"""Settings: the shipped file says what the defaults are, and a mistake is answered with what was meant."""

import tomllib
from pathlib import Path

import pandas as pd
import pytest

from stockseq.config import FOLDER, Assignment, Settings, load_settings, read_now
from stockseq.errors import SettingsError

SHIPPED = Path(__file__).parents[1] / "stockseq.toml"


def test_the_shipped_file_differs_from_the_defaults_only_where_it_says_so():
    """Library and command line must not disagree unnoticed; the number of folds is the one choice of the file."""
    shipped = tomllib.loads(SHIPPED.read_text(encoding="utf-8"))
    assert shipped.pop("folds") == {"n_folds": 8}
    assert Settings.model_validate(shipped) == Settings()


def assigned(*texts: str) -> list[Assignment]:
    """The assignments that a command line gives as `--set`."""
    return [Assignment.parse(text, origin="from SET (`--set`)") for text in texts]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("sorce = 'yahoo'", "Unknown setting `sorce` in {path}; did you mean `source`?"),
        ("[training]\nn_seed = 3", "did you mean `training.n_seeds`?"),
        ("[trainig]\nn_seeds = 3", "did you mean `training`?"),
        ("[training]\nunits = 3", "did you mean `network.units`?"),
        ("seed = 3", "did you mean `simulated.seed` or `training.seed`?"),
        ("[daily]\nzzz = 1", "choose from holdout, positions, promotion_z, stale_after."),
        ("[ablation.variants.x]\nwithuot = ['text']", "did you mean `ablation.variants.x.without`?"),
        (
            "[ablation.variants.x]\nnetwork.unit = 3",
            "Setting `ablation.variants.x` in {path}: the network has no setting `unit`; did you mean `units`?",
        ),
        ("[training]\nn_seeds = 0", "Setting `training.n_seeds` in {path}: Input should be greater than or equal to 1"),
        ("tickers = ['../../x']", "as Yahoo writes it"),
        ("tickers = ['<script>']", "as Yahoo writes it"),
        ("tickers = ['ß']", "as Yahoo writes it, received 'ß'"),
        ("yahoo.tickers = ['../../x']", "as Yahoo writes it"),
        ("storage_options.secret = 12345", "Input should be a valid string."),
        ("decision = 'before_open(5)'", "at least 30 minutes"),
        ("decision = 'at noon'", "before_open(30)"),
        ("simulated.first_session = '1950-01-03'", "a date from 1980 to 2099 is expected"),
        ("headline_latency_s = 1e12", "Setting `headline_latency_s` in {path}: Input should be less than or equal to"),
        ("source = ", "isn't valid TOML"),
        ("source = '[' + '['", "isn't valid TOML"),
        (f"source = {'[' * 3000}", "its brackets are nested too deep"),
        (f"source = {'[' * 30}{']' * 30}", "nested more than 20 deep"),
        (f"training.seed = {'1' * 5000}", "a number of more than 4,300 digits"),
        (f"training.seed = {'1' * 400}", "received a whole number of more than 40 digits"),
        ("training.seed = 4294967296", "a whole number of at most 2,147,483,647 is expected, received 4294967296"),
        ("training.seed = true", "Setting `training.seed` in {path}: a number is expected, received true"),
        ("training = 5", "Setting `training` in {path}"),
        ("yahoo.timeout_s = inf", "finite number"),
        ("history_from = '2024-11'", "a date such as 2024-11-29 is expected, received '2024-11'"),
        ("history_from = '9999-12-31'", "a date from 1900 to 2099 is expected, received '9999-12-31'"),
        ("files.timezone = ''", "a time zone such as America/New_York or UTC is expected, received ''"),
        ("files.timezone = '+5'", "a time zone such as America/New_York or UTC is expected, received '+5'"),
        ("files.encoding = 'base64'", "a text encoding such as utf-8 or cp1252 is expected, received 'base64'"),
        ("data = 'a\u202eb'", "in letters that can be seen is expected, received 'a\\u202eb'"),
        ("daily.positions = ' '", "a file in letters that can be seen is expected, received ' '"),
        ("data = 's3://'", "a URL names a bucket or a folder"),
    ],
)
def test_a_mistake_is_named_with_its_remedy(tmp_path, text, words):
    """A setting that is silently ignored is worse than none."""
    path = tmp_path / "settings.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(SettingsError) as refused:
        load_settings(path)
    assert words.format(path=path) in str(refused.value)


def test_what_is_nearer_goes_over_what_is_farther(tmp_path):
    """First the file, then the overrides, then the assignments in their order; what none mentions stays."""
    path = tmp_path / "settings.toml"
    path.write_text("data = 'a'\nhistory_from = '2016-01-04'\n[training]\nn_seeds = 3\nepochs = 7\n", encoding="utf-8")
    overrides = {"training.n_seeds": "2", "data": None, "tickers": "AAPL, MSFT AAPL", "simulated": {"n_tickers": 3}}
    settings = load_settings(
        path,
        overrides,
        assignments=assigned("training.seed=1", "training.seed=5", "simulated.seed=9", "history_from="),
    )
    assert (settings.data, settings.tickers, settings.history_from) == ("a", ("AAPL", "MSFT"), None)
    assert (settings.training.n_seeds, settings.training.epochs, settings.training.seed) == (2, 7, 5)
    assert (settings.simulated.n_tickers, settings.simulated.seed) == (3, 9)
    assert overrides["simulated"] == {"n_tickers": 3}


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("network.units=16", 16),
        ("network.units = 16", 16),
        ("training.learning_rate=1e-3", 1e-3),
        ("backtest.placebos=false", False),
        ("decision=after_close(30)", "after_close(30)"),
        ("data=my folder", "my folder"),
        ("data='my folder'", "my folder"),
        ("data=2024", "2024"),
        ("data=a=b", "a=b"),
        ("history_from=2015-01-02", "2015-01-02"),
        ("storage_options.AWS_ALLOW_HTTP=true", "true"),
        ('features=["a.b:c", "d"]', ("a.b:c", "d")),
        ("features=[a.b:c, d]", ("a.b:c", "d")),
        ("tickers=BRK-B ^GSPC", ("BRK-B", "^GSPC")),
        ("network.before_options.dimension=4", 4),
        ("data=", "data"),
    ],
)
def test_any_setting_can_be_assigned(text, value):
    """Values are TOML; words are text, since a shell takes quotes away; nothing gives the default back."""
    settings = load_settings(overrides={"data": "elsewhere"}, assignments=assigned(text))
    found = settings.model_dump()
    for part in text.split("=")[0].strip().split("."):
        found = found[part]
    assert found == value
    assert type(found) is type(value)


@pytest.mark.parametrize("text", ["network.units", "=16", "network.=16", ""])
def test_what_is_no_assignment_is_refused(text):
    """A word that was split off by a space must not pass for a setting."""
    with pytest.raises(SettingsError) as refused:
        assigned(text)
    expected = f"A setting from SET (`--set`) reads NAME=VALUE, such as network.units=16, received {text!r}."
    assert str(refused.value) == expected


@pytest.mark.parametrize(("source", "folder"), [("stocknet", "stocknet"), ("files", "files"), ("yahoo", "files")])
def test_the_folder_is_that_of_the_source(tmp_path, source, folder):
    """Whether the file or the command line names the source; the other's folder stays as it is."""
    path = tmp_path / "settings.toml"
    path.write_text(f"source = {source!r}", encoding="utf-8")
    settings = load_settings(path, assignments=[Assignment(FOLDER, "mine")])
    changed = {name for name in ("files", "stocknet") if getattr(settings, name).model_fields_set}
    assert (changed, getattr(settings, folder).folder) == ({folder}, "mine")


@pytest.mark.parametrize(
    ("texts", "sentence"),
    [
        (["network.unit=3"], "Unknown setting `network.unit` from SET (`--set`); did you mean `network.units`?"),
        (["unit=3"], "Unknown setting `unit` from SET (`--set`); did you mean `network.units`?"),
        (
            ["network.units=many"],
            "Setting `network.units` from SET (`--set`): Input should be a valid integer, unable to parse string as an "
            "integer (received 'many').",
        ),
        (
            ["source.x=1"],
            "Setting `source.x` from SET (`--set`): `source` must be a table of settings, received 'files'.",
        ),
        (
            ["network.text_reader=lstm", "network.headlines_per_session=0"],
            "Setting `network` from SET (`--set`): text_reader is lstm, so headlines_per_session must be at least 1, "
            "received 0.",
        ),
    ],
)
def test_a_wrong_assignment_is_named_with_its_origin(tmp_path, texts, sentence):
    """The settings file is right, and would be searched for a fault of the command line."""
    path = tmp_path / "settings.toml"
    path.write_text("source = 'files'\n[network]\nunits = 3\n", encoding="utf-8")
    with pytest.raises(SettingsError) as refused:
        load_settings(path, assignments=assigned(*texts))
    assert str(refused.value) == sentence


def test_each_wrong_value_is_blamed_on_whatever_gave_it(tmp_path):
    """The file for its own, the option for its own, and code for none."""
    path = tmp_path / "settings.toml"
    path.write_text("[training]\nn_seeds = 3\nepochs = 0\n", encoding="utf-8")
    seeds = Assignment("training.n_seeds", "0", "from SEEDS (`--seeds`)")
    with pytest.raises(SettingsError) as refused:
        load_settings(path, {"training.seed": -1}, assignments=[seeds])
    assert [sentence.split(":")[0] for sentence in str(refused.value).split(". ")] == [
        "Setting `training.n_seeds` from SEEDS (`--seeds`)",
        "Setting `training.seed`",
        f"Setting `training.epochs` in {path}",
    ]


def test_a_run_without_an_instant_asks_the_clock():
    """An empty make variable counts as not given."""
    assert read_now("", clock=lambda: pd.Timestamp(7, tz="UTC")) == pd.Timestamp(7, tz="UTC")


@pytest.mark.parametrize(
    ("given", "label"),
    [("open_to_open(1)", "open_to_next_open"), ("open_to_open( 10 )", "open_to_open(10)"), (0, "open_to_close")],
)
def test_a_label_is_kept_under_its_one_name(given, label):
    """A champion is found by it."""
    assert load_settings(overrides={"label": given}).label == label


def test_the_horizon_option_sets_the_label():
    """`HORIZON=10` is a number of sessions, and a wrong one is blamed on the option."""
    option = {"setting": "label", "origin": "from HORIZON (`--horizon`)"}
    assert load_settings(assignments=[Assignment(value="10", **option)]).label == "open_to_open(10)"
    assert load_settings(assignments=[Assignment(value="0", **option)]).label == "open_to_close"
    with pytest.raises(SettingsError) as refused:
        load_settings(assignments=[Assignment(value="90", **option)])
    assert str(refused.value) == (
        "Setting `label` from HORIZON (`--horizon`): A label is open_to_close, or open_to_open(h) for h from 1 to 63 "
        "sessions (open_to_next_open is h = 1), received '90'."
    )


def test_a_misspelt_label_names_the_nearest():
    """The sentence ends with what was meant."""
    with pytest.raises(SettingsError, match=r"received 'open_to_clsoe'; did you mean open_to_close\?$"):
        load_settings(overrides={"label": "open_to_clsoe"})


def test_a_decision_after_the_open_that_is_traded_is_refused():
    """Every label begins at the open: a forecast fixed before the close would have read the news of that session."""
    with pytest.raises(SettingsError, match=r"`decision`: a forecast must be fixed before its trade begins"):
        load_settings(overrides={"decision": "close_minus(15)"})


@pytest.mark.parametrize("decision", ["before_open(30)", "after_close(30)"])
def test_a_decision_before_the_open_is_taken(decision):
    """The night before and the morning both know nothing of the session."""
    assert load_settings(overrides={"decision": decision}).decision == decision


def test_tickers_in_small_letters_are_capitalised_with_a_note(tmp_path: Path) -> None:
    """Yahoo writes all of them in capitals, and "unknown or delisted" would be untrue."""
    notes: list[str] = []
    file = tmp_path / "stockseq.toml"
    file.write_text('tickers = ["aapl", "M&M.NS"]', encoding="utf-8")
    assert load_settings(file, say=notes.append).tickers == ("AAPL", "M&M.NS")
    assert load_settings(overrides={"tickers": "msft MSFT brk-b"}, say=notes.append).tickers == ("MSFT", "BRK-B")
    assert load_settings(overrides={"tickers": "MSFT"}, say=notes.append).tickers == ("MSFT",)
    assert notes == [
        "Tickers are written in capitals: aapl is read as AAPL.",
        "Tickers are written in capitals: msft is read as MSFT and brk-b is read as BRK-B.",
    ]


def test_an_instant_as_our_own_sentences_write_it_is_taken():
    """It is copied from them, as from "the store begins at ..."."""
    assert read_now("2018-11-27 13:00:00 UTC") == read_now("2018-11-27T13:00:00Z")


@pytest.mark.parametrize(
    "text", ["2024-11", "5Z", "2024-11Z", "now", "2024-11-20T22:00+5", "2024-11-20 10pm UTC", "9" * 5000]
)
def test_an_instant_that_is_not_in_full_is_refused(text):
    """pandas takes "5Z" for the fifth of this month."""
    with pytest.raises(SettingsError, match="NOW must be an instant with its time zone") as refused:
        read_now(text)
    assert len(str(refused.value)) < 200


def test_a_table_of_the_file_that_is_none_is_not_replaced(tmp_path):
    """SEEDS=3 over `training = 5` would else run as if the file were right."""
    path = tmp_path / "settings.toml"
    path.write_text("training = 5\n", encoding="utf-8")
    with pytest.raises(SettingsError, match="`training` must be a table of settings, received 5"):
        load_settings(path, assignments=assigned("training.n_seeds=3"))


def test_a_settings_file_that_begins_with_the_mark_of_windows_editors_is_read(tmp_path):
    """Notepad writes it."""
    path = tmp_path / "settings.toml"
    path.write_text("data = 'x'\n", encoding="utf-8-sig")
    assert load_settings(path).data == "x"


def test_a_settings_file_without_end_is_not_read():
    """Reading it would take all memory."""
    with pytest.raises(SettingsError, match="is no file"):
        load_settings("/dev/zero")


def test_a_name_that_is_no_text_is_refused() -> None:
    """Half of a character from a broken terminal names no setting."""
    with pytest.raises(SettingsError, match=r"No setting is called '\\ud8d6', which is no text"):
        load_settings(overrides={"\ud8d6": 1})
