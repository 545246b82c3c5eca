"""The tables that put a run to the proof: its baselines, its placebos, and what simple forecasts would have earned."""

from collections.abc import Mapping
from dataclasses import dataclass

from stockseq.evaluate.information import LEAST_TICKERS
from stockseq.report import format as wording
from stockseq.report.run import RunReport
from stockseq.report.tables import MODEL, PORTFOLIO_MEASURES, Table, baselines_table, cell, named
from stockseq.report.text.findings import PLACEBOS

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


LEADING = ("Forecast", "Accuracy", "95% interval", "Base rate", "PT t", "PT p", "IC", "Log loss")
# What a column means, told where the column is shown.
MEANINGS = {
    "PT t": "PT is the Pesaran-Timmermann test against naming up as often without skill, clustered by session: a t "
    "above about 1.6 is unlikely by chance.",
    "IC": "IC is the correlation of forecast and return across tickers, averaged over sessions.",
    "Brier": "Lower is better for Brier and log loss.",
}
BOTH_DIRECTIONS = "forecasts and outcomes of both directions, and hits that vary between sessions"
ACROSS_TICKERS = f"two sessions in which {LEAST_TICKERS} tickers or more have different forecasts and returns"
# What a measure needs that no forecast of a run may have.
NEEDS = {
    "MCC": BOTH_DIRECTIONS,
    "AUC": BOTH_DIRECTIONS,
    "PT t": BOTH_DIRECTIONS,
    "PT p": BOTH_DIRECTIONS,
    "PT p, runs taken out": "two sessions in a row of a ticker, and what PT needs",
    "IC": ACROSS_TICKERS,
    "Rank IC": ACROSS_TICKERS,
}


@dataclass(frozen=True)
class Judged:
    """The model beside its baselines, without columns that nothing fills; `notes` say what those would have needed."""

    table: Table
    reading: str
    notes: list[str]


def judge_baselines(run: RunReport) -> Judged | None:
    """Return the model beside its baselines with the words that its columns need, or None where nothing is scored."""
    table = baselines_table(run)
    if table is None:
        return None
    # Tables scroll to the right: what decides stands where every screen shows it.
    first = {head: place for place, head in enumerate(LEADING)}
    order = sorted(range(len(table.heads)), key=lambda place: first.get(table.heads[place], len(first)))
    blank = [place for place in order if all(row[place].text == wording.DASH for row in table.rows)]
    kept = [place for place in order if place not in blank]
    shown = Table(
        [table.heads[place] for place in kept], [[row[place] for place in kept] for row in table.rows], table.n_hidden
    )
    sentences = [words for head, words in MEANINGS.items() if head in shown.heads]
    if any(cell.text == wording.DASH for row in shown.rows for cell in row):
        sentences.append("A dash is a measure that the row can't have, most often because its forecast never changes.")
    needs: dict[str, list[str]] = {}
    for place in blank:
        needs.setdefault(NEEDS.get(table.heads[place], "what this run does not have"), []).append(table.heads[place])
    notes = [f"Not shown, because no row has it: {', '.join(heads)}. It needs {need}." for need, heads in needs.items()]
    return Judged(shown, " ".join(sentences), notes)


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
