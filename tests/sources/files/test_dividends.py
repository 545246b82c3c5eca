"""Dividends of a price file, against its adjusted closes."""

import pandas as pd
import pytest

from tests.sources.files.price_files import AS_TRADED, bars_of, reasons


def test_a_dividend_stated_per_share_of_today_is_restated(tmp_path):
    """Paid before a 2:1 split as 1.02 a share, listed as .51: adj/close steps from .99 to 1, so .51 of 51."""
    text = """ticker,date,open,high,low,close,volume,adj_close,dividends,splits
KOLA,2024-11-25,102,102,102,102,1000,50.49,0,1
KOLA,2024-11-26,102,102,102,102,1000,51,{dividend},1
KOLA,2024-11-27,51,51,51,51,2000,51,0,2
"""
    for stated in ("0.51", "1.02"):
        actions = bars_of(tmp_path, text.format(dividend=stated)).actions
        assert actions[actions["kind"] == "dividend"]["value"].tolist() == [pytest.approx(1.02)]


def test_a_dividend_that_the_adjusted_closes_contradict_is_left_out_and_counted(tmp_path):
    """EVALUATION 1.4: accept the basis whose relative error is below 1 %, else quarantine."""
    read = bars_of(tmp_path, AS_TRADED.replace("51,0.515,0", "51,0.7,0"))
    assert read.actions["kind"].tolist() == ["split"]
    assert reasons(read) == {"dividend that the adjusted closes contradict": 1}


def test_without_stated_dividends_the_adjusted_closes_imply_them(tmp_path):
    """D = 51.5 * (1 - (50.985 / 51.5) / (51 / 51)) = .515; across the split adj/close halves, which is no dividend."""
    lines = [line.rsplit(",", 2) for line in AS_TRADED.splitlines()]
    read = bars_of(tmp_path, "\n".join(f"{row[0]},{row[2]}" for row in lines))
    dividends = read.actions[read.actions["kind"] == "dividend"]
    assert dividends["value"].tolist() == [pytest.approx(0.515)]
    assert dividends["session"].tolist() == [pd.Timestamp("2024-11-29")]


def test_rounding_of_the_adjusted_close_is_no_dividend(tmp_path):
    """Six decimals of a price of 50 leave steps of 1e-8."""
    text = "ticker,date,open,high,low,close,volume,adj_close\n" + "".join(
        f"KOLA,2024-12-0{day},50,50,50,50,1,{adjusted}\n"
        for day, adjusted in ((2, 49.000001), (3, 49.0), (4, 49.000002))
    )
    assert bars_of(tmp_path, text).actions.empty
