"""Splits and dividends of files, in every spelling and on whatever row."""

import pandas as pd
import pytest

from stockseq.errors import SourceError
from tests.sources.files.price_files import bars_of, reasons

HEAD = "ticker,date,open,high,low,close,volume,dividends,splits\n"
# 90 falls to 60 at a 3:2 split.
FALL = HEAD + "KOLA,2024-11-25,90,90,90,90,1000,,\nKOLA,2024-11-26,{0}\nKOLA,2024-11-27,60,60,60,60,1500,{1}\n"


def actions_of(read) -> list[list]:
    rows = read.actions.sort_values(["session", "kind"])
    return [[str(row.session.date()), row.kind, round(row.value, 6)] for row in rows.itertuples()]


@pytest.mark.parametrize("split", ["3:2", "3/2", "3-for-2", "3 for 2", "1.5", "0.66667", "2:3"])
def test_a_split_is_read_in_every_spelling(tmp_path, split):
    """The price falls by a third, so 0.66667 and 2:3 are old shares per new."""
    read = bars_of(tmp_path, FALL.format(f"60,60,60,60,1500,,{split}", ","))
    assert actions_of(read) == [["2024-11-26", "split", 1.5]]
    assert read.bars["close"].tolist() == [90, 60, 60]


def test_splits_that_contradict_their_prices_both_ways_are_refused(tmp_path):
    """One is written new per old, the other old per new."""
    text = FALL.format("60,60,60,60,1500,,1.5", ",0.5") + "KOLA,2024-11-29,30,30,30,30,1,,\n"
    with pytest.raises(SourceError, match="its basis can't be judged"):
        bars_of(tmp_path, text.replace("KOLA,2024-11-27,60,60,60,60", "KOLA,2024-11-27,30,30,30,30"))


def test_actions_on_rows_of_their_own_and_on_a_weekend_count_at_their_session(tmp_path):
    """2024-11-23 was a Saturday; the row of an action is no bar whose price is missing."""
    text = HEAD + "KOLA,2024-11-22,90,90,90,90,1000,,\nKOLA,2024-11-23,,,,,,,1.5\nKOLA,2024-11-25,60,60,60,60,1500,,\n"
    text += "KOLA,2024-11-26,,,,,,$0.60,\nKOLA,2024-11-26,60,60,60,60,1500,,\n"
    read = bars_of(tmp_path, text)
    assert actions_of(read) == [["2024-11-25", "split", 1.5], ["2024-11-26", "dividend", 0.6]]
    assert len(read.bars) == 3
    assert reasons(read) == {}
    assert any("2024-11-23 counts at 2024-11-25" in note for note in read.notes)


def test_an_action_that_cant_be_read_is_counted_and_its_bar_kept(tmp_path):
    """Taken for none without a word, it would leave a false fall."""
    read = bars_of(tmp_path, FALL.format("60,60,60,60,1500,,three for two", "12%,"))
    assert len(read.bars) == 3
    assert reasons(read) == {
        "splits is not a number, such as 'three for two' (the bar is kept)": 1,
        "dividends is a percentage, no amount, such as '12%' (the bar is kept)": 1,
    }


def test_a_dividend_above_the_price_costs_itself_alone(tmp_path):
    """A misplaced point, or one of another currency."""
    read = bars_of(tmp_path, FALL.format("90,90,90,90,1000,95,", "0.1,"))
    assert actions_of(read) == [["2024-11-27", "dividend", 0.1]]
    assert len(read.bars) == 3
    assert reasons(read) == {"dividend not below the price that it is paid from (the bar is kept)": 1}


def paying(*, falls: bool) -> str:
    """Return sixty sessions that move by 0.1 % in turns, with 2 % paid every fifteen."""
    price, rows = 100.0, []
    for number, day in enumerate(pd.bdate_range("2024-06-20", "2024-09-20")):
        pays = number % 15 == 14
        price *= (1.001 if number % 2 else 0.999) * (0.98 if pays and falls else 1.0)
        rows.append(f"KOLA,{day.date()},{price:.4f},{price:.4f},{price:.4f},{price:.4f},1000,{2.0 * pays},\n")
    return HEAD + "".join(rows)


def test_dividends_beside_prices_that_dont_fall_are_doubted(tmp_path):
    """yfinance adjusts by default and lists the dividends all the same: they would count twice."""
    read = bars_of(tmp_path, paying(falls=False))
    assert read.actions.empty
    assert "its prices don't fall at its 4 dividends" in read.doubts[0]
    kept = bars_of(tmp_path, paying(falls=False), basis="as_traded")
    assert len(kept.actions) == 4
    assert 'set files.basis = "adjusted"' in kept.doubts[0]


def test_dividends_at_which_prices_fall_are_not_doubted(tmp_path):
    """Four falls of 2 % among moves of 0.1 %."""
    read = bars_of(tmp_path, paying(falls=True))
    assert len(read.actions) == 4
    assert not read.doubts


def test_a_fraction_of_a_coin_is_a_volume(tmp_path):
    """Rounded to 0 it would be no trade."""
    text = (
        "ticker,date,open,high,low,close,volume\nKLACOIN,2024-11-26,9,9,9,9,0.31\nKLACOIN,2024-11-27,9,9,9,9,1.0249\n"
    )
    assert bars_of(tmp_path, text).bars["volume"].tolist() == [0.31, 1.0249]
