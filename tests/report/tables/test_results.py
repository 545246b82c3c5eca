"""Tests of the tables of what was found."""

import pandas as pd

from stockseq.report.tables.results import (
    followed_table,
    growth_by_forecast,
    last_forecasts_table,
    performance_table,
    placebos_table,
    scores_table,
)
from stockseq.report.tables.results import tests_table as table_of_tests
from tests.report.conftest import made_up_metrics, scores, texts


def test_the_model_is_above_its_baselines() -> None:
    """The reader compares downwards from the model."""
    metrics = made_up_metrics()
    shown = scores_table(metrics.forecast, metrics.baselines)
    assert [row[0] for row in texts(shown.table)] == ["This model", "Majority", "Momentum 12-1", "Logistic regression"]
    assert "A dash is a measure that can't be computed" in shown.reading


def test_a_column_that_nothing_fills_gives_way_to_its_reason() -> None:
    """One ticker has no correlation across tickers: two blank columns say nothing, a sentence does."""
    model, majority = (scores(accuracy, ic=None, rank_ic=None) for accuracy in (0.54, 0.56))
    shown = scores_table(model, {"majority": majority})
    assert "IC" not in shown.table.heads
    assert "IC is the correlation" not in shown.reading
    assert shown.notes == [
        "Not shown, because no row has it: IC. It needs two sessions in which 5 tickers or more have "
        "different forecasts and returns.",
        "Not shown, because no row has it: PT p, serial. It needs two sessions in a row of a ticker, and what PT "
        "needs.",
    ]


def test_every_test_against_a_baseline_is_in_one_row() -> None:
    """By hand: 4.22 points and -.004 of log loss; runs of before 0.2 have no Diebold-Mariano test."""
    pairs = made_up_metrics().comparisons
    assert texts(table_of_tests(pairs))[0] == [
        "Majority", "+4.2", "0.0020", "0.0060", "\u22124.0", "0.0020", "0.0900", "\u22122.00", "0.0460",
    ]  # fmt: skip
    old = {name: pair.model_copy(update={"diebold_mariano": None}) for name, pair in pairs.items()}
    table = table_of_tests(old)
    assert table is not None
    assert not [head for head in table.heads if "Diebold" in head]
    assert table_of_tests({}) is None


def test_each_placebo_says_whether_it_went_as_expected() -> None:
    """A number alone doesn't say whether 95% is good news; here it is."""
    assert [(row[0], row[1], row[-1]) for row in texts(placebos_table(made_up_metrics().placebos))] == [
        ("Trained on labels of other dates", "51.0%", "NOT as expected"),
        ("Features early enough to know", "95.1%", "as expected"),
    ]
    assert placebos_table({}) is None


def test_the_last_session_is_shown_with_what_happened() -> None:
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
    assert texts(last_forecasts_table(rows)) == [
        ["B", "2024-01-03", "60.0%", "+0.20%", "+3.00%", "yes"],
        ["A", "2024-01-03", "40.0%", "\u22121.00%", "+2.00%", "no"],
    ]


def test_accounts_that_followed_baselines_have_rows_of_a_table_apart() -> None:
    """Nine more columns next to the benchmarks would be read by nobody."""
    metrics = made_up_metrics()
    followed = followed_table(metrics)
    assert [row[0] for row in texts(followed)] == ["This model", "Momentum 12-1"]
    assert performance_table(metrics).heads == ["Measure", "Strategy", "Buy and hold", "Random, same turnover"]


def test_only_the_strategy_has_a_deflated_sharpe_ratio() -> None:
    """Nothing was chosen among benchmarks."""
    rows = {row[0]: row[1:] for row in texts(performance_table(made_up_metrics()))}
    assert rows["Sharpe ratio"] == ["1.83", "0.60", "\u22120.41"]
    assert rows["Deflated Sharpe (probability of beating luck alone)"] == ["93.0%", "\u2013", "\u2013"]


def test_holding_has_no_break_even_cost_and_no_trades_have_nothing() -> None:
    """1,793 bp for buy and hold is a sum over next to no turnover; who loses before costs is below 0."""
    account = made_up_metrics().portfolio.to_dict()
    metrics = made_up_metrics(portfolio={**account, "break_even_cost_bps": -0.4})
    rows = {row[0]: row[1:] for row in texts(performance_table(metrics))}
    assert rows["Break-even cost, basis points"] == ["below 0", "\u2013", "\u2013"]
    idle = texts(performance_table(made_up_metrics(portfolio={**account, "n_fills": 0})))
    assert [row[0] for row in idle if row[1] != "\u2013"] == ["Growth", "Fills"]


def test_a_year_is_not_told_from_a_month() -> None:
    """39 sessions have a growth, a drawdown and fills, and no figure a year; a row of dashes is left out."""
    account = {**made_up_metrics().portfolio.to_dict(), "n_returns": 39}
    rows = [row[0] for row in texts(performance_table(made_up_metrics(portfolio=account, benchmarks={})))]
    assert rows == ["Growth", "Deepest drawdown", "Fills", "Returns"]


def test_the_rivals_show_five_columns_first() -> None:
    """What each is right on, what always saying the same is right on, and what trading it made."""
    metrics = made_up_metrics()
    leading = scores_table(metrics.forecast, metrics.baselines, growth=growth_by_forecast(metrics)).leading
    assert leading.heads == ["Forecast", "Accuracy", "Base rate", "Growth after costs", "95% interval of the accuracy"]
    assert [row[3] for row in texts(leading)] == ["+0.0%", "\u2013", "+0.0%", "\u2013"]
    alone = scores_table(metrics.forecast, {}).leading
    assert alone.heads == ["Forecast", "Accuracy", "Base rate", "95% interval of the accuracy", "Forecasts"]
