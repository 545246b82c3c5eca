"""Runs compared on what both did: by hand, and with every way in which there is nothing to compare."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from stockseq.errors import StockseqError
from stockseq.runs.compare import common_equity, compare_runs, find_runs
from tests.runs.made_up_runs import write_made_up_run

A, B, C = "20241129T130000Z-backtest", "20241130T130000Z-backtest", "20241130T140000Z-train"
SESSIONS = pd.DatetimeIndex(["2024-11-25", "2024-11-26", "2024-11-27", "2024-11-29"]).astype("datetime64[us]")


def rows(probabilities: list[float], *, first: int = 0, ticker: str = "AAA", outcomes: tuple[float, ...] = ()):
    """Forecasts of sessions in a row; what is realised is .01, .02, -.01 and .01 where nothing else is said."""
    realised = (outcomes or (0.01, 0.02, -0.01, 0.01))[first : first + len(probabilities)]
    sessions = SESSIONS[first : first + len(probabilities)]
    columns = {"session": sessions, "ticker": ticker, "probability_up": probabilities, "realised_return": realised}
    return pd.DataFrame(columns)


def money(values: list[float], *, first: int = 0) -> pd.DataFrame:
    """Equity of the strategy by session."""
    return pd.DataFrame({"strategy": values}, index=SESSIONS[first : first + len(values)])


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Two backtests that share three sessions, and a training."""
    write_made_up_run(
        tmp_path, A, rows([0.6, 0.6, 0.6]), equity=money([100.0, 101.0, 102.01]), settings={"policy": {"top_k": 5}}
    )
    write_made_up_run(
        tmp_path,
        B,
        rows([0.4, 0.6, 0.6, 0.6]),
        equity=money([50.0, 50.0, 50.5, 60.0]),
        settings={"policy": {"top_k": 3}, "data": "elsewhere"},
    )
    write_made_up_run(tmp_path, C, rows([0.6, 0.4], first=1))
    return tmp_path


def test_a_pair_is_compared_on_the_forecasts_of_both(root: Path) -> None:
    """By hand: one hit more in three sessions is a third, z 1, p .4226 of Student's t with two degrees of freedom."""
    (pair,) = compare_runs(find_runs(root, [A, B])).pairs
    assert (pair.n, pair.n_sessions, pair.n_only_first, pair.n_only_second) == (3, 3, 0, 1)
    assert pair.accuracy is not None
    assert (pair.accuracy.difference, pair.accuracy.p) == (pytest.approx(1 / 3), pytest.approx(0.42265, abs=1e-5))
    # One ticker can't be ranked.
    assert pair.rank_ic is None


def test_returns_are_compared_on_the_sessions_of_both_accounts(root: Path) -> None:
    """By hand: +1 % and +1 % against 0 and +1 %: half a percent a session."""
    folders = find_runs(root, [A, B])
    comparison = compare_runs(folders)
    difference = comparison.pairs[0].daily_return
    assert difference is not None
    assert (difference.difference, difference.n_sessions) == (pytest.approx(0.005), 2)
    equity = common_equity(folders, comparison)
    assert equity is not None
    assert equity.to_numpy().tolist() == [[100.0, 50.0], [101.0, 50.0], [102.01, 50.5]]


def test_only_settings_that_differ_and_matter_are_told(root: Path) -> None:
    """Where a store lies decides no figure."""
    assert compare_runs(find_runs(root, [A, B])).settings == {"policy.top_k": ("5", "3")}


def test_several_runs_share_one_family(root: Path) -> None:
    """By hand: of two pairs the smaller p is doubled; the training shares two sessions, in which one hit differs."""
    first, second = compare_runs(find_runs(root, [A, B, "20241130T14"])).pairs
    assert first.accuracy is not None
    assert second.accuracy is not None
    assert (second.second, second.n, second.daily_return) == (C, 2, None)
    smaller, larger = sorted([first.accuracy, second.accuracy], key=lambda test: test.p or 0)
    assert smaller.p_holm == pytest.approx(min(1.0, 2 * (smaller.p or 0)))
    assert larger.p_holm == pytest.approx(max(smaller.p_holm or 0, larger.p or 0))


def test_rank_ic_is_compared_session_by_session(tmp_path: Path) -> None:
    """Ten tickers: a ranking that is perfect in all of 6 sessions against one that is turned round in half of them."""
    sessions = pd.bdate_range("2024-11-01", periods=6).astype("datetime64[us]")
    frame = pd.DataFrame({"session": np.repeat(sessions, 10), "ticker": list("ABCDEFGHIJ") * 6})
    frame["realised_return"] = np.tile(np.linspace(-0.01, 0.01, 10), 6)
    frame["probability_up"] = 0.5 + 5 * frame["realised_return"]
    turned = frame["session"].isin(sessions[::2])
    other = frame.assign(probability_up=np.where(turned, 1 - frame["probability_up"], frame["probability_up"]))
    for name, table in ((A, frame), (B, other)):
        write_made_up_run(tmp_path, name, table)
    (pair,) = compare_runs(find_runs(tmp_path, [A, B])).pairs
    assert pair.rank_ic is not None
    assert (pair.rank_ic.difference, pair.rank_ic.n_sessions) == (pytest.approx(1.0), 6)


def test_equal_runs_differ_by_nothing_without_a_test(tmp_path: Path) -> None:
    """The same forecasts under another name: no p can be had of no noise."""
    for name in (A, B):
        write_made_up_run(tmp_path, name, rows([0.6, 0.6, 0.6]), equity=money([100.0, 101.0, 102.0]))
    comparison = compare_runs(find_runs(tmp_path, [A, B]))
    assert comparison.settings == {}
    for measure in ("accuracy", "log_loss", "daily_return"):
        test = getattr(comparison.pairs[0], measure)
        assert (test.difference, test.ci, test.p, test.p_holm) == (0.0, None, None, None)


def test_another_trade_is_told_and_its_money_compared(root: Path) -> None:
    """Right about five sessions and right about one day are two questions; a return is a return."""
    write_made_up_run(
        root,
        "20241201T130000Z-backtest",
        rows([0.6] * 3),
        equity=money([1.0, 1.1, 1.2]),
        settings={"label": "open_to_open(5)"},
    )
    (pair,) = compare_runs(find_runs(root, [A, "20241201"])).pairs
    assert (pair.reason, pair.accuracy, pair.n) == ("other_trade", None, 0)
    assert pair.daily_return is not None


def test_outcomes_that_differ_are_counted_and_left_out(root: Path) -> None:
    """A bar was corrected between the runs: of three common forecasts two are compared."""
    corrected = rows([0.4, 0.6, 0.6], outcomes=(0.01, 0.02, -0.011, 0.01))
    write_made_up_run(root, "20241201T130000Z-backtest", corrected)
    (pair,) = compare_runs(find_runs(root, [A, "20241201"])).pairs
    assert (pair.n, pair.n_other_outcome, pair.reason) == (2, 1, None)


def test_runs_of_other_data_are_not_compared_at_all(root: Path) -> None:
    """Another simulated market has the same tickers and sessions, and nothing to do with this one."""
    foreign = rows([0.4, 0.6, 0.6], outcomes=(0.03, 0.04, 0.05, 0.06))
    write_made_up_run(root, "20241201T130000Z-backtest", foreign, equity=money([1.0, 2.0, 3.0]))
    folders = find_runs(root, [A, "20241201"])
    comparison = compare_runs(folders)
    assert (comparison.pairs[0].reason, comparison.pairs[0].daily_return) == ("other_outcomes", None)
    assert common_equity(folders, comparison) is None


def test_no_file_of_a_run_is_touched(root: Path) -> None:
    """Bytes and times stay."""
    before = {path: (path.stat().st_mtime_ns, path.read_bytes()) for path in root.rglob("*.*") if path.is_file()}
    compare_runs(find_runs(root, [A, B, C]))
    assert before == {path: (path.stat().st_mtime_ns, path.read_bytes()) for path in before}


def test_latest_is_the_newest_of_the_instant(root: Path) -> None:
    """As `make report` takes it."""
    assert [folder.name for folder in find_runs(root, [A, "latest"])] == [A, C]
    then = pd.Timestamp("2024-11-30 13:30", tz="UTC")
    assert [folder.name for folder in find_runs(root, [A, "latest"], now=then)] == [A, B]


@pytest.mark.parametrize(
    ("names", "sentence"),
    [
        ([A], "takes two to 5 runs.*received 1. There are: .*20241130T140000Z-train"),
        ([], "received 0"),
        ([A] * 6, "received 6"),
        ([A, "20241129"], "are the same run, 20241129T130000Z-backtest"),
        (
            [A, "20241130T130000Z-backtestt"],
            "no run 20241130T130000Z-backtestt; did you mean `20241130T130000Z-backtest`",
        ),
        ([A, "nonsense"], "There is no run nonsense; there are: "),
        ([A, "20241130"], "20241130 is the beginning of 2 runs: .* Give more of the name"),
        ([A, "../../etc"], "There is no run"),
    ],
)
def test_a_name_that_fits_no_run_or_several_is_answered(root: Path, names: list[str], sentence: str) -> None:
    """With the names there are, or the nearest."""
    with pytest.raises(StockseqError, match=sentence):
        find_runs(root, names)


def test_nothing_in_common_is_a_sentence_with_the_spans(root: Path) -> None:
    """Not an empty page."""
    late = rows([0.6, 0.6]).assign(session=pd.DatetimeIndex(["2025-01-02", "2025-01-03"]).astype("datetime64[us]"))
    write_made_up_run(root, "20250110T130000Z-daily", late)
    with pytest.raises(StockseqError, match=r"share no session.*2024-11-25 to 2024-11-27.*2025-01-02 to 2025-01-03"):
        compare_runs(find_runs(root, [A, "20250110"]))


def test_a_recipe_without_one_model_s_forecasts_is_refused(root: Path) -> None:
    """An ablation has many models."""
    write_made_up_run(root, "20250110T130000Z-ablation", rows([0.6, 0.6]))
    with pytest.raises(StockseqError, match=r"is a run of ablation, .* backtest, daily and train are compared"):
        compare_runs(find_runs(root, [A, "20250110"]))


@pytest.mark.parametrize(
    "name", ["manifest.json", "metrics.json", "settings.toml", "forecasts.parquet", "equity.parquet"]
)
@pytest.mark.parametrize("text", ["[]", ""])
def test_a_damaged_run_is_named(root: Path, name: str, text: str) -> None:
    """With what to do about it."""
    (root / "runs" / B / name).write_text(text, encoding="utf-8")
    with pytest.raises(StockseqError, match=f"{B} can't be compared: a file of it is damaged .* run again"):
        compare_runs(find_runs(root, [A, B]))
