"""Which bars of an answer are held back: a move that no split, dividend or later session explains."""

import pandas as pd
import pytest

from stockseq.ingestion.judgement import Answer, judge_answer, keep_stored_volumes
from stockseq.schemas import PRICES, Actions

DAYS = pd.bdate_range("2024-10-01", periods=40).as_unit("us")


def rows(closes: list[float], *, first: int = 0, volume: float = 1000.0) -> pd.DataFrame:
    """Return flat bars of these closes from a day on."""
    days = DAYS[first : first + len(closes)]
    return pd.DataFrame({"session": days, **dict.fromkeys(PRICES, closes), "volume": volume})


def actions(*events: tuple[int, str, float]) -> Actions:
    """Return actions as (position of the day, kind, value)."""
    frame = pd.DataFrame(
        [(DAYS[day], kind, value) for day, kind, value in events], columns=["session", "kind", "value"]
    )
    return Actions(frame.astype({"session": "datetime64[us]"}))


def held(
    past: pd.DataFrame, bars: pd.DataFrame, *events: tuple[int, str, float], changed=(), mornings=None
) -> list[int]:
    """Return the positions of the days that are held back."""
    reasons = judge_answer(Answer(past, bars, actions(*events), changed, mornings or {}))
    return [int(DAYS.get_loc(session)) for session in bars["session"][reasons.notna()]]


PAST = rows([100.0] * 20)


@pytest.mark.parametrize("factor", [100.0, 0.01, 10.0, 1.6, 1e-6])
def test_a_stored_bar_is_not_overwritten_by_a_move_that_nothing_explains(factor: float) -> None:
    """What is stored fits its neighbours, the answer doesn't."""
    answer = rows([100.0] * 5 + [100.0 * factor] + [100.0] * 5, first=10)
    assert held(PAST, answer) == [15]


@pytest.mark.parametrize("factor", [1.2, 0.85, 1.0001])
def test_a_small_correction_is_taken(factor: float) -> None:
    """Up to a quarter, as vendors correct."""
    assert held(PAST, rows([100.0 * factor] * 10, first=10)) == []


def test_a_stored_glitch_is_mended_by_a_bar_that_fits() -> None:
    """The stored one is a hundred times its neighbours."""
    past = rows([100.0] * 9 + [10000.0] + [100.0] * 10)
    assert held(past, rows([101.0] * 15, first=5)) == []


def test_a_plausible_correction_is_taken_on_the_third_morning() -> None:
    """A third up: it may be right, if the vendor insists."""
    answer = rows([100.0] * 5 + [133.0] + [100.0] * 4, first=10)
    assert [held(PAST, answer, mornings={DAYS[15]: n}) for n in (0, 1, 2)] == [[15], [15], []]


def test_an_implausible_one_is_never_taken_by_repetition() -> None:
    """A hundred times its neighbours on both sides, however often it comes."""
    answer = rows([100.0] * 5 + [10000.0] + [100.0] * 4, first=10)
    assert held(PAST, answer, mornings={DAYS[15]: 9}) == [15]


@pytest.mark.parametrize(("split", "factor"), [(2.0, 0.5), (2.0, 2.0), (0.1, 10.0)])
def test_a_split_that_is_listed_anew_explains_its_ratio(split: float, factor: float) -> None:
    """It was applied before it was listed, or the other way round."""
    answer = rows([100.0 * factor] * 10 + [50.0] * 2, first=10)
    assert held(PAST, answer, changed=[split]) in ([], [20, 21])
    assert 15 not in held(PAST, answer, changed=[split])


def test_a_whole_history_on_another_basis_waits_for_three_mornings() -> None:
    """And so do the new bars, which would leave a seam."""
    answer = rows([150.0] * 22)
    assert held(PAST, answer) == list(range(22))
    assert held(PAST, answer, mornings=dict.fromkeys(DAYS, 2)) == []


@pytest.mark.parametrize(("close", "is_held"), [(189.0, False), (191.0, True), (53.0, False), (52.0, True)])
def test_a_new_bar_is_held_beyond_nearly_double_or_half(close: float, is_held: bool) -> None:
    """1.9 times 100 is 190; 100 / 1.9 is 52.6."""
    assert held(PAST, rows([100.0, close], first=19)) == ([20] if is_held else [])


def test_a_crash_is_taken_once_two_later_sessions_confirm_it() -> None:
    """Not by one answer alone, whose last three rows may all be false."""
    answer = rows([100.0, 20.0, 20.5, 19.5], first=19)
    assert held(PAST, answer) == [20, 21, 22]
    assert held(PAST, answer, mornings={DAYS[20]: 2, DAYS[21]: 1}) == []
    # The second later session isn't there yet.
    assert held(PAST, answer.iloc[:3], mornings={DAYS[20]: 1}) == [20, 21]


def test_a_spike_of_once_is_held_for_good_beyond_five_times() -> None:
    """Three times may have been traded; two later sessions let it in."""
    for spike, expected in ((300.0, []), (600.0, [20])):
        answer = rows([100.0, spike, 100.0, 101.0], first=19)
        assert held(PAST, answer, mornings={DAYS[20]: 2}) == expected


def test_splits_and_dividends_explain_new_bars() -> None:
    """A 10:1 split, and a special dividend of 60 on 100."""
    assert held(PAST, rows([100.0, 10.0], first=19), (20, "split", 10.0)) == []
    assert held(PAST, rows([100.0, 40.0], first=19), (20, "dividend", 60.0)) == []
    assert held(PAST, rows([100.0, 40.0], first=19)) == [20]


def test_a_first_history_is_judged_by_its_own_neighbours() -> None:
    """A row a hundred times its neighbours is held, the first one too; a lasting move of long ago is not."""
    none = PAST.iloc[:0]
    assert held(none, rows([100.0] * 10 + [10000.0] + [100.0] * 20)) == [10]
    assert held(none, rows([10000.0] + [100.0] * 20)) == [0]
    assert held(none, rows([10000.0] * 2 + [100.0] * 20)) == [0, 1]
    assert held(none, rows([100.0] * 10 + [10.0] * 20)) == []
    assert held(none, rows([100.0])) == []


def test_one_price_alone_is_enough() -> None:
    """A low of a cent, in a bar whose close is right."""
    answer = rows([100.0, 100.0], first=19)
    answer.loc[1, "low"] = 0.01
    assert held(PAST, answer) == [20]


@pytest.mark.parametrize(("volume", "is_held"), [(0.0, True), (50_000.0, True), (9_000.0, False)])
def test_a_stored_volume_is_not_overwritten_beyond_ten_times(volume: float, is_held: bool) -> None:
    """Without volume the bar would count as not traded."""
    answer = rows([100.0] * 5, first=15)
    answer.loc[2, "volume"] = volume
    assert held(PAST, answer) == ([17] if is_held else [])


def test_what_follows_a_long_silence_is_another_company() -> None:
    """Nothing of before weighs on it."""
    answer = rows([5.0], first=0).assign(session=DAYS[19] + pd.Timedelta(days=120))
    assert judge_answer(Answer(PAST, answer, actions(), (), {})).isna().all()


def test_a_reverse_splits_rounding_leaves_the_stored_volume() -> None:
    """1,234 shares of then are 12 of today, which are 1,200 of then; 2,000 is another count."""
    answer = rows([100.0, 100.0], volume=1200.0)
    past = rows([100.0, 100.0], volume=1234.0)
    splits = {DAYS[5]: 0.01}
    assert keep_stored_volumes(past, answer, splits)["volume"].tolist() == [1234.0, 1234.0]
    assert keep_stored_volumes(past, answer.assign(volume=2000.0), splits)["volume"].tolist() == [2000.0, 2000.0]
    assert keep_stored_volumes(past, answer, {DAYS[5]: 2.0})["volume"].tolist() == [1200.0, 1200.0]
