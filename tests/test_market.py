"""What is known of a market at one instant."""

import pandas as pd
import pytest

from stockseq.market import MarketData
from stockseq.sessions import TradingCalendar
from stockseq.store import Store
from tests.store.store_rows import bars, dividends, headlines, utc

CALENDAR = TradingCalendar("XNYS", pd.Timestamp("2024-02-01"), pd.Timestamp("2024-03-29"))


@pytest.fixture
def market(tmp_path) -> MarketData:
    store = Store(tmp_path / "data")
    store.append("bars", pd.concat([bars([10.0, 11.0]), bars([20.0], ticker="M<T")]))
    store.append("bars", bars([12.0], fetched="2024-03-02"))
    store.append("actions", dividends([0.5], fetched="2024-03-01"))
    store.append("headlines", headlines(["a", "b"]))
    return store.market(CALENDAR, as_of=utc("2024-03-01"))


def test_the_store_gives_what_was_known_at_the_instant(market):
    """The revision of 03-02 is not known on 03-01."""
    assert market.bars["close"].tolist() == [10.0, 11.0, 20.0]
    assert market.actions["value"].tolist() == [0.5]
    assert market.headlines["text"].tolist() == ["a", "b"]
    assert (market.calendar, market.now, market.truth) == (CALENDAR, utc("2024-03-01"), None)


def test_some_tickers_are_cut_out_of_every_table(market):
    """And a ticker without data adds nothing."""
    cut = market.of(["M<T", "NEW"])
    assert cut.tickers == ("M<T",)
    assert (len(cut.bars), len(cut.actions), len(cut.headlines)) == (1, 0, 0)
    assert list(cut.bars.index) == [0]


def test_it_shows_itself_in_one_line_and_in_a_notebook(market):
    """Whatever a ticker is called, it is text in the page."""
    assert repr(market) == (
        "<MarketData: 3 bars of 2 tickers from 2024-02-05 to 2024-02-06, 1 action, 2 headlines, "
        "as of 2024-03-01 00:00 UTC>"
    )
    assert "<td>AAPL, M&lt;T</td>" in market._repr_html_()


def test_an_instant_without_time_zone_is_refused(market):
    """Nobody could say what was known at it."""
    with pytest.raises(ValueError, match="with a time zone"):
        MarketData(market.bars, market.actions, market.headlines, CALENDAR, pd.Timestamp("2024-03-01"))
