"""A morning from the champion to the folder of a run: forecasts, what moved them, orders, files and page."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from stockseq.backtest.simulator import Holdings
from stockseq.dataset.dataset import Dataset
from stockseq.dataset.news_coverage import tabulate_news
from stockseq.forecast_ledger import Ledger
from stockseq.forecasting.champion import Champion
from stockseq.forecasting.morning import Morning, forecast_morning
from stockseq.forecasting.next_book import NextBook, plan_book
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
    doubts : sequence of str, optional
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
    doubts: Sequence[str] = ()
    inputs: Inputs | None = None


def run_morning(
    workspace: Workspace,
    champion: Champion,
    data: Dataset,
    *,
    ledger: Ledger,
    ingested: Ingested,
    holdings: Holdings | None,
) -> MorningRun:
    """Forecast, enter the forecasts into the ledger, say what moved them, and plan the orders.

    Parameters
    ----------
    workspace : Workspace
    champion : Champion
        Who forecasts.
    data : Dataset
        As the champion reads it.
    ledger : Ledger
        As `verify` gave it, with the outcomes scored since.
    ingested : Ingested
        How the fetch ended; a ticker that failed gets no forecast.
    holdings : Holdings or None
        What is held; None is the ledger's own paper account.
    """
    # It brings TensorFlow, which a morning with nothing new doesn't load.
    from stockseq.models.explaining import explain

    store, models, market = workspace.store, workspace.registry.list_models(), data.market
    morning = forecast_morning(store, ledger, champion, data, ingested=ingested, models=models)
    explained = explain(champion.model, data, morning.next.forecasts, progress=workspace.progress)
    # Only of what was known then: a day that is replayed follows no later forecast.
    past = ledger.as_of(workspace.now)
    book = plan_book(morning, past, models, market, store, rules=workspace.rules, holdings=holdings)
    return MorningRun(morning, data, ledger, ingested, explained, book)


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
