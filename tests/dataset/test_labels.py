"""The label is the return of the trade that the backtest makes."""

import numpy as np
import pandas as pd
import pytest

from stockseq.dataset.labels import compute_labels, label_trades, name_label, parse_label
from stockseq.errors import DataError, SettingsError
from stockseq.schemas import ACTIONS, BARS, Actions, Bars, Dropped, as_actions, as_bars, empty
from stockseq.sessions import TradingCalendar
from tests.dataset.dataset_rows import actions_of, bars_of

# Two flat sessions before each case, so that a volatility is known at the first session of interest.
PRELUDE = [("2024-11-21", 100.0, 100.0), ("2024-11-22", 100.0, 100.0)]
NO_ACTIONS = actions_of("AAA")


def returns(bars: Bars, actions: Actions, calendar: TradingCalendar, horizon: int) -> dict[str, float]:
    labels = compute_labels(bars, actions, calendar=calendar, horizon=horizon)
    return {str(s.date()): r for s, r in zip(labels["session"], labels["realised_return"].round(12), strict=True)}


def test_open_to_close_is_the_return_within_the_session(calendar: TradingCalendar) -> None:
    """Entry and exit are the prices that the intraday backtest fills at: 102/100 and 99/110."""
    bars = bars_of("AAA", [*PRELUDE, ("2024-11-25", 100.0, 102.0), ("2024-11-26", 110.0, 99.0)])
    assert returns(bars, NO_ACTIONS, calendar, 0) == {"2024-11-25": 0.02, "2024-11-26": -0.1}


def test_a_half_day_ends_its_label_at_one_o_clock(calendar: TradingCalendar) -> None:
    """The exit of 2024-11-29 is the early close, 13:00 in New York, 18:00 UTC."""
    bars = bars_of("AAA", [*PRELUDE, ("2024-11-29", 100.0, 102.0)])
    label = compute_labels(bars, NO_ACTIONS, calendar=calendar).iloc[0]
    assert label["entry_at"] == pd.Timestamp("2024-11-29 14:30", tz="UTC")
    assert label["exit_at"] == pd.Timestamp("2024-11-29 18:00", tz="UTC")


def test_a_split_and_a_dividend_on_one_ex_date_leave_no_return(calendar: TradingCalendar) -> None:
    """100 before, 2 for 1 and 1.00 paid: 49 is the same money (EVALUATION 1.4)."""
    bars = bars_of("AAA", [*PRELUDE, ("2024-11-25", 100.0, 100.0), ("2024-11-26", 49.0, 49.0)])
    actions = actions_of("AAA", ("2024-11-26", "split", 2.0), ("2024-11-26", "dividend", 1.0))
    assert returns(bars, actions, calendar, 1)["2024-11-25"] == 0.0


def test_an_ex_date_on_the_entry_session_is_not_undone(calendar: TradingCalendar) -> None:
    """Who enters at the open of the ex-date gets neither the split nor the dividend."""
    bars = bars_of("AAA", [*PRELUDE, ("2024-11-25", 50.0, 51.0), ("2024-11-26", 52.0, 52.0)])
    actions = actions_of("AAA", ("2024-11-25", "split", 2.0))
    assert returns(bars, actions, calendar, 0)["2024-11-25"] == 0.02
    assert returns(bars, actions, calendar, 1)["2024-11-25"] == 0.04


def test_the_next_open_skips_a_holiday_but_not_a_missing_session(calendar: TradingCalendar) -> None:
    """After 11-27 comes 11-29 (Thanksgiving); after 11-29 a bar on 12-03 is not the next session."""
    bars = bars_of("AAA", [*PRELUDE, ("2024-11-27", 100.0, 100.0), ("2024-11-29", 103.0, 103.0), ("2024-12-03", 9, 9)])
    assert returns(bars, NO_ACTIONS, calendar, 1) == {"2024-11-27": 0.03}


def test_a_halt_has_no_label_and_is_counted(calendar: TradingCalendar) -> None:
    """A bar without volume is a stale price: nobody traded at it, and nobody left at its open."""
    bars = bars_of("AAA", [*PRELUDE, ("2024-11-25", 100.0, 101.0), ("2024-11-26", 101.0, 101.0, 0.0)])
    assert list(returns(bars, NO_ACTIONS, calendar, 0)) == ["2024-11-25"]
    assert returns(bars, NO_ACTIONS, calendar, 1) == {}
    counts = {d.reason: d.n_rows for d in label_trades(bars, NO_ACTIONS, calendar=calendar).dropped}
    assert counts == {
        "no volume, or no open or close print": 1,
        "fewer than two closes before it, so no volatility": 2,
    }


def test_a_delisted_ticker_has_no_next_open_and_is_counted(calendar: TradingCalendar) -> None:
    """The last bar of a ticker has an open-to-close return and no open-to-next-open return."""
    bars = bars_of("AAA", [*PRELUDE, ("2024-11-25", 100.0, 101.0), ("2024-11-26", 100.0, 50.0)])
    assert list(returns(bars, NO_ACTIONS, calendar, 1)) == ["2024-11-25"]
    dropped = label_trades(bars, NO_ACTIONS, calendar=calendar, horizon=1).dropped
    assert [(d.ticker, d.n_rows) for d in dropped if "to leave at" in d.reason] == [("AAA", 1)]


def test_a_dividend_in_a_wrong_basis_gives_no_label(calendar: TradingCalendar) -> None:
    """A payment of more than the price can't be undone; a made-up return would be worse than none."""
    bars = bars_of("AAA", [*PRELUDE, ("2024-11-25", 100.0, 100.0), ("2024-11-26", 99.0, 99.0)])
    actions = actions_of("AAA", ("2024-11-26", "dividend", 250.0))
    assert returns(bars, actions, calendar, 1) == {}


def test_volatility_is_of_closes_before_the_session(calendar: TradingCalendar) -> None:
    """Closes 100, 102, 51.5 (2:1): returns .02 and 103/102 - 1; sigma at 11-27 weighs them .94 and 1 over 1.94."""
    rows = [("2024-11-22", 100, 100), ("2024-11-25", 102, 102), ("2024-11-26", 51.5, 51.5), ("2024-11-27", 1, 900)]
    actions = actions_of("AAA", ("2024-11-26", "split", 2.0))
    labels = compute_labels(bars_of("AAA", rows), actions, calendar=calendar).set_index("session")
    expected = ((0.94 * 0.02**2 + (103 / 102 - 1) ** 2) / 1.94) ** 0.5
    assert labels.loc[pd.Timestamp("2024-11-26"), "volatility"] == pytest.approx(0.02, abs=1e-15)
    assert labels.loc[pd.Timestamp("2024-11-27"), "volatility"] == pytest.approx(expected, abs=1e-15)


def test_volatility_has_a_floor(calendar: TradingCalendar) -> None:
    """A price that never moved would make every target infinite."""
    bars = bars_of("AAA", [*PRELUDE, ("2024-11-25", 100.0, 101.0)])
    assert compute_labels(bars, NO_ACTIONS, calendar=calendar)["volatility"].tolist() == [1e-4]


def test_tickers_do_not_touch_each_other(calendar: TradingCalendar) -> None:
    """The first bar of one ticker doesn't follow the last of another."""
    one = bars_of("AAA", [*PRELUDE, ("2024-11-25", 100.0, 101.0)])
    two = bars_of("BBB", [("2024-11-26", 5.0, 5.0), ("2024-11-27", 5.0, 5.0), ("2024-11-29", 5.0, 6.0)])
    both = Bars(pd.concat([two, one], ignore_index=True))
    alone = [compute_labels(bars, NO_ACTIONS, calendar=calendar) for bars in (one, two)]
    pd.testing.assert_frame_equal(
        compute_labels(both, NO_ACTIONS, calendar=calendar), pd.concat(alone, ignore_index=True)
    )


def test_two_vintages_are_refused(calendar: TradingCalendar) -> None:
    """Two prices of one session leave the return open; the sentence names the bar."""
    bars = bars_of("AAA", PRELUDE)
    with pytest.raises(DataError, match="2 repeat, first AAA on 2024-11-21"):
        compute_labels(Bars(pd.concat([bars, bars])), NO_ACTIONS, calendar=calendar)
    twice = Actions(pd.concat([actions_of("AAA", ("2024-11-22", "split", 2.0))] * 2))
    with pytest.raises(DataError, match="first AAA split on 2024-11-22"):
        compute_labels(bars, twice, calendar=calendar)


def test_a_bar_outside_the_calendar_is_counted(calendar: TradingCalendar) -> None:
    """Thanksgiving is no session: there was no auction to enter at."""
    bars = bars_of("AAA", [*PRELUDE, ("2024-11-28", 100.0, 101.0)])
    assert returns(bars, NO_ACTIONS, calendar, 0) == {}
    dropped = label_trades(bars, NO_ACTIONS, calendar=calendar).dropped
    assert ("not a session of XNYS", 1) in [(d.reason, d.n_rows) for d in dropped]


def test_an_unknown_horizon_is_refused(calendar: TradingCalendar) -> None:
    """A misspelt horizon must not fall back to another trade."""
    with pytest.raises(ValueError, match="from 0 to 63 sessions, received 64"):
        compute_labels(bars_of("AAA", PRELUDE), NO_ACTIONS, calendar=calendar, horizon=64)


@pytest.mark.parametrize(
    ("label", "sentence"),
    [
        ("open_to_clsoe", r"received 'open_to_clsoe'; did you mean open_to_close\?"),
        ("open_to_open", r"did you mean open_to_open\(5\)\?"),
        ("open_to_open(64)", r"for h from 1 to 63 sessions .* received 'open_to_open\(64\)'\.$"),
        ("open_to_open(0)", r"received 'open_to_open\(0\)'\.$"),
        ("-3", r"received '-3'\.$"),
    ],
)
def test_an_unknown_label_is_refused_in_a_sentence(label: str, sentence: str) -> None:
    """Who misspells a trade must not get another one, and learns what there is."""
    with pytest.raises(SettingsError, match=sentence):
        parse_label(label)


def test_each_horizon_has_one_label() -> None:
    """A champion is kept per label: `open_to_open(1)` and `open_to_next_open` must not be two of them."""
    assert [name_label(parse_label(name_label(horizon))) for horizon in (0, 1, 2, 63)] == [
        "open_to_close",
        "open_to_next_open",
        "open_to_open(2)",
        "open_to_open(63)",
    ]
    assert name_label(parse_label("open_to_open( 1 )")) == "open_to_next_open"


# 110 is 55 after the split; the dividend of 1.00 leaves 49 of the close of 50 before the halt.
HELD = [
    *PRELUDE,
    ("2024-11-25", 100.0, 110.0),
    ("2024-11-26", 60.0, 50.0),
    ("2024-11-27", 50.0, 50.0, 0.0),
    ("2024-11-29", 49.0, 52.0),
    ("2024-12-02", 51.0, 53.0),
]
HELD_ACTIONS = actions_of("AAA", ("2024-11-26", "split", 2.0), ("2024-11-29", "dividend", 1.0))


def test_a_longer_trade_keeps_what_it_was_split_into_and_paid(calendar: TradingCalendar) -> None:
    """100 becomes two shares of 49 and 1.00 reinvested at 49: 100 again; 60 becomes 51 times 50/49, 85/98 of it."""
    assert returns(bars_of("AAA", HELD), HELD_ACTIONS, calendar, 3) == {
        "2024-11-25": 0.0,
        "2024-11-26": round(-13 / 98, 12),
    }


def test_a_halt_at_the_exit_leaves_no_label_and_one_in_between_does(calendar: TradingCalendar) -> None:
    """Two sessions after 11-25 nobody trades; two after 11-26 is 11-29, at 49 times 50/49: 5/6 of 60."""
    bars = bars_of("AAA", HELD)
    assert returns(bars, HELD_ACTIONS, calendar, 2) == {"2024-11-26": round(-1 / 6, 12)}
    dropped = label_trades(bars, HELD_ACTIONS, calendar=calendar, horizon=2).dropped
    # 11-25 (halt), 11-29 and 12-02 (still to come); the prelude's two lack a volatility and the halt a print.
    assert ("no usable open to leave at (halt, delisting, or still to come)", 3) in [
        (d.reason, d.n_rows) for d in dropped
    ]


def test_the_variance_of_a_longer_trade_adds_its_pieces(calendar: TradingCalendar) -> None:
    """Within 11-25 110/100, overnight 120/110, within 11-26 50/60, over the halt 50/50; nothing after the exit."""
    labels = compute_labels(bars_of("AAA", HELD), HELD_ACTIONS, calendar=calendar, horizon=3).set_index("session")
    expected = np.log(11 / 10) ** 2 + np.log(12 / 11) ** 2 + np.log(5 / 6) ** 2
    assert labels.loc[pd.Timestamp("2024-11-25"), "realised_variance"] == pytest.approx(expected, rel=1e-12)
    overnight = compute_labels(bars_of("AAA", HELD), HELD_ACTIONS, calendar=calendar, horizon=1).set_index("session")
    pieces = np.log(11 / 10) ** 2 + np.log(12 / 11) ** 2
    assert overnight.loc[pd.Timestamp("2024-11-25"), "realised_variance"] == pytest.approx(pieces, rel=1e-12)


def test_a_wrong_dividend_spoils_the_trades_across_it_alone(calendar: TradingCalendar) -> None:
    """A price path that can't be followed past 11-27 still tells what lies on one side of it."""
    days = ["2024-11-25", "2024-11-26", "2024-11-27", "2024-11-29", "2024-12-02"]
    bars = bars_of("AAA", [*PRELUDE, *((day, 100.0 + number, 100.0) for number, day in enumerate(days))])
    actions = actions_of("AAA", ("2024-11-27", "dividend", 250.0))
    assert returns(bars, actions, calendar, 2) == {"2024-11-27": round(104 / 102 - 1, 12)}


@pytest.mark.parametrize("horizon", [0, 1, 5])
def test_no_bars_give_no_labels(calendar: TradingCalendar, horizon: int) -> None:
    """A run without data must reach its own sentence, not a crash on the way."""
    bars, actions = as_bars(empty(BARS)), as_actions(empty(ACTIONS))
    trades = label_trades(bars, actions, calendar=calendar, horizon=horizon)
    assert len(trades.labels) == 0
    assert trades.dropped == ()


def test_an_exit_beyond_the_calendar_is_counted(calendar: TradingCalendar) -> None:
    """The last session that the calendar knows, 2024-12-13, has no next open; its exit is no instant."""
    bars = bars_of("AAA", [*PRELUDE, ("2024-12-12", 100.0, 100.0), ("2024-12-13", 103.0, 103.0)])
    trades = label_trades(bars, NO_ACTIONS, calendar=calendar, horizon=1)
    assert trades.labels["realised_return"].tolist() == pytest.approx([0.03])
    # A bar with several faults is counted once; the two of the prelude have no volatility either.
    assert Dropped("labels", "AAA", "the exit lies beyond the calendar", 1) in trades.dropped
    assert sum(dropped.n_rows for dropped in trades.dropped) == 3
