"""Forecasts become weights by rules that a reader can follow by hand."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stockseq.backtest.policy import PolicySettings, find_ranking, target_weights
from stockseq.errors import DataError
from stockseq.schemas import Forecasts

SESSION = pd.Timestamp("2024-11-29")


def forecasts(probabilities, session=SESSION):
    return Forecasts(
        pd.DataFrame(
            {
                "session": session,
                "ticker": list(probabilities),
                "probability_up": list(probabilities.values()),
            }
        )
    )


def weights(probabilities, volatility=None, **settings):
    """Weight by ticker of one session."""
    chosen = PolicySettings(**{"max_weight": 1.0, **settings})
    return (
        target_weights(forecasts(probabilities), settings=chosen, volatility=volatility)
        .set_index("ticker")["weight"]
        .to_dict()
    )


def test_the_best_k_are_bought_and_the_worst_k_sold():
    """Each side gets half of the gross, each ticker an equal part of its side."""
    probabilities = {"A": 0.9, "B": 0.6, "C": 0.5, "D": 0.45, "E": 0.2}
    assert weights(probabilities, top_k=2) == {"A": 0.25, "B": 0.25, "C": 0, "D": -0.25, "E": -0.25}


def test_long_only_gives_all_to_the_best_k():
    """Nothing is sold short."""
    assert weights({"A": 0.9, "B": 0.6, "C": 0.5}, top_k=2, mode="long_only") == {"A": 0.5, "B": 0.5, "C": 0}


def test_a_small_session_trades_at_most_half_its_tickers_a_side():
    """With three tickers and k of five, one is bought and one sold; none is on both sides."""
    assert weights({"A": 0.9, "B": 0.6, "C": 0.5}, top_k=5) == {"A": 0.5, "B": 0, "C": -0.5}


def test_equal_forecasts_are_ordered_by_ticker():
    """Row order and the machine must not decide."""
    assert weights({"D": 0.6, "C": 0.6, "B": 0.4, "A": 0.6}, top_k=1, mode="long_only") == {
        "A": 1,
        "B": 0,
        "C": 0,
        "D": 0,
    }


def test_a_forecast_without_a_view_trades_nothing():
    """The same probability for all is no reason to buy the first letters and sell the last."""
    assert set(weights({"A": 0.53, "B": 0.53, "C": 0.53, "D": 0.53}, top_k=2).values()) == {0}


def test_the_threshold_is_a_distance_from_one_half_and_is_included():
    """0.625 and 0.375 are beyond 0.125, 0.6 isn't."""
    assert weights({"A": 0.625, "B": 0.375, "C": 0.6}, select="threshold", threshold=0.125) == {
        "A": 0.5,
        "B": -0.5,
        "C": 0,
    }


def test_long_only_by_threshold_leaves_the_falling_alone():
    """They get an exit, not a short."""
    chosen = weights({"A": 0.7, "B": 0.3}, select="threshold", threshold=0.1, mode="long_only")
    assert chosen == {"A": 1, "B": 0}


def test_exactly_one_half_is_no_view_even_at_threshold_zero():
    """Neither long nor short."""
    assert weights({"A": 0.5, "B": 0.6}, select="threshold", threshold=0) == {"A": 0, "B": 1}


def test_no_ticker_exceeds_the_largest_weight():
    """What the limit cuts stays in cash."""
    assert weights({"A": 0.9, "B": 0.1}, top_k=1, max_weight=0.3) == {"A": 0.3, "B": -0.3}


def test_volatility_scaling_weighs_by_the_inverse():
    """Volatilities of 1 % and 3 % share 3 to 1 on their side."""
    volatility = pd.DataFrame(
        {"session": SESSION, "ticker": ["A", "B", "C", "D"], "volatility": [0.01, 0.03, 0.02, 0.02]}
    )
    chosen = weights({"A": 0.9, "B": 0.8, "C": 0.2, "D": 0.1}, volatility, top_k=2, volatility_scaled=True)
    assert chosen == pytest.approx({"A": 0.375, "B": 0.125, "C": -0.25, "D": -0.25})


def test_volatility_scaling_without_volatilities_is_refused():
    """The policy never looks for data by itself."""
    with pytest.raises(ValueError, match="needs `volatility`"):
        weights({"A": 0.9, "B": 0.1}, volatility_scaled=True)


@pytest.mark.parametrize("value", [0.0, np.nan, -0.01])
def test_a_volatility_that_can_not_size_is_refused(value):
    """Dividing by it would put everything, or nothing, on one ticker."""
    volatility = pd.DataFrame({"session": SESSION, "ticker": ["A", "B"], "volatility": [0.01, value]})
    with pytest.raises(DataError, match="1 of 2 have none, first B on 2024-11-29"):
        weights({"A": 0.9, "B": 0.1}, volatility, volatility_scaled=True)


def test_a_volatility_given_twice_is_refused():
    """A join on it would double the forecasts."""
    volatility = pd.DataFrame({"session": SESSION, "ticker": ["A", "A"], "volatility": 0.01})
    with pytest.raises(DataError, match="one row per session and ticker"):
        weights({"A": 0.9, "B": 0.1}, volatility, volatility_scaled=True)


def ranked(**columns):
    """Four tickers of one session, with what else is forecast of them."""
    table = forecasts({"A": 0.9, "B": 0.6, "C": 0.4, "D": 0.1})
    return Forecasts(table.assign(**columns))


def chosen(table, **settings):
    """The tickers bought and sold."""
    targets = target_weights(table, settings=PolicySettings(top_k=1, max_weight=1.0, **settings))
    return [targets.loc[targets["weight"] * side > 0, "ticker"].tolist() for side in (1, -1)]


def test_the_settings_say_what_ranks_the_tickers():
    """By probability A is best and D worst; by relative B and C; by expected return C and A."""
    table = ranked(relative=[0.1, 0.9, -0.5, 0.0], expected_return=[-0.02, 0.0, 0.02, 0.01])
    assert chosen(table) == [["B"], ["C"]]
    assert chosen(table, rank_by="probability") == [["A"], ["D"]]
    assert chosen(table, rank_by="return") == [["C"], ["A"]]


def test_without_a_relative_the_probability_ranks():
    """No column, none in it, or one ticker of the session without it: a rank among some is no rank among all."""
    for table in (ranked(), ranked(relative=np.nan), ranked(relative=[0.1, 0.9, np.nan, 0.0])):
        assert chosen(table) == [["A"], ["D"]]
    assert find_ranking(ranked(relative=np.nan), "relative") == "probability"
    assert find_ranking(ranked(relative=0.5), "relative") == "relative"


def test_a_position_that_does_not_cover_its_costs_is_not_taken():
    """A promises 12 bps, D falls by 8: with 10 asked A alone is bought, and D's half of the gross stays cash."""
    table = ranked(expected_return=[0.0012, 0.01, -0.01, -0.0008])
    assert chosen(table, min_edge_bps=10) == [["A"], []]
    assert chosen(table, min_edge_bps=11.9) == [["A"], []]
    assert chosen(table, min_edge_bps=12.1) == [[], []]
    targets = target_weights(table, settings=PolicySettings(top_k=1, max_weight=1.0, min_edge_bps=10))
    assert targets["weight"].tolist() == [0.5, 0.0, 0.0, 0.0]


def test_a_forecast_beyond_the_threshold_must_cover_its_costs_too():
    """A and D are both beyond 0.3; D promises too little."""
    table = ranked(expected_return=[0.0012, 0.01, -0.01, -0.0008])
    settings = PolicySettings(select="threshold", threshold=0.3, max_weight=1.0, min_edge_bps=10)
    assert target_weights(table, settings=settings)["weight"].tolist() == [0.5, 0.0, 0.0, 0.0]


DAYS = pd.to_datetime(["2024-11-25", "2024-11-26", "2024-11-27", "2024-11-29"])


def held(*orders, horizon=0, **settings):
    """The tickers bought in each session, whose best come first in its text."""
    tables = [
        forecasts({ticker: 0.9 - place / 10 for place, ticker in enumerate(order)}, session)
        for order, session in zip(orders, DAYS, strict=False)
    ]
    options = {"mode": "long_only", "top_k": 2, "max_weight": 1.0, "band": True, **settings}
    targets = target_weights(Forecasts(pd.concat(tables)), settings=PolicySettings(**options), horizon=horizon)
    bought = targets[targets["weight"] > 0]
    return ["".join(bought.loc[bought["session"] == day, "ticker"]) for day in DAYS[: len(orders)]]


def test_a_ticker_of_the_band_stays_until_it_leaves_the_2k_best():
    """With k 2: A and B; A falls to fourth and stays; then to fifth, and the best other, C, takes its place."""
    assert held("ABCDEF", "BCDAEF", "CBDEAF") == ["AB", "AB", "BC"]
    assert held("ABCDEF", "BCDAEF", "CBDEAF", band=False) == ["AB", "BC", "BC"]


def test_the_band_looks_at_the_positions_that_are_replaced():
    """Trades of two sessions: the third session's replace the first's (A, B), the fourth's the second's (E, F)."""
    assert held("ABCDEF", "EFABCD", "CDABEF", "ABEFCD", horizon=2) == ["AB", "EF", "AB", "EF"]


def test_a_short_stays_among_the_2k_worst_of_its_half():
    """With k 1 of six: F is sold, stays as the second worst, and leaves as the third worst."""
    order = ["ABCDEF", "ABCDFE", "ABCFDE"]
    tables = [
        forecasts({ticker: 0.9 - place / 10 for place, ticker in enumerate(tickers)}, session)
        for tickers, session in zip(order, DAYS, strict=False)
    ]
    settings = PolicySettings(top_k=1, max_weight=1.0, band=True)
    targets = target_weights(Forecasts(pd.concat(tables)), settings=settings)
    assert targets.loc[targets["weight"] < 0, "ticker"].tolist() == ["F", "F", "E"]


def test_what_the_band_keeps_needs_no_edge_again():
    """A entered with 12 bps and stays with 5, since it costs nothing; B with 8 never enters."""
    tables = [
        forecasts({"A": 0.9, "B": 0.8, "C": 0.1}, day).assign(expected_return=[edge, 0.0008, 0.0])
        for day, edge in zip(DAYS[:2], (0.0012, 0.0005), strict=True)
    ]
    settings = PolicySettings(mode="long_only", top_k=2, max_weight=1.0, band=True, min_edge_bps=10)
    targets = target_weights(Forecasts(pd.concat(tables)), settings=settings)
    assert targets["weight"].tolist() == [0.5, 0.0, 0.0, 0.5, 0.0, 0.0]


@given(
    probabilities=st.dictionaries(st.sampled_from("ABCDEFGHIJ"), st.floats(0, 1), min_size=1),
    select=st.sampled_from(["top_k", "threshold"]),
    mode=st.sampled_from(["long_short", "long_only"]),
    gross=st.sampled_from([0.5, 1.0, 2.0]),
)
def test_weights_keep_the_gross_and_no_other_session_matters(probabilities, select, mode, gross):
    """Each session is sized by itself, every forecast gets one finite weight, and the sum of absolutes is bounded."""
    settings = PolicySettings(select=select, mode=mode, gross=gross, top_k=3, max_weight=2.0)
    alone = target_weights(forecasts(probabilities), settings=settings)
    other = forecasts({"A": 0.99, "Z": 0.01}, session=pd.Timestamp("2024-12-02"))
    beside = target_weights(Forecasts(pd.concat([other, forecasts(probabilities)])), settings=settings)
    assert len(alone) == len(probabilities)
    assert alone["weight"].abs().sum() <= gross * (1 + 1e-12)
    assert beside[beside["session"] == SESSION].reset_index(drop=True).equals(alone)
