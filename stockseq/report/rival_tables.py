"""The tables that put a run to the proof: what its placebos found, and what simple forecasts would have earned."""

from collections.abc import Mapping

from stockseq.evaluate.findings import PLACEBOS
from stockseq.report import wording
from stockseq.report.run import RunReport
from stockseq.report.tables import MODEL, PORTFOLIO_MEASURES, Table, cell, named

JUDGED = {True: "as it should be", False: "NOT as it should be", None: "not judged"}
PLACEBO_HEADS = (
    "Placebo",
    "Accuracy",
    "95% interval",
    "Base rate",
    "PT p",
    "Against on time",
    "Forecasts",
    "Sessions",
    "Judged",
)


def placebos_table(run: RunReport) -> Table | None:
    """Return what each placebo found, a row each."""
    rows = [
        [
            cell(words),
            cell(result.get("accuracy"), wording.percent),
            cell(result.get("accuracy_ci"), wording.interval),
            cell(result.get("base_rate"), wording.percent),
            cell(result.get("pt_clustered_p"), wording.p_value),
            cell(result.get("difference"), lambda value: wording.percent(value, signed=True)),
            cell(result.get("n"), wording.count),
            cell(result.get("n_sessions"), wording.count),
            cell(JUDGED[result.get("as_expected")]),
        ]
        for name, words in PLACEBOS.items()
        if isinstance(result := run.measures("placebos").get(name), Mapping)
    ]
    return Table(PLACEBO_HEADS, rows) if rows else None


def followed_table(run: RunReport) -> Table | None:
    """Return the accounts that followed the strategy and each baseline by the same rules, a row each."""
    baselines, benchmarks = run.measures("baselines"), run.measures("benchmarks")
    accounts = {name: benchmarks[name] for name in baselines if isinstance(benchmarks.get(name), Mapping)}
    if not accounts:
        return None
    keys = ("cagr", "sharpe", "max_drawdown", "turnover", "cost", "break_even_cost_bps", "n_fills")
    rows = [
        [cell(name), *(cell(account.get(key), PORTFOLIO_MEASURES[key][1]) for key in keys)]
        for name, account in [
            (MODEL, run.measures("portfolio")),
            *((named(name), account) for name, account in accounts.items()),
        ]
    ]
    return Table(["Forecast followed", *(PORTFOLIO_MEASURES[key][0] for key in keys)], rows)
