"""The panel drops and counts, and never fills."""

import numpy as np
import pandas as pd
import pytest

from stockseq.dataset.panel import build_panel
from stockseq.errors import DataError
from stockseq.schemas import Dropped

MONDAY, TUESDAY = pd.Timestamp("2024-11-25"), pd.Timestamp("2024-11-26")


def features(**columns: object) -> pd.DataFrame:
    frame = pd.DataFrame({"ticker": ["BBB", "AAA", "AAA"], "session": [MONDAY, TUESDAY, MONDAY], **columns})
    return frame.assign(decision_at=frame["session"].dt.tz_localize("UTC"), feature_set="test/1")


def headline(ticker: str, session: pd.Timestamp, available_at: str, text: str) -> dict[str, object]:
    at = pd.Timestamp(available_at, tz="UTC")
    return {"ticker": ticker, "session": session, "available_at": at, "text": text}


def test_rows_are_sorted_and_columns_taken_in_order() -> None:
    """Everything later addresses rows by number, so the order is part of the contract."""
    panel = build_panel(features(b=[1.0, 2.0, 3.0], a=[4.0, 5.0, 6.0]))
    assert panel.names == ("b", "a")
    assert panel.keys["ticker"].tolist() == ["AAA", "AAA", "BBB"]
    assert panel.indicators.tolist() == [[3.0, 6.0], [2.0, 5.0], [1.0, 4.0]]
    assert panel.indicators.dtype == np.float32
    assert build_panel(features(b=[1.0, 2.0, 3.0], a=[4.0, 5.0, 6.0]), names=["a"]).names == ("a",)


def test_a_row_with_a_missing_or_infinite_feature_is_dropped_and_counted() -> None:
    """A filled value would be an invention that no report shows; 1e300 is infinite as float32."""
    panel = build_panel(features(a=[np.nan, 1e300, 1.0]))
    assert panel.keys["session"].tolist() == [MONDAY]
    assert [(d.ticker, d.n_rows) for d in panel.dropped] == [("AAA", 1), ("BBB", 1)]


def test_headlines_stand_in_the_order_in_which_they_could_be_known() -> None:
    """The encoder keeps the newest, so the newest stands last."""
    news = pd.DataFrame(
        [
            headline("AAA", MONDAY, "2024-11-25 10:00", "second"),
            headline("AAA", MONDAY, "2024-11-24 09:00", "first"),
            headline("BBB", MONDAY, "2024-11-25 10:00", "other"),
        ]
    )
    panel = build_panel(features(a=[1.0, 2.0, 3.0]), news)
    assert panel.texts == (("first", "second"), (), ("other",))


def test_headlines_without_a_row_are_counted() -> None:
    """News in the warm-up, of an unknown ticker, or outside the calendar is shown as left out."""
    news = pd.DataFrame(
        [headline("CCC", MONDAY, "2024-11-25", "x"), headline("AAA", pd.NaT, "2024-11-25", "y")]  # type: ignore[arg-type]
    )
    panel = build_panel(features(a=[1.0, 2.0, 3.0]), news)
    assert panel.texts == ((), (), ())
    assert [(d.ticker, d.reason, d.n_rows) for d in panel.dropped] == [
        ("AAA", "a headline belongs to no row of the panel", 1),
        ("CCC", "a headline belongs to no row of the panel", 1),
    ]


def test_two_feature_sets_are_refused() -> None:
    """Two rows of one session would make windows that count days twice."""
    both = pd.concat([features(a=[1.0, 2.0, 3.0])] * 2)
    with pytest.raises(DataError, match="3 repeat, first BBB on 2024-11-25"):
        build_panel(both)
    # The same rows with other values are two feature sets all the same.
    other = pd.concat([features(a=[1.0, 2.0, 3.0]), features(a=[4.0, 5.0, 6.0])])
    with pytest.raises(DataError, match="3 repeat, first BBB on 2024-11-25"):
        build_panel(other)


def test_the_index_of_the_keys_counts_the_rows_that_are_left() -> None:
    """Windows address rows by it; AAA's Monday is left out here, so its Tuesday is row 0."""
    panel = build_panel(features(a=[1.0, 2.0, np.nan]))
    assert panel.keys.columns.tolist() == ["ticker", "session", "decision_at"]
    assert panel.keys["session"].to_dict() == {0: TUESDAY, 1: MONDAY}
    assert panel.dropped == (Dropped("panel", "AAA", "a feature is missing or not finite", 1),)


def test_a_panel_without_some_features_keeps_the_others_and_all_rows() -> None:
    """An ablation leaves inputs out; a name that the panel doesn't have changes nothing."""
    panel = build_panel(features(a=[1.0, 2.0, 3.0], b=[4.0, 5.0, 6.0], c=[7.0, 8.0, 9.0]))
    fewer = panel.without({"b", "momentum"})
    assert fewer.names == ("a", "c")
    assert fewer.indicators.tolist() == [[3.0, 9.0], [2.0, 8.0], [1.0, 7.0]]
    assert fewer.keys is panel.keys


def test_a_missing_column_is_named() -> None:
    """A model that asks for a feature the table lacks must say which."""
    with pytest.raises(DataError, match="momentum"):
        build_panel(features(a=[1.0, 2.0, 3.0]), names=["momentum"])
    with pytest.raises(DataError, match="available_at"):
        build_panel(features(a=[1.0, 2.0, 3.0]), pd.DataFrame({"ticker": ["A"], "session": [MONDAY], "text": ["x"]}))
