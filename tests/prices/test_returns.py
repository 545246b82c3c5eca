"""The volatility that a decision may use; a vendor's splice is seen, and a split is none."""

import pandas as pd
import pytest

from stockseq.prices import compute_volatility, find_jumps
from tests.dataset.dataset_rows import actions_of, bars_of

SESSIONS = pd.to_datetime(["2020-07-01", "2020-07-02", "2020-07-06"])
NO_ACTIONS = pd.DataFrame({"ticker": [], "session": [], "kind": [], "value": []})


def bars(close):
    return pd.DataFrame({"ticker": "GOOG", "session": SESSIONS, "open": close, "close": close, "volume": 1e6})


def test_a_fall_to_a_twentieth_is_a_jump_and_a_fall_by_a_third_is_not():
    """1464 to 73.2 is -95 %, what a forgotten 20:1 split looks like; 1464 from 2196 is a bad day."""
    found = find_jumps(bars([2196.0, 1464.0, 73.2]), NO_ACTIONS)
    assert found[["ticker", "session"]].to_numpy().tolist() == [["GOOG", SESSIONS[2]]]
    assert round(found["move"].item(), 4) == -0.95


def test_a_split_that_is_listed_explains_the_move():
    """20 new shares for an old one: nothing moved."""
    split = pd.DataFrame({"ticker": ["GOOG"], "session": SESSIONS[2:], "kind": ["split"], "value": [20.0]})
    assert find_jumps(bars([1464.0, 1464.0, 73.2]), split).empty


def test_the_greatest_jump_comes_first_whichever_way_it_goes():
    """A rise to three times is less than a fall to a fifth."""
    assert find_jumps(bars([100.0, 300.0, 60.0]), NO_ACTIONS)["move"].round(4).tolist() == [-0.8, 2.0]


def test_a_session_still_to_come_has_the_volatility_of_the_last_close() -> None:
    """The portfolio of tomorrow is sized with it: returns .01 then .02, weighed .94 and 1 over 1.94."""
    bars = bars_of("AAA", [("2024-11-25", 100, 100), ("2024-11-26", 101, 101), ("2024-11-27", 103.02, 103.02)])
    keys = pd.DataFrame({"ticker": ["BBB", "AAA"], "session": pd.Timestamp("2024-11-29")}, index=[7, 3])
    volatility = compute_volatility(keys, bars, actions_of("AAA"))
    assert volatility.isna().to_dict() == {7: True, 3: False}
    assert volatility[3] == pytest.approx(((0.94 * 0.01**2 + 0.02**2) / 1.94) ** 0.5, abs=1e-14)


def test_a_close_that_just_doubles_is_no_jump_and_another_bound_is_kept_both_ways() -> None:
    """By more than `bound` times: 100 to 200 is 2; 200 to 150 is a fall to 1 / 1.33, and 150 to 225 a rise to 1.5."""
    assert find_jumps(bars([100.0, 200.0, 150.0]), NO_ACTIONS).empty
    assert find_jumps(bars([200.0, 150.0, 225.0]), NO_ACTIONS, bound=1.25)["move"].tolist() == [0.5, -0.25]
    assert find_jumps(bars([200.0, 150.0, 225.0]), NO_ACTIONS, bound=1.4)["move"].tolist() == [0.5]


def test_jumps_of_one_size_stand_in_the_order_of_their_tickers() -> None:
    """Two runs on the same data print the same list: 30 tickers triple, and their rows are numbered from 0."""
    tickers = [f"T{number:02d}" for number in range(30)]
    alike = pd.concat([bars([100.0, 300.0, 300.0]).assign(ticker=ticker) for ticker in reversed(tickers)])
    found = find_jumps(alike, NO_ACTIONS)
    assert found["ticker"].tolist() == tickers
    assert found.index.tolist() == list(range(30))
