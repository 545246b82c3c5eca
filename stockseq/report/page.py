"""The page of a run that forecasts: what was found, forecast and earned, and what can't be shown."""

from pathlib import Path

from stockseq.forecasting.live import LiveRecord
from stockseq.report.book import build_book_view
from stockseq.report.figures import build_figures
from stockseq.report.html import write_page
from stockseq.report.outlook import build_outlook
from stockseq.report.readings import build_readings
from stockseq.report.run import RunReport
from stockseq.report.tables import inputs, results
from stockseq.report.tables.rank_and_size import ranking_table, size_table
from stockseq.report.tables.table import mapping_table
from stockseq.report.tear_sheet import build_view
from stockseq.report.text.findings import alarms, find, persistence_caution, second_opinion
from stockseq.report.text.limits import distinct, limitations
from stockseq.report.text.plain import plain_backtest, plain_morning
from stockseq.report.text.skill import claim_sentences, rank_and_size_sentence
from stockseq.report.text.verdict import corrections_sentence, record_sentence, seeds_sentence, verdict
from stockseq.report.tickers.view import build_tickers, ticker_scripts
from stockseq.report.tiles import build_strip, build_tiles, live_tiles


def render_report(run: RunReport, folder: Path) -> Path:
    """Write the page of a run and what it needs, and return the path of its index.html.

    The page loads nothing from a network and runs no inline script; headlines, tickers, reasons and addresses are
    escaped, and only http and https addresses become links.

    Parameters
    ----------
    run : RunReport
        What to show. Parts that are absent are named as absent on the page.
    folder : Path
        Created where missing; index.html, its scripts and plotly.min.js are replaced, each in one step.

    Returns
    -------
    Path
        folder / "index.html".

    Raises
    ------
    OSError
        If the folder can't be written.

    Examples
    --------
    >>> import pandas as pd
    >>> from tempfile import TemporaryDirectory
    >>> run = RunReport("r1", "daily", pd.Timestamp("2024-11-29 12:00", tz="UTC"), "Forecasts for 2024-11-29")
    >>> with TemporaryDirectory() as folder:
    ...     render_report(run, Path(folder)).name
    'index.html'
    """
    fills, tickers = "fills.parquet", build_tickers(run)
    context = {
        "run": run,
        **_lead(run),
        **_record(run),
        **_account(run),
        **_inputs(run),
        "book": build_book_view(run.book),
        "outlook": build_outlook(run.next_forecasts),
        "live_tiles": live_tiles(run.live),
        "live_sentence": "" if run.live is None else _live_sentence(run.live),
        "ticker_view": tickers,
        "figures": build_figures(run),
        "fills_link": f"../{fills}" if (folder.parent / fills).exists() else "",
        "limitations": limitations(run),
    }
    return write_page("page.html", context, folder, beside=ticker_scripts(tickers, folder))


def _live_sentence(live: LiveRecord) -> str:
    sentences = (
        record_sentence(live.scores, n=live.n),
        rank_and_size_sentence(live.ranking, live.size),
        corrections_sentence(live.corrections),
    )
    return " ".join(sentence[0].upper() + sentence[1:] for sentence in sentences if sentence)


def _lead(run: RunReport) -> dict[str, object]:
    """Return what was found in plain sentences, then the verdict with its figures and the findings."""
    scores, backtest = run.scores, run.backtest
    plain = plain_morning(scores, run.live, simulated=run.sources == ["simulated"])
    if backtest is not None:
        plain = plain_backtest(backtest)
    context = {"plain": plain, "alarms": [] if backtest is None else distinct(alarms(backtest))}
    if scores is None:
        return {**context, "verdict": "", "claims": [], "tiles": [], "strip": None, "seeds": "", "findings": []}
    findings = persistence_caution(scores) if backtest is None else find(backtest)
    return {
        **context,
        "verdict": verdict(scores, run.direction),
        "claims": [] if backtest is None else claim_sentences(backtest),
        "tiles": build_tiles(run),
        "strip": build_strip(scores, best=run.best_accuracy),
        "seeds": seeds_sentence(scores),
        "findings": distinct(findings),
    }


def _record(run: RunReport) -> dict[str, object]:
    """Return the tables of the results."""
    scores, backtest = run.scores, run.backtest
    baselines = {} if backtest is None else backtest.baselines
    comparisons = {} if backtest is None else backtest.comparisons
    growth = None if backtest is None else results.growth_by_forecast(backtest)
    return {
        "ranking": None if backtest is None else ranking_table(backtest.ranking, backtest.baseline_ranking),
        "size": None if backtest is None else size_table(backtest.size, backtest.baseline_sizes),
        "scores": None if scores is None else results.scores_table(scores, baselines, growth=growth),
        "has_baselines": bool(baselines),
        "tests": results.tests_table(comparisons),
        "second_opinion": "" if scores is None else second_opinion(scores, comparisons),
        "placebos": None if backtest is None else results.placebos_table(backtest.placebos),
        "readings": [] if backtest is None else build_readings(backtest.readings),
        "last_forecasts": results.last_forecasts_table(run.out_of_sample),
        "tickers": results.tickers_table(run.out_of_sample),
    }


def _account(run: RunReport) -> dict[str, object]:
    """Return the tables of the account."""
    return {
        "performance": None if run.backtest is None else results.performance_table(run.backtest),
        "followed": None if run.backtest is None else results.followed_table(run.backtest),
        "sheet": build_view(run),
        "fills": results.fills_table(run.fills),
        "n_fills": 0 if run.fills is None else len(run.fills),
    }


def _inputs(run: RunReport) -> dict[str, object]:
    """Return the tables of what went in, and of how to reproduce the run."""
    return {
        "coverage": inputs.coverage_table(run.coverage),
        "timing": None if run.backtest is None else inputs.timing_table(run.backtest.news_timing),
        "news_by_year": inputs.news_table(run.news, by="year"),
        "news_by_ticker": inputs.news_table(run.news, by="ticker"),
        "dropped": inputs.dropped_table(run.dropped),
        "n_dropped": sum(item.n_rows for item in run.dropped),
        "outcomes": inputs.outcomes_table(run.ticker_outcomes),
        "outcome_counts": inputs.outcome_counts(run.ticker_outcomes),
        "models": inputs.models_table(run.models),
        "settings": mapping_table(run.settings, ("Setting", "Value")),
        "manifest": mapping_table(run.manifest, ("Part", "Value")),
    }
