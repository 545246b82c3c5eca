"""The tear sheet of a page: what it shows, what it leaves out, and what an old run lacks."""

import pandas as pd
import pytest

from stockseq.report.tear_sheet import TearSheetView, build_view
from tests.backtest.scenario import COSTS, golden
from tests.report.conftest import BuildRun, made_up_equity, texts


def view(build_run: BuildRun, **parts: object) -> TearSheetView:
    """The sheet of a small run that simulated trading."""
    sheet = build_view(build_run(n_tickers=2, n_sessions=10, **parts))
    assert sheet is not None
    return sheet


@pytest.fixture(scope="module")
def kept() -> dict[str, object]:
    """What a run keeps of the golden account, which stands beside itself."""
    history = golden(COSTS)
    names = ("strategy", "buy_and_hold")
    return {
        "equity": pd.DataFrame(dict.fromkeys(names, history.equity["equity"])),
        "balances": pd.concat([history.equity.reset_index().assign(account=name) for name in names]),
        "attribution": pd.concat([history.attribution.assign(account=name) for name in names]),
        "settings": {"label": "open_to_next_open", "costs": {"cash_rate": 0.036}},
    }


def test_a_month_is_a_cell_beside_its_year_and_buy_and_hold_s(build_run: BuildRun) -> None:
    """A gain of 10 % in a part of January, a loss of 20 % in February: a year of 12 % less, beside 0."""
    sessions = pd.DatetimeIndex(["2024-01-30", "2024-01-31", "2024-02-01", "2024-02-29"], name="session")
    curves = {"strategy": [100.0, 110.0, 99.0, 88.0], "buy_and_hold": [100.0] * 4}
    months = view(build_run, equity=pd.DataFrame(curves, index=sessions)).months
    assert months is not None
    ((year, cells),) = months.rows
    assert (year, months.heads[-2:], months.reach) == ("2024", ["Year", "Buy and hold"], "20.0%")
    assert [(cell.text, cell.side, cell.strength) for cell in cells[:3]] == [
        ("(+10.0)", "gain", 50),
        ("−20.0", "loss", 100),
        ("", "none", 0),
    ]
    assert [cell.text for cell in cells[-2:]] == ["−12.0%", "+0.0%"]


def test_what_a_span_is_too_short_for_is_left_out(build_run: BuildRun) -> None:
    """Eight sessions of one month: no heat map, no years, no rolling figures, no share of months."""
    sheet = view(build_run, equity=made_up_equity(8))
    assert sheet.months is None
    assert sheet.years is None
    assert not sheet.rolling
    assert sheet.months_sentence == ""
    assert build_view(build_run(n_tickers=2, n_sessions=10, equity=made_up_equity(2))) is None


def test_the_rows_by_side_end_in_the_account_s_profit(build_run: BuildRun, kept: dict[str, object]) -> None:
    """By hand: 104 244.25 less 100 000; interest is the account's, and buy and hold here is the account itself."""
    sheet = view(build_run, **kept)
    assert sheet.sides is not None
    profit = list(sheet.sides.heads).index("Profit")
    assert [row[0].text for row in sheet.sides.rows] == ["Long", "Short", "Interest on cash", "The account"]
    assert sheet.sides.rows[-1][profit].text == "+4,244"
    assert sum(float(row[profit].sort) for row in sheet.sides.rows[:3]) == pytest.approx(4244.2477813283, abs=1e-6)
    assert sorted(row[0] for row in texts(sheet.tickers)) == ["AAA", "BBB", "CCC"]
    assert "sessions of buy and hold that went" in sheet.readings["sides"]
    assert "with positions in 80.0% of the sessions" in sheet.stake


def test_a_run_that_kept_no_balances_says_so(build_run: BuildRun) -> None:
    """Its growth, falls and ratios are there all the same."""
    sheet = view(build_run, equity=made_up_equity(300))
    assert "This run kept no balances" in sheet.missing
    assert (sheet.sides, sheet.tickers, sheet.stake) == (None, None, "")
    assert sheet.months is not None
    assert [figure.name for figure in sheet.rolling] == ["rolling-sharpe", "rolling-beta"]
