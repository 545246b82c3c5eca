"""Tests of cells and rows."""

import pandas as pd

from stockseq.report.tables.table import Cell, Table, cell, frame_table


def test_rows_beyond_the_limit_are_counted() -> None:
    """A table that stops says how much it leaves out."""
    table = frame_table(pd.DataFrame({"n": range(7)}), limit=3)
    assert (len(table.rows), table.n_hidden) == (3, 4)


def test_numbers_sort_by_value_and_missing_ones_last() -> None:
    """`10` sorts after `9`, and a dash is not among the numbers."""
    (nine,), (ten,), (none,) = frame_table(pd.DataFrame({"n": [9.0, 10.0, None]}), limit=9).rows
    assert nine.sort < ten.sort
    assert none == Cell("\u2013", "")


def test_a_column_that_no_row_has_is_left_out() -> None:
    """Blank columns push what is filled off a phone's screen."""
    table = Table(["Name", "IC", "AUC"], [[cell("a"), cell(None), cell(0.5)], [cell("b"), cell(None), cell(None)]])
    shown, blank = table.split_blank()
    assert (shown.heads, blank) == (["Name", "AUC"], ["IC"])
    assert [cell.text for cell in shown.rows[1]] == ["b", "\u2013"]
