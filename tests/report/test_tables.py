"""Tests of the tables of a page."""

import pandas as pd

from stockseq.report import tables
from stockseq.report.tables import Cell
from stockseq.schemas import Dropped
from stockseq.sources.source import Outcome


def texts(table: tables.Table) -> list[list[str]]:
    """The words of every cell."""
    return [[cell.text for cell in row] for row in table.rows]


def test_rows_beyond_the_limit_are_counted() -> None:
    """A table that stops says how much it leaves out."""
    table = tables.frame_table(pd.DataFrame({"n": range(7)}), limit=3)
    assert (len(table.rows), table.n_hidden) == (3, 4)


def test_numbers_sort_by_value_and_missing_ones_last() -> None:
    """`10` sorts after `9`, and a dash has no place among numbers."""
    (nine,), (ten,), (none,) = tables.frame_table(pd.DataFrame({"n": [9.0, 10.0, None]}), limit=9).rows
    assert nine.sort < ten.sort
    assert none == Cell("\u2013", "")


def test_what_was_dropped_is_added_up_by_stage_and_reason() -> None:
    """By hand: 60 + 30 rows of one reason stand before 1 of another; tickers are named once."""
    dropped = [
        Dropped("bars", "X", "volume", 1),
        Dropped("features", "B", "warm-up", 60),
        Dropped("features", "A", "warm-up", 30),
    ]
    table = tables.dropped_table(dropped)
    assert table is not None
    assert texts(table) == [["features", "warm-up", "90", "A, B"], ["bars", "volume", "1", "X"]]


def test_tickers_that_failed_stand_first() -> None:
    """What needs the reader's hand comes before what went well."""
    table = tables.outcomes_table(
        [Outcome("A", "updated", 5), Outcome("B", "failed", 0, "429"), Outcome("C", "unknown")]
    )
    assert table is not None
    assert [row[0] for row in texts(table)] == ["B", "C", "A"]


def test_a_measure_without_words_of_ours_is_shown_under_its_own_name(build_run) -> None:
    """Nothing that the run measured disappears from the page."""
    table = tables.performance_table(build_run(metrics={"portfolio": {"sharpe": 1.5, "ulcer_index": 0.25}}))
    assert table is not None
    assert texts(table) == [["Sharpe ratio", "1.50"], ["Ulcer index", "0.2500"]]


def test_the_model_stands_before_its_baselines(build_run) -> None:
    """The reader compares downwards from the model."""
    table = tables.baselines_table(build_run())
    assert table is not None
    assert [row[0] for row in texts(table)] == ["This model", "Majority", "Momentum", "Logistic regression"]


def test_the_models_metrics_are_read_from_json_or_left_out(build_run) -> None:
    """The registry keeps metrics as JSON; a damaged one costs its own numbers only."""
    models = pd.DataFrame({"model_id": ["a", "b"], "metrics": ['{"forecast": {"accuracy": 0.55}}', "{"]})
    table = tables.models_table(build_run(models=models))
    assert table is not None
    assert texts(table) == [["a", "55.0%"], ["b", "\u2013"]]


def test_coverage_shows_shares_in_percent(build_run) -> None:
    """Fractions become percent on the page and nowhere else."""
    table = tables.coverage_table(build_run(metrics={"coverage": {"bars": 1200, "share_with_news": 0.59}}))
    assert table is not None
    assert texts(table) == [["Bars", "1,200"], ["Share with news", "59.0%"]]


def test_the_last_session_is_shown_with_what_happened(build_run) -> None:
    """Only rows of the newest scored session, the likeliest to rise first."""
    rows = pd.DataFrame(
        {
            "ticker": ["A", "A", "B"],
            "session": pd.to_datetime(["2024-01-02", "2024-01-03", "2024-01-03"]),
            "probability_up": [0.7, 0.4, 0.6],
            "expected_return": [0.01, -0.01, 0.002],
            "realised_return": [0.01, 0.02, 0.03],
        }
    )
    table = tables.last_forecasts_table(build_run(out_of_sample=rows))
    assert table is not None
    assert texts(table) == [
        ["B", "2024-01-03", "60.0%", "+0.20%", "+3.00%", "yes"],
        ["A", "2024-01-03", "40.0%", "\u22121.00%", "+2.00%", "no"],
    ]
