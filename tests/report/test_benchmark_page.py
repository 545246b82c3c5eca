"""The page of a benchmark: its picture and its table, from scores written by hand."""

import pandas as pd
import pytest

from stockseq.report.benchmark import COLUMNS, benchmark_rows, forest_figures, render_benchmark
from stockseq.report.run import RunReport
from stockseq.schemas import Dropped
from tests.report.made_up_benchmark import made_up_benchmark, made_up_result


def test_networks_stand_first_and_a_missing_figure_is_a_dash():
    """Whatever order a file has its keys in."""
    rows = [dict(zip(COLUMNS, row, strict=True)) for row in benchmark_rows(made_up_result().main.samples[0])]
    assert [row["Forecast"] for row in rows] == [
        "Network on prices", "Network on prices and sentiment", "Network on prices and text", "Majority",
    ]  # fmt: skip
    assert rows[0]["Seeds alone"].replace("\u00a0", " ") == "52.0% to 54.0%"
    assert (rows[-1]["Seeds alone"], rows[-1]["MCC"]) == ("–", "–")


def test_each_sample_has_a_picture_with_its_base_rate():
    """Two traces each: the forecasters with their intervals, and the dashed line."""
    _, tweeted = forest_figures(made_up_result())
    points, line = tweeted.plot.data
    assert points["error_x"]["array"] == [0.05] * 4
    assert line["x"] == [0.513, 0.513]


def test_all_pictures_share_one_scale():
    """By hand: .43 of one sample and .58 of the other, a point beyond; two scales would look like one difference."""
    benchmark = made_up_benchmark()
    benchmark["periods"][0]["samples"][0]["scores"]["prices"]["accuracy_ci"] = [0.43, 0.55]
    assert [figure.plot.layout["xaxis"]["range"] for figure in forest_figures(made_up_result(benchmark))] == [
        [pytest.approx(0.42), pytest.approx(0.59)]
    ] * 2


def test_an_old_run_renders_and_what_is_not_ours_is_escaped(tmp_path):
    """Reasons name files, and files are named by others."""
    report = RunReport(
        "20160601T120000Z-benchmark",
        "benchmark",
        pd.Timestamp("2016-06-01 12:00", tz="UTC"),
        "The protocol of Xu & Cohen (2018) on 6 tickers",
        dropped=[Dropped("read", "A", "<script>alert(1)</script>", 3), Dropped("read", "B", "repeated", 1)],
        settings={"source": "stocknet"},
        manifest={"recipe": "benchmark"},
    )
    page = render_benchmark(report, made_up_result(), tmp_path).read_text(encoding="utf-8")
    assert "<script>alert" not in page
    assert "4 rows were left out" in page
    assert "Xu &amp; Cohen" in page
    assert "20,341 training instances, 20,284 of them with inputs" in page
    assert page.count("<li>") >= 6
    assert {path.name for path in tmp_path.iterdir()} == {"index.html", "page.js", "plotly.min.js", "tables.js"}
