"""Every setting is printed with what it is for, and docs/settings.md says the same."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from pipelines.__main__ import app
from pipelines.settings import settings_page
from stockseq.config import describe_settings, load_settings

PAGE = Path(__file__).parents[2] / "docs" / "settings.md"


def test_the_page_of_the_settings_is_up_to_date() -> None:
    """It is made anew by `python -m pipelines settings --markdown > docs/settings.md`."""
    assert PAGE.read_text(encoding="utf-8") == settings_page(describe_settings())


def test_every_setting_has_a_description() -> None:
    """A name alone tells nobody what to set."""
    assert [each.name for each in describe_settings() if not each.description] == []


def test_what_is_set_is_marked_with_its_default(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The value in force is what a run would take."""
    monkeypatch.chdir(tmp_path)
    shown = CliRunner().invoke(app, ["settings", "--set", "network.units=16", "--tickers", "aapl"])
    assert shown.exit_code == 0
    lines = shown.stdout.splitlines()
    assert "* network.units = 16  (default 8)" in lines
    assert '* tickers = ["AAPL"]  (default [])' in lines
    assert "  network.lookback = 10" in lines
    assert "aapl is read as AAPL" in shown.stderr


def test_credentials_are_not_shown() -> None:
    """A screen is copied into bug reports."""
    settings = load_settings(overrides={"storage_options": {"AWS_SECRET_ACCESS_KEY": "hush"}})
    assert "hush" not in repr([each.value for each in describe_settings(settings)])
