"""What every score must hold for whatever valid forecasts come: finite or None, and blind to order, names and units."""

import json
import math
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stockseq.evaluate.comparison import compare_forecasts
from stockseq.evaluate.pesaran_timmermann import pesaran_timmermann, pesaran_timmermann_clustered
from stockseq.evaluate.scores import score_forecasts

# Few enough values that ties, one class and constant forecasts are common; large and tiny ones overflow or vanish.
PROBABILITY = st.sampled_from([0.0, 0.1, 0.5, 0.5000001, 0.9, 1.0]) | st.floats(0, 1)
RETURN = st.sampled_from([0.0, -0.01, 0.01, 5e-324, 1e-300, 1e300, -1.0]) | st.floats(-1, 1)


@st.composite
def panels(draw: st.DrawFn) -> pd.DataFrame:
    """Draw up to 5 sessions x 7 tickers, some of them missing, with two models."""
    n_sessions, n_tickers = draw(st.integers(2, 5)), draw(st.integers(1, 7))
    keys = [(session, ticker) for session in range(n_sessions) for ticker in range(n_tickers)]
    left_out = draw(st.sets(st.sampled_from(keys), max_size=len(keys) // 3))
    rows = [key for key in keys if key not in left_out]
    if len({session for session, _ in rows}) < 2:
        rows = keys
    columns = {
        name: draw(st.lists(values, min_size=len(rows), max_size=len(rows)))
        for name, values in (("probability_up", PROBABILITY), ("other", PROBABILITY), ("realised_return", RETURN))
    }
    days = pd.Timestamp("2024-01-01") + pd.to_timedelta([session for session, _ in rows], unit="D")
    return pd.DataFrame({"session": days, "ticker": [f"T{ticker}" for _, ticker in rows], **columns})


def same(one: Any, other: Any) -> bool:
    """Return whether two records say the same, but for rounding."""
    if isinstance(one, dict):
        return one.keys() == other.keys() and all(same(one[key], other[key]) for key in one)
    if isinstance(one, list):
        return len(one) == len(other) and all(map(same, one, other))
    if isinstance(one, float) and isinstance(other, float):
        return math.isclose(one, other, rel_tol=1e-7, abs_tol=1e-9)
    return bool(one == other)


@settings(max_examples=60, deadline=None)
@given(panels())
def test_every_record_is_finite_or_none(frame: pd.DataFrame) -> None:
    """`allow_nan=False` refuses NaN and infinity; warnings are errors in this suite, numpy's among them."""
    scores = score_forecasts(frame.drop(columns="other")).to_dict()
    assert json.loads(json.dumps(scores, allow_nan=False)) == scores
    compared = compare_forecasts(frame, frame.assign(probability_up=frame["other"])).to_dict()
    assert json.loads(json.dumps(compared, allow_nan=False)) == compared


@settings(max_examples=30, deadline=None)
@given(panels(), st.randoms(use_true_random=False))
def test_the_order_of_rows_and_the_names_of_tickers_do_not_matter(frame: pd.DataFrame, random: Any) -> None:
    """Scores are of sessions and tickers, not of places and spellings."""
    places = list(range(len(frame)))
    random.shuffle(places)
    renamed = frame.iloc[places].assign(ticker=lambda f: f["ticker"].map(lambda ticker: f"{9 - int(ticker[1:])}X"))
    assert same(score_forecasts(frame.iloc[places]).to_dict(), score_forecasts(frame).to_dict())
    assert same(score_forecasts(renamed).to_dict(), score_forecasts(frame).to_dict())


@settings(max_examples=30, deadline=None)
@given(panels())
def test_a_comparison_turned_round_turns_its_signs_round(frame: pd.DataFrame) -> None:
    """a less b is minus b less a, with the same p."""
    other = frame.assign(probability_up=frame["other"])
    one, turned = compare_forecasts(frame, other), compare_forecasts(other, frame)
    for name in ("accuracy", "brier", "log_loss"):
        assert getattr(one, name).difference == pytest.approx(-getattr(turned, name).difference)
        assert getattr(one, name).p == pytest.approx(getattr(turned, name).p)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.booleans(), st.booleans(), st.integers(0, 4)), min_size=3, max_size=40))
def test_naming_the_fall_instead_of_the_rise_changes_no_test(rows: list[tuple[bool, bool, int]]) -> None:
    """Up and down are names: with both turned round, the same rows are right, and the t is the same."""
    up, forecast_up, sessions = (np.array(column) for column in zip(*rows, strict=True))
    if len(set(sessions)) < 2:
        return
    for one, turned in (
        (pesaran_timmermann(up, forecast_up), pesaran_timmermann(~up, ~forecast_up)),
        (
            pesaran_timmermann_clustered(up, forecast_up, sessions),
            pesaran_timmermann_clustered(~up, ~forecast_up, sessions),
        ),
    ):
        assert (one is None) == (turned is None)
        if one is not None and turned is not None:
            assert one.t == pytest.approx(turned.t, rel=1e-6, abs=1e-9)
