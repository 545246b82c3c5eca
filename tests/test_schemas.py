"""A table is checked once, where it enters a stage, and the error names the first offending row."""

import html
import math
import re
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

import stockseq
from stockseq.errors import DataError, StockseqError
from stockseq.schemas import (
    ACTIONS,
    BARS,
    FORECASTS,
    HEADLINES,
    LABELS,
    as_actions,
    as_bars,
    as_forecasts,
    as_headlines,
    as_labels,
    bar_faults,
    empty,
    headline_id,
    valid_ticker,
)

AT = pd.Timestamp("2024-02-06 12:00", tz="UTC")
MONDAY = pd.Timestamp("2024-02-05")


def _bar(**changes: object) -> pd.DataFrame:
    bar = {"ticker": "MSFT", "session": MONDAY, "open": 10.0, "high": 12.0, "low": 9.0, "close": 11.0, "volume": 5.0}
    return pd.DataFrame([bar | {"source": "made", "fetched_at": AT} | changes])


def _action(**changes: object) -> pd.DataFrame:
    action = {"ticker": "MSFT", "session": MONDAY, "kind": "split", "value": 2.0, "source": "made", "fetched_at": AT}
    return pd.DataFrame([action | changes])


def _headline(**changes: object) -> pd.DataFrame:
    headline = {"headline_id": "1", "ticker": "MSFT", "published_at": AT, "first_seen_at": None, "date_only": False}
    frame = pd.DataFrame([headline | {"text": "Acme", "publisher": "", "url": "", "source": "made"} | changes])
    return frame.astype({"first_seen_at": "datetime64[us, UTC]"} if "first_seen_at" not in changes else {})


def _forecast(**changes: object) -> pd.DataFrame:
    forecast = {"ticker": "MSFT", "session": MONDAY, "decision_at": AT, "probability_up": 0.5, "expected_return": 0.0}
    return pd.DataFrame([forecast | changes])


def test_a_good_row_of_every_table_passes_with_its_types() -> None:
    """The producers give the columns and dtypes that every later stage relies on."""
    assert as_bars(_bar()).dtypes.astype(str).to_dict() == BARS
    assert as_actions(_action()).dtypes.astype(str).to_dict() == ACTIONS
    assert as_headlines(_headline()).dtypes.astype(str).to_dict() == HEADLINES
    assert as_forecasts(_forecast()).dtypes.astype(str).to_dict() == FORECASTS


def test_bars_are_ordered_by_ticker_session_and_vintage() -> None:
    """Later stages rely on it instead of sorting again."""
    rows = [
        _bar(ticker="B"),
        _bar(fetched_at=AT + pd.Timedelta(days=1)),
        _bar(),
        _bar(session=pd.Timestamp("2024-02-02")),
    ]
    bars = as_bars(pd.concat(rows))
    assert bars["ticker"].tolist() == ["B", "MSFT", "MSFT", "MSFT"]
    assert bars["session"].dt.day.tolist() == [5, 2, 5, 5]
    assert bars["fetched_at"].dt.day.tolist() == [6, 6, 6, 7]


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"open": -1.0}, "price not positive"),
        ({"close": 0.0}, "price not positive"),
        ({"close": math.nan}, "missing `close`; 1 of 1 rows lack it"),
        ({"high": math.inf}, "price missing or not finite"),
        ({"high": 10.5}, "high below open, low or close"),
        ({"low": 10.5}, "low above open, high or close"),
        ({"volume": -5.0}, "volume missing, infinite or negative"),
        ({"volume": math.inf}, "volume missing, infinite or negative"),
    ],
)
def test_an_impossible_bar_is_refused_with_its_reason(changes: dict[str, float], reason: str) -> None:
    """A bar that can't be would become a return that never was."""
    with pytest.raises(DataError, match=reason):
        as_bars(_bar(**changes))


def test_the_error_names_the_first_offending_row() -> None:
    """A user must find the row in a file of a million."""
    rows = pd.concat([_bar(), _bar(session=pd.Timestamp("2024-02-06"), open=-1.0), _bar(ticker="X", open=-1.0)])
    with pytest.raises(DataError, match=r"2 of 3 rows .* first MSFT on 2024-02-06 00:00:00: price not positive"):
        as_bars(rows)


def test_rounding_of_a_millionth_does_not_break_the_order_of_prices() -> None:
    """Vendors round every price by itself."""
    assert bar_faults(_bar(high=11.0 * (1 - 5e-7))).isna().all()
    assert bar_faults(_bar(high=11.0 * (1 - 2e-6))).notna().all()


@given(
    st.fixed_dictionaries(
        {name: st.floats(allow_nan=True, allow_infinity=True) for name in ("open", "high", "low", "close", "volume")}
    )
)
def test_every_bar_is_either_valid_or_has_a_reason(prices: dict[str, float]) -> None:
    """No number may slip through between the rules."""
    fault = bar_faults(_bar(**prices)).iloc[0]
    p = [prices[name] for name in ("open", "high", "low", "close")]
    possible = (
        all(math.isfinite(x) and x > 0 for x in p)
        and prices["high"] * (1 + 1e-6) >= max(p)
        and prices["low"] <= min(p) * (1 + 1e-6)
        and math.isfinite(prices["volume"])
        and prices["volume"] >= 0
    )
    assert pd.isna(fault) == possible


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"kind": "merger"}, "kind 'merger'"),
        ({"value": 0.0}, "split of 0.0"),
        ({"value": -2.0}, "split of -2.0"),
        ({"kind": "dividend", "value": -0.5}, "dividend of -0.5"),
        ({"kind": "dividend", "value": math.inf}, "dividend of inf"),
    ],
)
def test_an_impossible_action_is_refused(changes: dict[str, object], reason: str) -> None:
    """A split of 0 would make every earlier price infinite."""
    with pytest.raises(DataError, match=reason):
        as_actions(_action(**changes))


def test_a_withdrawn_action_is_allowed() -> None:
    """A dividend of 0 and a split of 1 withdraw what an earlier vintage said."""
    assert as_actions(_action(kind="dividend", value=0.0))["value"].tolist() == [0.0]
    assert as_actions(_action(value=1.0))["value"].tolist() == [1.0]


def test_a_stamp_without_a_zone_is_refused() -> None:
    """Its instant could be hours off either way, which is a leak in one of them."""
    with pytest.raises(DataError, match="timezone-naive"):
        as_headlines(_headline(published_at=pd.Timestamp("2024-02-06 12:00")))


def test_headlines_may_lack_when_they_were_first_seen_and_nothing_else() -> None:
    """A backfilled row has no `first_seen_at`; one without `published_at` can be placed nowhere."""
    assert as_headlines(_headline())["first_seen_at"].isna().all()
    with pytest.raises(DataError, match="no missing `published_at`"):
        as_headlines(_headline().assign(published_at=pd.Series([None], dtype="datetime64[us, UTC]")))
    with pytest.raises(DataError, match="an empty text"):
        as_headlines(_headline(text=" \n"))
    with pytest.raises(DataError, match=r"one row per .*headline_id"):
        as_headlines(pd.concat([_headline(), _headline(text="Other")]))


@pytest.mark.parametrize("probability", [-0.01, 1.01, math.nan])
def test_a_forecast_outside_probability_is_refused(probability: float) -> None:
    """A model that diverged must not reach the ledger."""
    with pytest.raises(DataError, match="probability_up"):
        as_forecasts(_forecast(probability_up=probability))


def test_forecasts_keep_further_columns() -> None:
    """The seeds of an ensemble travel beside its mean."""
    assert as_forecasts(_forecast(probability_up_seed_1=0.4))["probability_up_seed_1"].tolist() == [0.4]


def test_a_repeated_key_is_refused() -> None:
    """Two truths for one session would be joined to four rows."""
    with pytest.raises(DataError, match=r"one row per .*; 1 repeat, first"):
        as_bars(pd.concat([_bar(), _bar(close=10.5)]))


def test_a_missing_column_is_named() -> None:
    """The most common slip of a file import."""
    with pytest.raises(DataError, match=r"\['volume'\] missing, received"):
        as_bars(_bar().drop(columns="volume"))


def test_a_column_of_the_wrong_type_is_refused() -> None:
    """Text in a price column is not 0."""
    with pytest.raises(DataError, match="needs the types"):
        as_bars(_bar(open="ten"))


def test_the_input_is_not_changed() -> None:
    """A caller may check a frame and go on with it."""
    frame = pd.concat([_bar(ticker="Z"), _bar()])
    before = frame.copy()
    as_bars(frame)
    pd.testing.assert_frame_equal(frame, before)


@pytest.mark.parametrize("columns", [BARS, ACTIONS, HEADLINES, LABELS, FORECASTS])
def test_an_empty_table_has_its_columns(columns: dict[str, str]) -> None:
    """A day without rows flows through every stage."""
    table = empty(columns)
    assert len(table) == 0
    assert table.dtypes.astype(str).to_dict() == columns


def test_empty_tables_pass_their_own_checks() -> None:
    """No rows is a valid answer of a source."""
    for check, columns in ((as_bars, BARS), (as_actions, ACTIONS), (as_headlines, HEADLINES), (as_labels, LABELS)):
        assert check(empty(columns)).empty


def test_a_data_error_is_caught_as_ours_and_as_a_value_error() -> None:
    """Callers catch the tree, plain Python catches `ValueError`."""
    assert issubclass(DataError, StockseqError)
    assert issubclass(DataError, ValueError)


def test_a_headline_is_another_one_when_its_text_ticker_or_key_changes() -> None:
    """An edited headline is first seen anew; fields must not run together."""
    ids = {headline_id(*parts) for parts in (("A", "BC", "x"), ("AB", "C", "x"), ("A", "BC", "y"), ("A", "B", "Cx"))}
    assert len(ids) == 4
    assert headline_id("A", "BC", "\ud800") == headline_id("A", "BC", "\ud800")


@given(st.text(max_size=40))
def test_no_accepted_ticker_leads_out_of_a_folder_or_into_markup(text: str) -> None:
    """Tickers name folders, URLs and cells of a page."""
    if valid_ticker(text):
        assert not set(text) & set("/\\<>;\"' \n\0")
        assert html.unescape(text) == text
        assert text.strip(".")


@pytest.mark.parametrize(
    "ticker",
    [
        *("BRK-B", "^GSPC", "EURUSD=X", "ES=F", "M&M.NS", "J&KBANK.NS", "0700.HK", "BTC-USD", "DX-Y.NYB"),
        *("0P0000XVKP.L", "NIFTY_FIN_SERVICE.NS", "^990100-USD-STRD", "GOOGL261218C00200000"),
    ],
)
def test_every_form_of_yahoos_symbols_is_a_ticker(ticker: str) -> None:
    """Share classes, indices, currencies, futures, crypto, funds and options, as Yahoo's own pages write them."""
    assert valid_ticker(ticker)


@pytest.mark.parametrize(
    "text", ["BRK/B", "BF B", "AAM$A", "A&LT", "A&AMP", "..", "", "x" * 25, "A;B", "A%2FB", "..\\x"]
)
def test_what_would_be_unsafe_as_a_name_is_no_ticker(text: str) -> None:
    """A page would read `&LT` as the beginning of a tag, and a folder `/` as its end."""
    assert not valid_ticker(text)


def test_no_cast_makes_a_table() -> None:
    """A frame becomes one by being checked or by being read from the store; rows of one are one already."""
    made = re.compile(r"(?<![\w\"])(?:Bars|Actions|Headlines|Labels|Forecasts)\(")
    package = Path(stockseq.__file__).parent
    casts = {
        f"{path.relative_to(package)}:{number}"
        for path in sorted(package.rglob("*.py"))
        if path.name != "schemas.py" and path.parent.name != "store"
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1)
        if made.search(line) and not line.strip().startswith((">>>", "..."))
    }
    assert casts == set()
