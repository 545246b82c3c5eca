"""`python -m tests.campaign`: run every case that has no verdict yet, and show the table of all of them."""

import argparse
import multiprocessing
import os
import sys
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from stockseq.runs.source_hash import source_hash
from tests.campaign.case import Verdict
from tests.campaign.families import load, names
from tests.campaign.judge import judge, start_worker
from tests.campaign.table import note_verdict, read_verdicts, summary, write_table

FOLDER = Path("build") / "campaign"


def main() -> int:
    """Run the campaign; return 1 if a case was wrong."""
    parser = argparse.ArgumentParser(prog="make campaign", description=__doc__)
    parser.add_argument("--family", nargs="*", choices=names(), default=[], help="these families only")
    parser.add_argument("--case", default="", help="cases whose name contains this only")
    parser.add_argument("--seed", type=int, default=1, help="another seed draws other random cases")
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--again", action="store_true", help="forget the verdicts of these cases first")
    chosen = parser.parse_args()
    cases = [(family, name) for family in chosen.family or names() for name in load(family) if chosen.case in name]
    FOLDER.mkdir(parents=True, exist_ok=True)
    # Another state of the code has verdicts of its own.
    path = FOLDER / f"{source_hash()[:12]}-{chosen.seed}.jsonl"
    verdicts = {} if chosen.again else {(noted.family, noted.name): noted for noted in read_verdicts(path)}
    left = [case for case in cases if case not in verdicts]
    console = Console()
    if len(left) < len(cases):
        console.print(f"{len(cases) - len(left):,} of {len(cases):,} cases have their verdict from earlier, in {path}.")
    for verdict in _run(left, seed=chosen.seed, workers=chosen.workers, console=console):
        note_verdict(path, verdict)
        verdicts[verdict.family, verdict.name] = verdict
    found = [verdicts[case] for case in cases]
    wrong = [verdict for verdict in found if not verdict.right]
    write_table(found, path.with_suffix(".md"))
    for verdict in wrong:
        console.print(f"\nWRONG {verdict.family}: {verdict.name}\n{verdict.said}", style="red", markup=False)
    console.print(summary(found))
    console.print(f"Every case with its verdict: {path.with_suffix('.md')}", markup=False)
    return 1 if wrong else 0


def _run(cases: list[tuple[str, str]], *, seed: int, workers: int, console: Console) -> Iterator[Verdict]:
    """Yield the verdicts as they come, from processes of their own, with the time that is left."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    # Not forked: TensorFlow's and Arrow's threads don't survive that.
    context = multiprocessing.get_context("spawn")
    with (
        Progress(*columns, console=console) as progress,
        ProcessPoolExecutor(workers, mp_context=context, initializer=start_worker) as pool,
    ):
        task = progress.add_task("Cases", total=len(cases))
        running = [pool.submit(judge, family, name, seed) for family, name in cases]
        try:
            for done in as_completed(running):
                verdict = done.result()
                progress.update(task, advance=1, description=f"{verdict.family}: {verdict.name[:40]}")
                yield verdict
        except KeyboardInterrupt:
            pool.shutdown(wait=False, cancel_futures=True)
            raise


if __name__ == "__main__":
    sys.exit(main())
