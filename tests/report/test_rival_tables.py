"""Tests of the tables that put a run to the proof."""

from stockseq.report.rival_tables import followed_table, judge_baselines, placebos_table
from stockseq.report.tables import performance_table


def test_each_placebo_says_whether_it_went_as_it_should(build_run) -> None:
    """A number alone doesn't say whether 95% is good news; here it is."""
    table = placebos_table(build_run())
    assert table is not None
    assert [(row[0].text, row[1].text, row[-1].text) for row in table.rows] == [
        ("Trained on labels of other dates", "51.0%", "NOT as it should be"),
        ("Features a session early", "95.1%", "as it should be"),
    ]
    assert placebos_table(build_run(metrics={})) is None


def test_accounts_that_followed_baselines_have_rows_of_their_own(build_run) -> None:
    """Nine more columns beside the benchmarks would be read by nobody."""
    account = {"cagr": 0.01, "n_fills": 3}
    metrics = {
        "portfolio": {"cagr": 0.1, "n_fills": 7},
        "baselines": {"momentum_12_1": {"accuracy": 0.5}},
        "benchmarks": {"buy_and_hold": account, "momentum_12_1": account},
    }
    followed, performance = followed_table(build_run(metrics=metrics)), performance_table(build_run(metrics=metrics))
    assert followed is not None
    assert performance is not None
    assert [row[0].text for row in followed.rows] == ["This model", "Momentum 12-1"]
    assert list(performance.heads) == ["Measure", "Strategy", "Buy and hold"]


def test_a_column_that_nothing_fills_gives_way_to_its_reason(build_run) -> None:
    """One ticker has no correlation across tickers: two blank columns say nothing, a sentence does."""
    scores = {"accuracy": 0.54, "ic": None, "rank_ic": None, "pt_clustered_t": 0.8, "mcc": 0.1}
    constant = {"accuracy": 0.56, "ic": None, "rank_ic": None, "pt_clustered_t": None, "mcc": None}
    judged = judge_baselines(build_run(metrics={"forecast": scores, "baselines": {"majority": constant}}))
    assert judged is not None
    assert list(judged.table.heads) == ["Forecast", "Accuracy", "PT t", "MCC"]
    assert judged.notes == [
        "Not shown, because no row has it: IC, Rank IC. It needs two sessions in which 5 tickers or more have "
        "different forecasts and returns."
    ]
    assert "A dash is a measure that the row can't have" in judged.reading


def test_only_columns_that_are_shown_are_explained(build_run) -> None:
    """A reader who is told of PT looks for it."""
    judged = judge_baselines(build_run(metrics={"forecast": {"accuracy": 0.54, "ic": 0.1}}))
    assert judged is not None
    assert judged.reading == "IC is the correlation of forecast and return across tickers, averaged over sessions."
    assert judge_baselines(build_run(metrics={})) is None
