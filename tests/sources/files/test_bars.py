"""Bars out of tables written by hand: basis, faults and repeated sessions."""

import pandas as pd
import pytest

from stockseq.errors import SourceError
from tests.sources.files.price_files import (
    AS_TRADED,
    NOW,
    SPLIT_ADJUSTED,
    bars_of,
    reasons,
)


@pytest.mark.parametrize("text", [AS_TRADED, SPLIT_ADJUSTED])
def test_either_basis_gives_the_same_as_traded_bars_and_actions(tmp_path, text):
    """Worked by hand in EVALUATION 1.4; the basis is told by the price at the split."""
    read = bars_of(tmp_path, text)
    assert read.bars["close"].tolist() == [100, 102, 51.5, 51, 52]
    assert read.bars["volume"].tolist() == [1000, 1000, 2000, 2000, 2000]
    assert read.actions[["kind", "value"]].to_numpy().tolist() == [["split", 2.0], ["dividend", 0.515]]
    assert (read.bars["fetched_at"] == NOW).all()


@pytest.mark.parametrize(
    ("text", "wrong", "right"),
    [(AS_TRADED, "split_adjusted", "as_traded"), (SPLIT_ADJUSTED, "as_traded", "split_adjusted")],
)
def test_a_declared_basis_that_the_prices_contradict_is_refused(tmp_path, text, wrong, right):
    """A wrong basis turns every split into a crash."""
    with pytest.raises(SourceError, match=rf"declared {wrong}, but . of 1 splits show .* set files.basis to {right}"):
        bars_of(tmp_path, text, basis=wrong)


def test_a_basis_that_splits_disagree_about_must_be_declared(tmp_path):
    """One split shows, the other doesn't."""
    other = SPLIT_ADJUSTED.replace("KOLA", "LIMO").split("\n", 1)[1]
    with pytest.raises(SourceError, match="1 of 2 splits show in its prices, so its basis can't be judged"):
        bars_of(tmp_path, AS_TRADED + other)
    assert len(bars_of(tmp_path, AS_TRADED + other, basis="as_traded").bars) == 10


SPLIT = "ticker,date,open,high,low,close,volume,splits\n" + "".join(
    f"KOLA,2024-11-{day},{price},{price},{price},{price},100,{split}\n"
    for day, price, split in ((25, 100, ""), (26, 102, ""), (27, 68, "STATED"), (29, 69, ""))
)


@pytest.mark.parametrize(("stated", "ratio"), [("1:10", "0.1"), ("10", "10"), ("2", "2"), ("1.1", "1.1")])
def test_a_split_that_its_prices_contradict_is_refused(tmp_path, stated, ratio):
    """From 102 to 68 is 1.5; as traded or adjusted, a tenfold history would be false."""
    text = SPLIT.replace("STATED", stated)
    with pytest.raises(SourceError, match=rf"KOLA on 2024-11-27, a split of {ratio} is stated, .* as at one of 1\.5\."):
        bars_of(tmp_path, text)
    (doubt,) = bars_of(tmp_path, text, basis="as_traded").doubts
    assert doubt.endswith(
        f"a split of {ratio} is stated, and the prices move as at one of 1.5. It counts as it is written."
    )


@pytest.mark.parametrize(("price", "close"), [(62, 100.0), (110, 150.0)])
def test_an_ordinary_move_beside_a_split_contradicts_nothing(tmp_path, price, close):
    """62 is 9 % below 102 / 1.5, as traded; 110 is 8 % above 102, adjusted."""
    bar = ",".join([str(price)] * 4)
    text = SPLIT.replace("STATED", "3:2").replace("68,68,68,68", bar).replace("69,69,69,69", bar)
    assert bars_of(tmp_path, text).bars["close"][0] == close


def test_all_dates_after_the_run_have_one_reason(tmp_path):
    """Holidays, and years that the calendar doesn't reach, are no other fault."""
    text = "ticker,date,open,high,low,close,volume\n" + "".join(
        f"KOLA,{day},10,10,10,10,5\n" for day in ("2025-01-03", "2025-01-06", "2025-01-20", "2034-05-01", "2034-05-06")
    )
    dropped = bars_of(tmp_path, text).dropped
    assert {drop.reason for drop in dropped} == {
        "after 2025-01-03, the last session that was final at the instant of the run"
    }
    assert sum(drop.n_rows for drop in dropped) == 4


def test_a_negative_volume_is_called_negative(tmp_path):
    """An index has none; this one has a sign too much."""
    text = "ticker,date,open,high,low,close,volume\nKOLA,2024-12-02,10,10,10,10,-5\n"
    with pytest.raises(SourceError, match="holds no usable bar: volume negative"):
        bars_of(tmp_path, text)


def test_a_ticker_that_is_too_long_is_called_that(tmp_path):
    """Its first letters would be a ticker."""
    text = f"ticker,date,open,high,low,close,volume\nKOLA,2024-12-02,1,1,1,1,5\n{'A' * 30},2024-12-02,1,1,1,1,5\n"
    assert reasons(bars_of(tmp_path, text)) == {
        f"ticker longer than 24 characters: '{'A' * 20}...' has 30": 1,
    }


def test_adjusted_prices_are_taken_as_they_are_and_said_to_be(tmp_path):
    """Their returns hold; their splits and dividends are in them already."""
    read = bars_of(tmp_path, SPLIT_ADJUSTED, basis="adjusted")
    assert read.bars["close"].tolist() == [50, 51, 51.5, 51, 52]
    assert read.actions.empty
    assert any("adjusted prices are taken as they are" in note for note in read.notes)


def test_rows_that_are_no_bars_are_left_out_and_counted_by_reason(tmp_path):
    """Each with its ticker; a ticker that could be a path or markup is not repeated as one."""
    text = """ticker,date,open,high,low,close,volume
KOLA,2024-12-02,10,11,9,10,1
KOLA,2024-12-03,10,9,11,10,1
KOLA,2024-12-04,10,11,9,-1,1
KOLA,2024-12-05,10,11,9,,1
KOLA,2024-12-06,10,11,9,10,
KOLA,2024-12-07,10,11,9,10,1
KOLA,someday,10,11,9,10,1
KOLA,2024-12-02,10,11,9,10.5,1
KOLA,2025-01-06,10,11,9,10,1
../../x,2024-12-02,10,11,9,10,1
<script>,2024-12-02,10,11,9,10,1
"""
    read = bars_of(tmp_path, text)
    assert read.bars["session"].tolist() == [pd.Timestamp("2024-12-02")]
    assert read.bars["close"].tolist() == [10.0]
    assert reasons(read) == {
        "high below open, low or close": 1,
        "price not positive": 1,
        "price missing or not finite": 1,
        "volume missing, infinite or negative": 1,
        "not a session of XNYS": 1,
        "date not readable, such as 'someday'": 1,
        "session repeated with other values": 1,
        "after 2025-01-03, the last session that was final at the instant of the run": 1,
        "not a ticker: '../../x'": 1,
        "not a ticker: '<script>'": 1,
    }


def test_a_split_on_a_faulty_bar_still_counts(tmp_path):
    """Or all prices before it would stay half of what was traded."""
    text = (
        SPLIT_ADJUSTED
        + "LIMO,2024-11-25,10,10,10,10,5,10,0,1\n"
        + "LIMO,2024-11-26,0,0,0,0,5,0,0,4\n"
        + "LIMO,2024-11-27,10,10,10,10,5,10,0,1\n"
    )
    read = bars_of(tmp_path, text)
    limo = read.bars[read.bars["ticker"] == "LIMO"]
    assert limo["close"].tolist() == [40.0, 10.0]


def test_rows_that_contradict_an_earlier_one_are_told_from_copies(tmp_path):
    """A copy is harmless; of two prices of one session one is wrong, and only the file's owner knows which."""
    text = "KOLA,2024-12-02,10,11,9,10,1\n"
    other = "KOLA,2024-12-02,10,11,9,10.5,1\nKOLA,2024-12-02,10,11,9,10,2\n"
    read = bars_of(tmp_path, "ticker,date,open,high,low,close,volume\n" + 2 * text + other)
    assert read.bars["close"].tolist() == [10.0]
    assert reasons(read) == {"session repeated": 1, "session repeated with other values": 2}
    (note,) = [note for note in read.notes if "other values" in note]
    assert note == (
        "bars.csv: 2 of 4 rows give other values for a session that came before, first KOLA on 2024-12-02: the values "
        "that came first are kept."
    )


def test_a_file_without_one_usable_row_is_refused_with_the_reasons(tmp_path):
    """An import of nothing must not look like a success."""
    with pytest.raises(SourceError, match="no usable bar: price not positive"):
        bars_of(tmp_path, "ticker,date,open,high,low,close,volume\nKOLA,2024-12-02,0,0,0,0,5\n")
