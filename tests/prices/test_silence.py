"""A symbol that rests and returns is another history."""

import pandas as pd

from stockseq.prices import compute_volatility, find_silences, find_split_like_jumps
from stockseq.report.text.imports import split_like_sentences

NOTHING = pd.DataFrame({"ticker": [], "session": [], "kind": [], "value": []})


def bars(closes: dict[str, float]) -> pd.DataFrame:
    prices = list(closes.values())
    sessions = pd.to_datetime(list(closes))
    return pd.DataFrame({"ticker": "A", "session": sessions, "open": prices, "close": prices, "volume": 1.0})


REUSED = bars({"2020-01-02": 100.0, "2020-01-03": 50.0, "2021-06-01": 9.0, "2021-06-02": 9.9, "2021-06-03": 9.9})


def test_volatility_begins_anew_after_a_long_silence() -> None:
    """From 9 to 9.9 are 10 %; neither the fall to a half nor the jump to the next company's price is in it."""
    volatility = compute_volatility(REUSED[["ticker", "session"]], REUSED, NOTHING)
    assert round(volatility.iloc[4], 6) == 0.1


def test_a_silence_is_named_by_its_ends() -> None:
    """A quarter without a bar is one, a fortnight none."""
    assert find_silences(REUSED).astype(str).to_numpy().tolist() == [["A", "2020-01-03", "2021-06-01"]]
    assert find_silences(bars({"2020-01-02": 1.0, "2020-01-17": 1.0})).empty


def test_a_fall_to_a_half_looks_like_a_split_unless_one_is_listed() -> None:
    """100 to 50; the step over a silence is no move at all."""
    found = find_split_like_jumps(REUSED, NOTHING)
    assert found[["ratio"]].to_numpy().tolist() == [[2.0]]
    split = pd.DataFrame({"ticker": "A", "session": pd.to_datetime(["2020-01-03"]), "kind": "split", "value": 2.0})
    assert find_split_like_jumps(REUSED, split).empty


def test_a_split_like_move_beside_a_listed_split_names_it() -> None:
    """A fall to two thirds is 1.5, which is 15 beyond a listed 1:10."""
    moved = bars({"2020-01-02": 100.0, "2020-01-03": 200 / 3})
    split = pd.DataFrame({"ticker": "A", "session": pd.to_datetime(["2020-01-03"]), "kind": "split", "value": 0.1})
    assert find_split_like_jumps(moved, split)[["ratio", "listed"]].to_numpy().tolist() == [[15.0, 0.1]]
    assert find_split_like_jumps(moved, NOTHING)["listed"].tolist() == [1.0]
    (sentence,) = split_like_sentences(find_split_like_jumps(moved, split))
    assert "beyond the split of 0.1 that is listed on this date" in sentence
    assert "no split is listed" not in sentence


def test_a_ratio_within_two_percent_counts_and_another_doesnt() -> None:
    """100 to 67.5 is 1.48, within 2 % of 3:2; 100 to 70 is 1.43."""
    assert find_split_like_jumps(bars({"2020-01-02": 100.0, "2020-01-03": 67.5}), NOTHING)["ratio"].tolist() == [1.5]
    assert find_split_like_jumps(bars({"2020-01-02": 100.0, "2020-01-03": 70.0}), NOTHING).empty
