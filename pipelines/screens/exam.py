"""What a person reads of an exam in the terminal."""

from pathlib import Path

from pipelines.screens.console import build_table, console
from stockseq.errors import counted
from stockseq.exam.result import ExamResult
from stockseq.report.format import percent
from stockseq.report.text.exam import asked_sentence, found_sentence

WORDS = {True: "[green]yes[/green]", False: "[red]NO[/red]", None: ""}
FIGURES = (
    "Accuracy",
    "95% interval",
    "Base rate",
    "Optimum",
    "Found of it",
    "Of log loss",
    "Of ranks",
    "Of size",
    "PT p",
    "n",
)


def show_exam(result: ExamResult, path: Path) -> None:
    """What each forecaster found beside what could be found, what was asked of it, and where all figures are."""
    table = build_table("What was found", "Market", "Forecaster", *FIGURES, left=(0, 1))
    for record in result.records:
        scores, attained = record.scores, record.attained
        low, high = scores.accuracy_ci
        table.add_row(
            record.kind,
            record.forecaster,
            percent(scores.accuracy),
            f"{percent(low)} to {percent(high)}",
            percent(scores.base_rate),
            percent(record.optima.accuracy),
            *(_share(share) for share in (attained.accuracy, attained.log_loss, attained.ranking, attained.size)),
            "" if scores.pt_clustered_p is None else f"{scores.pt_clustered_p:.2g}",
            f"{scores.n:,}",
        )
    console.print(table)
    asked = build_table("What was asked", "Market", "Asked", "Found", "Verdict", left=(0, 1, 2, 3))
    for question in result.questions:
        asked.add_row(question.market, asked_sentence(question), found_sentence(question), WORDS[question.passed])
    console.print(asked)
    console.print(f"All figures: {path}", markup=False)
    if not result.failed:
        passed = f"all {counted(result.n_asked, 'question')}"
        console.print(f"[green]Passed[/green]: {passed}. Next: make audit, the proof on your own data.")


def _share(value: float | None) -> str:
    return "" if value is None else f"{value:.0%}"
