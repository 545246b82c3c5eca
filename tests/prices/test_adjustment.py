"""Adjustment undoes splits and dividends without knowing later ones."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stockseq.errors import DataError
from stockseq.prices.adjustment import adjust_as_of, adjust_forward


def _bars(closes: dict[str, float], volumes: list[float]) -> pd.DataFrame:
    close = np.array(list(closes.values()))
    sessions = pd.DatetimeIndex(list(closes)).as_unit("us")
    return pd.DataFrame(
        {"session": sessions, "open": close, "high": close, "low": close, "close": close, "volume": volumes}
    )


def _actions(*rows: tuple[str, str, float]) -> pd.DataFrame:
    frame = pd.DataFrame(rows, columns=["session", "kind", "value"])
    return frame.assign(session=pd.DatetimeIndex(frame["session"]).as_unit("us"))


# Source: worked by hand; a 2:1 split on 11-27 and a dividend of 1 % of the price on 11-29.
CLOSES = {"2024-11-25": 100.0, "2024-11-26": 102.0, "2024-11-27": 51.5, "2024-11-29": 51.0, "2024-12-02": 52.0}
BARS = _bars(CLOSES, [1000.0, 1000.0, 2000.0, 2000.0, 2000.0])
ACTIONS = _actions(("2024-11-29", "dividend", 0.515), ("2024-11-27", "split", 2.0))


@pytest.mark.parametrize(
    ("as_of", "closes"),
    [
        ("2024-11-26", [100.0, 102.0]),
        ("2024-11-27", [50.0, 51.0, 51.5]),
        ("2024-11-29", [49.5, 50.49, 50.985, 51.0]),
        ("2024-12-02", [49.5, 50.49, 50.985, 51.0, 52.0]),
    ],
)
def test_prices_as_of_a_session_know_the_events_up_to_it(as_of: str, closes: list[float]) -> None:
    """A model that decided on that day saw these prices and no others."""
    adjusted = adjust_as_of(BARS, ACTIONS, as_of=pd.Timestamp(as_of))
    assert adjusted["close"].tolist() == pytest.approx(closes, rel=1e-12)
    assert adjusted["open"].tolist() == pytest.approx(closes, rel=1e-12)
    assert adjusted["volume"].tolist() == [1000.0, 1000.0] if as_of < "2024-11-27" else [2000.0] * len(closes)


def test_forward_prices_start_as_traded_and_carry_the_growth_of_a_share() -> None:
    """By hand: 51.5 * 2 = 103; 51 * 2 / 0.99 and 52 * 2 / 0.99 with the dividend reinvested."""
    adjusted = adjust_forward(BARS, ACTIONS)
    assert adjusted["close"].tolist() == pytest.approx([100.0, 102.0, 103.0, 102.0 / 0.99, 104.0 / 0.99], rel=1e-12)
    assert adjusted["volume"].tolist() == [1000.0] * 5


def test_a_split_and_a_dividend_on_one_ex_date_leave_no_return() -> None:
    """2:1 and 1.00 per new share from 100: 49 after it is worth what 100 was."""
    bars = _bars({"2024-11-25": 100.0, "2024-11-26": 49.0}, [1.0, 1.0])
    actions = _actions(("2024-11-26", "dividend", 1.0), ("2024-11-26", "split", 2.0))
    assert adjust_as_of(bars, actions, as_of=pd.Timestamp("2024-11-26"))["close"].tolist() == pytest.approx(
        [49.0, 49.0]
    )
    assert adjust_forward(bars, actions)["close"].tolist() == pytest.approx([100.0, 100.0])


def test_an_ex_date_without_a_bar_counts_at_the_next_one() -> None:
    """A ticker that was halted on its ex-date splits all the same."""
    bars = _bars({"2024-11-25": 100.0, "2024-11-29": 50.0}, [1.0, 2.0])
    actions = _actions(("2024-11-26", "split", 2.0))
    assert adjust_forward(bars, actions)["close"].tolist() == [100.0, 100.0]
    assert adjust_as_of(bars, actions, as_of=pd.Timestamp("2024-11-27"))["close"].tolist() == [50.0]


def test_events_before_the_history_and_withdrawn_ones_change_nothing() -> None:
    """A split of 1 or a dividend of 0 withdraws an earlier vintage."""
    actions = _actions(("2024-11-25", "split", 4.0), ("2024-11-27", "split", 1.0), ("2024-11-29", "dividend", 0.0))
    assert adjust_forward(BARS, actions)["close"].tolist() == list(CLOSES.values())


@pytest.mark.parametrize("dividend", [51.5, 60.0])
def test_a_dividend_of_the_whole_price_is_refused(dividend: float) -> None:
    """Such a row is in the wrong basis or wrong by a factor, and would give an infinite return."""
    with pytest.raises(DataError, match=r"the one of 2024-11-29 is .* and the close before it, after splits, 51.5"):
        adjust_forward(BARS, _actions(("2024-11-29", "dividend", dividend)))


@given(
    returns=st.lists(st.floats(-0.3, 0.3), min_size=3, max_size=30),
    splits=st.dictionaries(st.integers(1, 29), st.sampled_from([0.1, 0.5, 1.5, 2.0, 20.0]), max_size=4),
    dividends=st.dictionaries(st.integers(1, 29), st.floats(0.0, 0.2), max_size=4),
)
def test_forward_and_as_of_returns_are_the_true_ones(
    returns: list[float], splits: dict[int, float], dividends: dict[int, float]
) -> None:
    """A market with known total returns, traded with splits and dividends, gives the returns back either way."""
    sessions = pd.bdate_range("2024-01-01", periods=len(returns) + 1).as_unit("us")
    close, volume, events = [100.0], [1000.0], []
    for place, change in enumerate(returns, start=1):
        ratio = splits.get(place, 1.0)
        before = close[-1] / ratio
        paid = before * dividends.get(place, 0.0)
        events += [(sessions[place], "split", ratio), (sessions[place], "dividend", paid)]
        close.append((before - paid) * (1.0 + change))
        volume.append(volume[-1] * ratio)
    bars = _bars(dict(zip(sessions.astype(str), close, strict=True)), volume)
    forward = adjust_forward(bars, _actions(*events))
    seen = adjust_as_of(bars, _actions(*events), as_of=sessions[-1])
    for adjusted in (forward, seen):
        assert adjusted["close"].pct_change().iloc[1:].tolist() == pytest.approx(returns, abs=1e-9)
        assert np.ptp(adjusted["volume"]) == pytest.approx(0.0, abs=1e-6 * adjusted["volume"].max())
    assert seen["close"].iloc[-1] == pytest.approx(close[-1])


@given(cut=st.integers(1, 5))
def test_forward_rows_do_not_change_when_later_events_come(cut: int) -> None:
    """The stored feature rows depend on it, bit for bit."""
    early = adjust_forward(BARS.iloc[:cut], ACTIONS)
    pd.testing.assert_frame_equal(early, adjust_forward(BARS, ACTIONS).iloc[:cut], check_exact=True)
