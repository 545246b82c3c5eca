"""The files of the ticker view: their names, what they hold, and that no text of others gets out of them."""

import json
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stockseq.report.run import RunReport
from stockseq.report.tickers.files import MOST_BYTES, file_name, fitting_headlines, script_call, ticker_files
from stockseq.report.tickers.frames import build_frames
from stockseq.schemas import valid_ticker
from tests.report.conftest import ATTACK

MONDAY = pd.Timestamp("2024-11-25")
TICKERS = st.text("abcXYZ09.^=&_-", min_size=1, max_size=24)


def read(script: str) -> tuple[str, Any]:
    """The function that a script calls, and what it is given."""
    function, _, arguments = script.removesuffix(");\n").partition("(")
    return function, json.loads(f"[{arguments}]")


def bars_of(ticker: str = "KOLA", *, closes: tuple[float, ...] = (100.0, 102.0), **columns: object) -> pd.DataFrame:
    """Bars that open at 100 and move by a dollar around it."""
    close = np.array(closes)
    sessions = pd.bdate_range(MONDAY, periods=len(close)).astype("datetime64[us]")
    parts = {"open": 100.0, "high": 103.0, "low": 98.5, "close": close, "volume": 2_000_000.0, "later_shares": 1.0}
    return pd.DataFrame({"ticker": ticker, "session": sessions, **parts, **columns})


def run_of(bars: pd.DataFrame, **parts: object) -> RunReport:
    return RunReport("r1", "backtest", pd.Timestamp("2024-11-29", tz="UTC"), "Backtest", bars=bars, **parts)  # type: ignore[arg-type]


def data_of(run: RunReport, ticker: str = "KOLA") -> dict[str, Any]:
    """What the file of a ticker holds."""
    files, _ = ticker_files(build_frames(run, run.bars))
    function, (name, data) = read(files[f"{file_name(ticker)}.js"])
    assert (function, name) == ("stockseqTicker", file_name(ticker))
    return data


@given(st.lists(TICKERS.filter(valid_ticker), min_size=2, max_size=2, unique=True))
def test_no_two_tickers_share_a_file_even_where_case_is_not_told_apart(pair: list[str]) -> None:
    """A file system of macOS or Windows takes `brk-b.js` for `BRK-B.js`."""
    first, second = (file_name(ticker).casefold() for ticker in pair)
    assert first != second


@given(TICKERS)
def test_the_name_of_a_file_is_plain_and_never_reserved(ticker: str) -> None:
    """Letters, digits, dash and underscore only; CON, NUL and COM1 are devices on Windows, with any ending."""
    name = file_name(ticker)
    assert name[:2] in ("t-", "x-")
    assert name.replace("-", "").replace("_", "").isalnum()
    assert len(name) <= 2 + 3 * 24


@pytest.mark.parametrize("ticker", ["../../etc/passwd", ATTACK, "", "x" * 300, "\ud800"])
def test_what_is_no_ticker_is_named_by_its_hash(ticker: str) -> None:
    """A damaged run could hold anything; nothing of it becomes part of a path."""
    assert len(file_name(ticker)) == 26
    assert file_name(ticker).startswith("x-")


def test_no_text_ends_the_script_it_stands_in() -> None:
    """Beyond JSON, a script must hold no tag, no comment, and no line separator that old engines refuse."""
    script = script_call("show", {"text": f"{ATTACK}<!--\u2028\u2029"})
    assert not set("<>&\u2028\u2029") & set(script)
    assert read(script) == ("show", [{"text": f"{ATTACK}<!--\u2028\u2029"}])


def test_prices_are_whole_numbers_of_the_last_digit_and_a_session_without_a_bar_is_empty() -> None:
    """By hand: the lowest is 98.50, five figures of it are 3 digits; 2,000,000 shares in thousands are 2,000."""
    bars = bars_of(closes=(100.0, 101.25, 102.0))
    other = bars_of("OTHER", closes=(1.0, 1.0, 1.0))
    data = data_of(run_of(pd.concat([bars.drop(index=1), other])))
    assert data["first"] == 0
    assert data["places"] == 3
    assert data["bars"]["close"] == [100_000, None, 102_000]
    assert data["bars"]["low"] == [98_500, None, 98_500]
    assert data["bars"]["volume"] == [2_000, None, 2_000]
    assert data["bars"]["unit"] == 1_000


def test_fills_are_on_the_basis_of_the_bars() -> None:
    """By hand: before a split of 2 for 1, 10 shares at 204.10 are 20 at 102.05; costs are in cents."""
    fills = pd.DataFrame(
        {"session": [MONDAY], "ticker": "KOLA", "moment": "open", "shares": 10.0, "fill_price": 204.1, "cost": 1.234}
    )
    data = data_of(run_of(bars_of(later_shares=[2.0, 1.0]), fills=fills))
    assert data["fills"] == {"at": [0], "close": [0], "shares": [20], "price": [102_050], "cost": [123]}


def test_a_forecast_is_written_in_small_steps_with_its_rank() -> None:
    """By hand: 53.12 % is 5,312 of 10,000, and -1.234 % is -1,234 of 100,000; B ranks before A."""
    key = {"session": MONDAY + pd.Timedelta(days=1), "probability_up": 0.5312, "expected_return": 0.0012}
    rows = {"ticker": ["A", "B"], "low_80": -0.01234, "high_80": 0.015, "relative": [-0.2, 0.4], "realised_return": 0.0}
    run = run_of(pd.concat([bars_of("A"), bars_of("B")]), out_of_sample=pd.DataFrame({**key, **rows}))
    written = data_of(run, "A")["forecasts"]
    assert written["from"] == 1
    assert (written["probability"], written["expected"]) == ([5_312], [120])
    assert (written["low"], written["high"], written["realised"]) == ([-1_234], [1_500], [0])
    assert (written["rank"], written["of"], written["made"]) == ([2], [2], [])


def test_a_live_forecast_stands_before_one_that_was_computed_afterwards() -> None:
    """What was said in time counts; what was realised is known of the session, whoever forecast it."""
    computed = pd.DataFrame({"ticker": "KOLA", "session": [MONDAY], "probability_up": 0.6, "realised_return": 0.01})
    live = computed.assign(
        probability_up=0.4, realised_return=np.nan, late=False, made_at=pd.Timestamp("2024-11-25 12:50", tz="UTC")
    )
    written = data_of(run_of(bars_of(), out_of_sample=computed, ledger_forecasts=live))["forecasts"]
    assert written["probability"] == [4_000, None]
    assert written["realised"] == [1_000, None]
    assert written["made"] == [[0, "live", "2024-11-25 12:50 UTC"]]


def test_headlines_tell_their_minute_and_how_many_are_left_out() -> None:
    """By hand: 18:30 of the day before is 330 minutes before midnight; of five headlines one is in the run's folder."""
    news = pd.DataFrame(
        {
            "ticker": "KOLA",
            "session": [MONDAY],
            "published_at": pd.to_datetime(["2024-11-24T18:30Z"]),
            "text": ATTACK,
            "compound": -0.27,
            "stale": True,
            "n": 5,
        }
    )
    written = data_of(run_of(bars_of(), ticker_news=news))["news"]
    assert (written["at"], written["minute"], written["tone"], written["stale"]) == ([0], [-330], [-27], [0])
    assert (written["hidden"], written["n_hidden"]) == ([[0, 4]], 4)
    assert "\u202e" not in written["text"][0]


def test_more_headlines_than_a_file_has_room_for_are_cut_session_by_session() -> None:
    """Every session keeps its newest before any has a second one, and then the newest sessions keep theirs."""
    # Between quotes, one of 150 bytes: a letter that isn't ASCII takes six.
    text = "é" * 10 + "x" * 88
    news = pd.DataFrame({"at": np.repeat(np.arange(900), 4), "text": text, "order": np.tile(np.arange(4), 900)})
    shown = fitting_headlines(news)
    assert shown.groupby("at").size().unique().tolist() == [2]
    assert shown["order"].max() == 1
    crowded = pd.DataFrame({"at": np.arange(3_000), "text": text})
    assert fitting_headlines(crowded)["at"].tolist() == list(range(3_000 - MOST_BYTES // 150, 3_000))
