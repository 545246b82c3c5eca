"""The files source as a whole, and against real data where they are at hand."""

from pathlib import Path

import numpy as np
import pytest

from stockseq.errors import SourceError
from stockseq.sources.files import FilesSettings, FilesSource
from stockseq.testing import check_source
from tests.sources.files.price_files import ALL, AS_TRADED, HEADLINES, NOW, put

SHARED = Path(__file__).parents[4] / "shared" / "data"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    put(tmp_path, "bars.csv", AS_TRADED)
    put(tmp_path, "headlines.csv", HEADLINES)
    return tmp_path


def test_it_keeps_the_contract_of_a_source(folder):
    """The same as a user's own source must."""
    check_source(FilesSource(FilesSettings(folder=str(folder))), ["KOLA"], NOW)


def test_one_file_alone_is_bars_or_headlines_by_its_columns(folder):
    """`make import FILE=...` needs no other word."""
    bars = FilesSource(FilesSettings(), file=folder / "bars.csv")
    assert bars.tickers == ("KOLA",)
    assert (
        bars.fetch_headlines(["KOLA"], since=None, now=NOW).outcomes["KOLA"].reason == "There is no file of headlines."
    )
    headlines = FilesSource(FilesSettings(), file=folder / "headlines.csv")
    assert headlines.fetch_bars({"KOLA": ALL}, now=NOW).outcomes["KOLA"].status == "nothing_new"
    assert len(headlines.fetch_headlines(["KOLA"], since=None, now=NOW).headlines) == 3


def test_a_ticker_that_the_files_lack_is_unknown(folder):
    """And the others are served."""
    fetched = FilesSource(FilesSettings(folder=str(folder))).fetch_bars({"KOLA": ALL, "LIMO": ALL}, now=NOW)
    assert {ticker: outcome.status for ticker, outcome in fetched.outcomes.items()} == {
        "KOLA": "updated",
        "LIMO": "unknown",
    }


def test_a_ticker_of_which_no_row_is_a_bar_has_failed_and_not_nothing_new(tmp_path):
    """Whoever reads that nothing is new takes the ticker for well; one whose first bar isn't final yet is."""
    bad = "LIMO,2024-12-02,nan,nan,nan,nan,1\nLIMO,2024-12-03,nan,nan,nan,nan,1\n"
    young = "MALT,2025-01-06,1,1,1,1,1\n"
    put(tmp_path, "bars.csv", "ticker,date,open,high,low,close,volume\nKOLA,2024-12-02,1,1,1,1,1\n" + bad + young)
    source = FilesSource(FilesSettings(folder=str(tmp_path)))
    outcomes = source.fetch_bars(dict.fromkeys(("KOLA", "LIMO", "MALT"), ALL), now=NOW).outcomes
    assert [outcome.status for outcome in outcomes.values()] == ["updated", "failed", "nothing_new"]
    assert outcomes["LIMO"].reason == (
        "not one of its rows is a usable bar: price missing or not finite (2). Mend the file."
    )


def test_a_ticker_of_another_exchange_has_failed_once_and_its_file_is_not_to_be_mended(tmp_path):
    """The whole reason stands in the outcome, the count in what was left out."""
    text = "ticker,date,open,high,low,close,volume\nKOLA,2024-12-02,1,1,1,1,1\nKOL.L,2024-12-02,1,1,1,1,1\n"
    put(tmp_path, "bars.csv", text)
    source = FilesSource(FilesSettings(folder=str(tmp_path)))
    fetched = source.fetch_bars(dict.fromkeys(("KOLA", "KOL.L"), ALL), now=NOW)
    assert fetched.outcomes["KOL.L"].reason == (
        "it trades on XLON, and this store is of XNYS; keep a store of its own for it: "
        'exchange = "XLON" in its settings file, and another DATA folder.'
    )
    assert [drop.reason for drop in fetched.dropped] == ["of another exchange"]


def test_a_folder_without_files_or_with_two_of_a_kind_is_refused(tmp_path):
    """Which one was meant can't be guessed."""
    source = FilesSource(FilesSettings(folder=str(tmp_path)))
    with pytest.raises(SourceError, match="holds no bars or headlines file"):
        source.fetch_bars({"KOLA": ALL}, now=NOW)
    put(tmp_path, "bars.csv", AS_TRADED)
    put(tmp_path, "prices.csv", AS_TRADED)
    with pytest.raises(SourceError, match=r"both bars.csv and prices.csv"):
        FilesSource(FilesSettings(folder=str(tmp_path))).fetch_bars({"KOLA": ALL}, now=NOW)


@pytest.mark.skipif(not SHARED.exists(), reason="the shared data are absent")
@pytest.mark.parametrize(
    ("name", "n_bars", "splits"), [("mega7", 45_428, 29), ("stocknet", 66_100, 0), ("benzinga", 17_120, 3)]
)
def test_the_shared_data_go_in_unchanged(name, n_bars, splits):
    """All bars, and the splits that the data's own README counts."""
    source = FilesSource(FilesSettings(folder=str(SHARED / name)))
    fetched = source.fetch_bars(dict.fromkeys(source.tickers, ALL), now=NOW)
    assert len(fetched.bars) == n_bars
    assert (fetched.actions["kind"] == "split").sum() == splits
    assert all(outcome.status in ("updated", "unknown", "nothing_new") for outcome in fetched.outcomes.values())


@pytest.mark.skipif(not SHARED.exists(), reason="the shared data are absent")
def test_the_first_apple_bar_is_as_it_was_traded():
    """Apple listed on 1980-12-12 at 28.75 a share (224 of today's, after 2:1 three times, 7:1 and 4:1)."""
    source = FilesSource(FilesSettings(folder=str(SHARED / "mega7")))
    bars = source.fetch_bars({"AAPL": ALL}, now=NOW).bars
    assert bars["close"].iloc[0] == pytest.approx(28.75, abs=0.01)
    assert np.isclose(bars["volume"].iloc[0], 469_033_600 / 224, atol=1)
