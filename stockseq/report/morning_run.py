"""A morning as the folder of a run: its numbers in files, and its page."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from stockseq.dataset.dataset import Dataset
from stockseq.dataset.news_coverage import tabulate_news
from stockseq.forecast_ledger import Ledger
from stockseq.forecasting.morning import Morning
from stockseq.forecasting.next_book import NextBook
from stockseq.forecasting.ticker_history import morning_history
from stockseq.ingestion.ingest import Ingested
from stockseq.models.why import Why, tabulate_why
from stockseq.report.metrics import morning_metrics
from stockseq.report.text.earlier import earlier_sentence, earlier_title
from stockseq.report.text.names import trade_words
from stockseq.runs.folder import write_run
from stockseq.runs.inputs import Inputs, as_noted
from stockseq.runs.trials import read_trials
from stockseq.workspace import Workspace


@dataclass(frozen=True)
class MorningRun:
    """All that the folder and the page of a morning are made of.

    Parameters
    ----------
    morning : Morning
    data : Dataset
        As the champion reads it.
    ledger : Ledger
        As `verify` gave it, with the outcomes scored since.
    ingested : Ingested
    explained : tuple of Why
    book : NextBook
    doubts : sequence of str
        What the reader must know of the data.
    inputs : Inputs, optional
        Of `read_inputs` once all is entered.
    """

    morning: Morning
    data: Dataset
    ledger: Ledger
    ingested: Ingested
    explained: tuple[Why, ...]
    book: NextBook
    doubts: Sequence[str]
    inputs: Inputs | None = None


def write_morning(run: MorningRun, workspace: Workspace) -> Path:
    """Write the folder of a morning, its page and the list of all runs, and return the folder.

    Parameters
    ----------
    run : MorningRun
    workspace : Workspace
        With the settings of the champion.
    """
    # All that draws pages, which a morning with nothing new doesn't load.
    from stockseq.report.render import render_run
    from stockseq.report.run_list import render_runs

    morning, data = run.morning, run.data
    timezone, trade = workspace.calendar.timezone, trade_words(morning.champion.record.basis.label)
    later = earlier_sentence(morning.earlier, timezone)
    contents = workspace.run_contents(
        "daily",
        f"Forecasts for {morning.next.session.date()}, {trade}{earlier_title(morning.earlier, timezone)}",
        data,
        metrics=morning_metrics(morning, data.coverage, read_trials(workspace.store), book=run.book),
        frames={
            "forecasts": morning.table,
            "headlines": morning.headlines,
            "why": tabulate_why(run.explained),
            "out_of_sample": morning.out_of_sample,
            "news": tabulate_news(data.market.headlines, data.panel, timezone=timezone),
            **morning_history(data, morning, run.ledger),
        },
        ingested=run.ingested,
        doubts=(*run.doubts, later) if later else run.doubts,
        dropped=morning.dropped,
        models=workspace.registry.list_models(),
    )
    noted = replace(contents, inputs=as_noted(run.inputs))
    return write_run(noted, workspace.root, render=render_run, list_runs=render_runs)
