"""What a person reads of a backtest in the terminal."""

from collections.abc import Mapping
from pathlib import Path

from rich.markup import escape

from pipelines.screens.console import build_table, console, show_page
from stockseq.backtest.trading import AccountResult
from stockseq.evaluate.comparison import Comparison
from stockseq.evaluate.significance import SIZE
from stockseq.forecasting.walk_forward import WalkForwardResult
from stockseq.report.text.findings import find, name_words
from stockseq.report.text.verdict import verdict


def show_backtest(
    result: WalkForwardResult, account: AccountResult, metrics: Mapping[str, object], folder: Path
) -> None:
    """The record beside base rate, baselines and optimum, the money beside benchmarks, and where the page is."""
    table = build_table("Out of sample", "", "Accuracy", "95% interval", "Log loss", "IC", "Model less it")
    for name, scores in {"stockseq": result.scores, **result.baseline_scores}.items():
        low, high = scores.accuracy_ci
        table.add_row(
            name_words(name),
            f"{100 * scores.accuracy:.1f}%",
            f"{100 * low:.1f} to {100 * high:.1f}%",
            f"{scores.log_loss:.4f}",
            _number(scores.ic, "+.3f"),
            _paired(result.comparisons.get(name)),
        )
    if result.optimum is not None:
        best = result.optimum
        table.add_row("optimum, expected", f"{100 * best.accuracy:.1f}%", "", f"{best.log_loss:.4f}", "", "")
    console.print(table)
    console.print("[dim]* beyond noise, after Holm's correction for the number of baselines[/dim]")
    money = build_table("After costs", "", "CAGR", "Sharpe", "Drawdown", "Turnover", "Fills")
    for name, figures in {"stockseq": account.figures, **account.benchmark_figures}.items():
        money.add_row(
            name_words(name),
            _number(figures.cagr, ".1%"),
            _number(figures.sharpe, ".2f"),
            _number(figures.max_drawdown, ".1%"),
            _number(figures.turnover, ".2f"),
            f"{figures.n_fills:,}",
        )
    console.print(money)
    console.print(escape(verdict(result.scores.to_dict())))
    for sentence in find(metrics):
        console.print(f"  {escape(sentence)}")
    show_page(folder)


def _paired(comparison: Comparison | None) -> str:
    """Return the difference in accuracy in percentage points, with a star where it is beyond noise."""
    if comparison is None:
        return ""
    tested = comparison.accuracy
    star = "*" if tested.p_holm is not None and tested.p_holm < SIZE else " "
    return f"{100 * tested.difference:+.1f} pts{star}"


def _number(value: float | None, form: str) -> str:
    return "" if value is None else format(value, form)
