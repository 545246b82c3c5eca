"""Numbers as exports write them: one reading for the whole column, or none."""

import pandas as pd
import pytest

from stockseq.errors import SourceError
from stockseq.sources.files.numbers import read_columns


def read(close: list, volume: list | None = None, **options: str):
    frame = pd.DataFrame({"close": close, "volume": volume or ["100"] * len(close)})
    return read_columns(frame, [["close"], ["volume"]], path="bars.csv", **options)


@pytest.mark.parametrize(
    ("written", "amounts"),
    [
        (["1,005.00", "985.13"], [1005.0, 985.13]),
        (["1.005,00", "985,13"], [1005.0, 985.13]),
        (["1 005,00", "985,13"], [1005.0, 985.13]),
        (["1'005.00", "985.13"], [1005.0, 985.13]),
        (["12,34,567.89", "5.5"], [1234567.89, 5.5]),
        (["1.205.300", "980"], [1205300.0, 980.0]),
        (["$0.22", "$1,028.40"], [0.22, 1028.40]),
        (["0,22 €", "1.028,40 €"], [0.22, 1028.40]),
        (["1.25K", "3.4M"], [1250.0, 3.4e6]),
        (["(5.25)", "\u22125.5"], [-5.25, -5.5]),
        (["0.955", "1.205"], [0.955, 1.205]),
    ],
)
def test_a_column_is_read_by_the_one_notation_that_all_of_it_admits(written, amounts):
    """Thousands, decimal commas, money, powers and brackets, as Excel and brokers write them."""
    assert read(written)["close"].amounts.tolist() == pytest.approx(amounts)


def test_thousands_are_told_by_the_decimals_of_the_other_columns():
    """Beside 29,71 a point can't be decimal too."""
    assert read(["29,71", "28,40"], ["1.234", "980"])["volume"].amounts.tolist() == [1234.0, 980.0]
    assert read(["29.71", "28.40"], ["1,234", "980"])["volume"].amounts.tolist() == [1234.0, 980.0]


def test_a_column_with_two_readings_is_refused_and_a_setting_decides():
    """Fractions of a coin and thousands of shares look the same; a size never decides."""
    with pytest.raises(SourceError, match=r"volume can be read in two ways: '1.205' is 1.205 .* and 1205"):
        read(["29.71", "28.40"], ["1.205", "980"])
    assert read(["29,71"], ["1.205"], decimal=",")["volume"].amounts.tolist() == [1205.0]
    assert read(["29.71"], ["1.205"], decimal=".")["volume"].amounts.tolist() == [1.205]


def test_a_text_in_several_columns_of_a_block_is_shown_with_its_two_values():
    """1.200 stands in the opens and in the closes."""
    with pytest.raises(SourceError, match=r"'1.200' is 1.2 with a decimal point and 1200 with a decimal comma"):
        read_columns(pd.DataFrame({"open": ["1.200"], "close": ["1.200"]}), [["open", "close"]])


def test_a_column_of_both_notations_is_refused():
    """No reading holds for all of it."""
    with pytest.raises(SourceError, match=r"mixes decimal points \('1,005.00'\) with decimal commas \('1.005,00'\)"):
        read(["1.005,00", "1,005.00"])


def test_a_cell_that_is_no_number_is_named_and_a_blank_is_none():
    """Neither becomes a missing value without a word."""
    close = read(["abc", "12%", "n/a", "", "-", "5"])["close"]
    assert close.amounts.tolist()[5] == 5.0
    assert close.amounts.isna().sum() == 5
    assert close.faults.dropna().tolist() == [
        "close is not a number, such as 'abc'",
        "close is a percentage, no amount, such as '12%'",
    ]


def test_what_is_converted_is_told_and_plain_numbers_are_not():
    """The reader sees one example a column."""
    assert read(["1.25K"])["close"].converted == "close '1.25K' is 1250"
    assert read(["1.25"])["close"].converted == ""


def test_numbers_of_json_and_parquet_are_taken_as_they_are():
    """1.205 as a number has one reading."""
    assert read([1.205, 2.5])["close"].amounts.tolist() == [1.205, 2.5]


@pytest.mark.parametrize("cell", [True, "True", [1], {"a": 1}, "--5", "(-5)", "9" * 5000, "1" * 100_000 + "x"])
def test_what_is_no_number_is_none(cell):
    """A flag is 1 to Python, two signs are whatever one likes, and a long text took the pattern minutes."""
    numbers = read([1.0, cell])["close"]
    assert numbers.amounts.isna().tolist() == [False, True]
    assert numbers.faults.iloc[1].startswith("close is not a number, such as ")


def test_a_column_of_flags_holds_no_number():
    """Parquet has them as a type of their own."""
    frame = pd.DataFrame({"close": [True, False], "volume": [1, 2]})
    assert read_columns(frame, [["close"], ["volume"]], path="bars.parquet")["close"].amounts.isna().all()
