"""Run the whole product on simulated markets of every kind, and judge it by what is known about them."""

from collections.abc import Iterator, Sequence
from concurrent.futures import Executor, Future, as_completed
from dataclasses import asdict
from pathlib import Path

from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from rich.table import Table

from pipelines.context import console, open_executor, show_progress
from pipelines.exam_questions import Question, Record, ask, make_records
from pipelines.exam_sitting import Answers, Plan, Sitting, read_answers, sit
from pipelines.results import as_json
from pipelines.source_hash import source_hash
from stockseq.config import Settings
from stockseq.errors import SettingsError, StockseqError, counted
from stockseq.sources.settings import Kind

# Those that judge the product as a whole; the decaying and the gated market judge a layer each.
KINDS: tuple[Kind, ...] = (
    "regime",
    "signal",
    "null",
    "null_drift",
    "leak_recap",
    "leak_overnight",
    "leak_backdated",
)
N_MARKETS = 6
FIRST_SEED = 100


def run_exam(settings: Settings, *, n_markets: str | None = None, plan: Plan | None = None) -> Path:
    """Sit every market, print the table and the verdicts, and return where the answers lie.

    Parameters
    ----------
    settings : Settings
        Of the product under exam. `data` is the folder of the exam; what was answered there before, by the same code
        under the same settings, isn't asked again, so a run that was stopped goes on.
    n_markets : str, optional
        Markets of each kind; 6 by default.
    plan : Plan, optional
        The size of the markets; 1,000 sessions to train, 500 to test and 30 tickers by default.

    Raises
    ------
    SettingsError
        If the number of markets is no whole number of at least 1.
    StockseqError
        If a question was answered wrongly, after everything is shown.
    """
    n, code = _count(n_markets), source_hash()
    sittings = [
        Sitting(kind, seed, settings, plan or Plan(), code)
        for kind in KINDS
        for seed in range(FIRST_SEED, FIRST_SEED + n)
    ]
    folder = Path(settings.data)
    folder.mkdir(parents=True, exist_ok=True)
    console.print(
        f"The exam: {counted(n, 'market')} of each of {len(KINDS)} kinds, "
        f"{counted(settings.training.n_seeds, 'network')} each, on "
        f"{settings.workers} processes. A market takes one to five minutes; a stopped exam goes on where it was."
    )
    with open_executor(settings) as executor:
        kept = dict(_sit_all(sittings, folder, executor))
    answers = [read_answers(sitting, kept[sitting.name]) for sitting in sittings]
    records, questions = make_records(answers), ask(answers)
    _show_records(records)
    _show_questions(questions)
    told = {
        "n_markets": n,
        "records": [
            {**asdict(record), "scores": record.scores.to_dict(), "attained": record.attained} for record in records
        ],
        "questions": [asdict(question) for question in questions],
        "profits": {f"{answer.kind}-{answer.seed}": answer.profit for answer in answers if answer.profit},
    }
    (folder / "exam.json").write_text(as_json(told), encoding="utf-8")
    console.print(f"All figures: {folder / 'exam.json'}")
    failed = sum(question.passed is False for question in questions)
    asked = sum(question.passed is not None for question in questions)
    if failed:
        raise StockseqError(f"The exam isn't passed: {failed} of {asked} questions were answered wrongly, as shown.")
    console.print(f"[green]Passed[/green]: all {asked} questions. Next: make audit, the proof on your own data.")
    return folder


def _count(text: str | None) -> int:
    if not text:
        return N_MARKETS
    if not text.isascii() or not text.isdigit() or int(text) < 1:
        raise SettingsError(f"MARKETS must be a whole number of at least 1, received {text!r}.")
    return int(text)


def _sit_all(sittings: Sequence[Sitting], folder: Path, executor: Executor | None) -> Iterator[tuple[str, Path]]:
    """Yield each market's name and where its answers are, as they come."""
    columns = (TextColumn("Markets"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(), TimeRemainingColumn())
    with show_progress(*columns) as progress:
        task = progress.add_task("", total=len(sittings))
        for sitting, kept in _answered(sittings, folder, executor):
            progress.advance(task)
            console.print(f"  {sitting.name:20} {_line(read_answers(sitting, kept))}")
            yield sitting.name, kept


def _answered(sittings: Sequence[Sitting], folder: Path, executor: Executor | None) -> Iterator[tuple[Sitting, Path]]:
    if executor is None:
        yield from ((sitting, sit(sitting, folder)) for sitting in sittings)
        return
    futures: dict[Future[Path], Sitting] = {executor.submit(sit, sitting, folder): sitting for sitting in sittings}
    for future in as_completed(futures):
        yield futures[future], future.result()


def _line(answers: Answers) -> str:
    parts = []
    for name, rows in answers.forecasts.items():
        hits = (rows["probability_up"] > 0.5) == (rows["realised_return"] > 0)
        parts.append(f"{name} {_percent(float(hits.mean()))} of {_percent(answers.optima[name]['accuracy'])}")
    return ", ".join(parts)


def _show_records(records: Sequence[Record]) -> None:
    table = Table(title="What was found", title_justify="left")
    table.add_column("Market")
    table.add_column("Forecaster")
    for name in (
        "Accuracy",
        "95% interval",
        "Base rate",
        "Optimum",
        "Found of it",
        "Of IC",
        "Of log loss",
        "PT p",
        "n",
    ):
        table.add_column(name, justify="right")
    for record in records:
        low, high = record.scores.accuracy_ci
        found = record.attained
        p = record.scores.pt_clustered_p
        table.add_row(
            record.kind,
            record.forecaster,
            _percent(record.scores.accuracy),
            f"{_percent(low)} to {_percent(high)}",
            _percent(record.scores.base_rate),
            _percent(record.optima["accuracy"]),
            *(_share(found[name]) for name in ("accuracy", "ic", "log_loss")),
            "" if p is None else f"{p:.2g}",
            f"{record.scores.n:,}",
        )
    console.print(table)


def _show_questions(questions: Sequence[Question]) -> None:
    table = Table(title="What was asked", title_justify="left")
    for name in ("Market", "Asked", "Found", "Verdict"):
        table.add_column(name)
    words = {True: "[green]yes[/green]", False: "[red]NO[/red]", None: ""}
    for question in questions:
        table.add_row(question.market, question.asked, question.found, words[question.passed])
    console.print(table)


def _percent(fraction: float) -> str:
    return f"{100 * fraction:.1f}%"


def _share(value: float | None) -> str:
    return "" if value is None else f"{value:.0%}"
