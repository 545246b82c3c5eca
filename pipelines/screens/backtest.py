"""What a person reads of a backtest in the terminal."""

from pathlib import Path

from pipelines.screens.console import build_table, console, escape, show_page
from stockseq.backtest.trading import AccountResult
from stockseq.evaluate.comparison import Comparison
from stockseq.forecasting.walk_forward import WalkForwardResult
from stockseq.report.format import count, interval_words, number, percent, points
from stockseq.report.metrics import BacktestMetrics
from stockseq.report.text.findings import find
from stockseq.report.text.names import meaningful, name_words
from stockseq.report.text.plain import plain_backtest
from stockseq.report.text.skill import claim_sentences
from stockseq.report.text.verdict import verdict


def show_backtest(result: WalkForwardResult, account: AccountResult, metrics: BacktestMetrics, folder: Path) -> None:
    """The record against baselines and optimum, the account against benchmarks, and where the page is."""
    table = build_table("Out of sample", "", "Accuracy", "95% interval", "Log loss", "Rank IC", "Model less baseline")
    ranking = {"stockseq": result.ranking, **result.baseline_ranking}
    for name, scores in {"stockseq": result.scores, **result.baseline_scores}.items():
        table.add_row(
            name_words(name),
            percent(scores.accuracy),
            interval_words(scores.accuracy_ci),
            number(scores.log_loss, digits=4),
            number(ranking[name].rank_ic, signed=True),
            _paired(result.comparisons.get(name)),
        )
    if result.optimum is not None:
        best = result.optimum
        rank_ic = number(best.rank_ic, signed=True)
        table.add_row("optimum, expected", percent(best.accuracy), "", number(best.log_loss, digits=4), rank_ic, "")
    console.print(table)
    console.print("[dim]* significant after Holm's correction for the number of baselines[/dim]")
    money = build_table("After costs", "", "Growth", "CAGR", "Sharpe", "Drawdown", "Turnover", "Fills")
    for name, figures in {"stockseq": account.figures, **account.benchmark_figures}.items():
        money.add_row(
            name_words(name),
            percent(figures.total_return, signed=True),
            percent(meaningful(figures, "cagr")),
            number(meaningful(figures, "sharpe"), digits=2),
            percent(meaningful(figures, "max_drawdown")),
            percent(meaningful(figures, "turnover")),
            count(figures.n_fills),
        )
    console.print(money)
    for sentence in (verdict(result.scores, result.claims.direction), *claim_sentences(metrics)):
        console.print(escape(sentence))
    for sentence in find(metrics):
        console.print(f"  {escape(sentence)}")
    for sentence in plain_backtest(metrics):
        console.print(f"[bold]{escape(sentence)}[/bold]")
    show_page(folder)


def _paired(comparison: Comparison | None) -> str:
    """Return the difference in accuracy in percentage points, with a star where it is beyond noise."""
    if comparison is None:
        return ""
    return f"{points(comparison.accuracy.difference)} pts{'*' if comparison.accuracy.is_significant else ' '}"
