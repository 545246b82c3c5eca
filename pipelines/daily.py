"""Each morning: ingest, build, train where needed, forecast the next session, score what was forecast before."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from pipelines.context import Context, open_executor
from pipelines.forecast import Outlook, forecast_known, forecast_next
from pipelines.ingest import Ingested, ingest, universe
from pipelines.prepare import Prepared, coverage, prepare
from pipelines.results import records, write_run
from pipelines.screen import show_daily, show_outcomes
from pipelines.train import Champion, load_champion, train_and_judge
from pipelines.trials import count_trials
from stockseq.config import Settings
from stockseq.dataset.labels import compute_labels
from stockseq.errors import SourceError, counted
from stockseq.evaluate.scores import score_forecasts
from stockseq.forecast_ledger import append_forecasts, append_outcomes, live_record, verify
from stockseq.schemas import Actions, Bars, Dropped


@dataclass(frozen=True)
class Daily:
    """What a daily run found, for the screen and the page."""

    outlook: Outlook
    table: pd.DataFrame
    headlines: pd.DataFrame
    champion: Champion
    record: dict[str, Any]
    live: dict[str, Any]
    late: bool
    without_headlines: Mapping[str, str]
    folder: Path


def run_daily(settings: Settings, now: pd.Timestamp, *, quiet: bool = False) -> Daily:
    """Run the day once; the same day again changes nothing.

    Raises
    ------
    SourceError
        If not one ticker could be brought up to date.
    """
    with open_executor(settings) as executor:
        context = Context(settings, now, executor)
        with context.hold_store(trains=False):
            tickers = universe(context)
            ingested = ingest(context, tickers)
            if not quiet:
                show_outcomes(ingested)
            if ingested.n_failed == len(tickers):
                reasons = "; ".join(sorted({outcome.reason for outcome in ingested.outcomes.values()}))
                raise SourceError(
                    f"Not one of {counted(len(tickers), 'ticker')} could be fetched ({reasons}), so nothing is "
                    "forecast."
                )
            prepared = prepare(context, tickers)
            _score_past(context)
            champion = _current_champion(context, prepared)
            outlook = forecast_next(context, champion.model, prepared, ingested)
            appended = append_forecasts(
                context.store, outlook.forecasts, made_at=now, model_id=champion.model_id, calendar=context.calendar
            )
            daily = _write(context, prepared, ingested, champion, outlook)
    if not quiet:
        show_daily(daily, n_new=appended.n_rows, calendar=context.calendar)
    return daily


def _current_champion(context: Context, prepared: Prepared) -> Champion:
    champion = load_champion(context)
    if champion is None:
        context.say("There is no model yet, so one is trained.")
        return train_and_judge(context, prepared, None, mode="scratch")
    # A candidate that lost counts too, or a champion that stays would be challenged anew every day.
    newest = context.registry.list_models()["trained_through"].max()
    age = int((prepared.sessions > newest).sum())
    if age > context.settings.daily.stale_after:
        context.say(f"The newest model knows nothing of the last {age} sessions, so a candidate is trained.")
        return train_and_judge(context, prepared, champion, mode="scratch")
    return champion


def _score_past(context: Context) -> None:
    """Note what came of each open forecast, also of tickers that have since left the universe."""
    ledger, outcomes = context.read("forecasts"), context.store.read("outcomes", columns=["forecast_id"])
    open_rows = ledger[~ledger["forecast_id"].isin(outcomes["forecast_id"])]
    if open_rows.empty:
        return
    tickers = sorted(open_rows["ticker"].unique())
    bars, actions = Bars(context.read("bars", tickers=tickers)), Actions(context.read("actions", tickers=tickers))
    models = context.registry.list_models().set_index("model_id")["metrics"]
    # A forecast is judged by the trade that its own model forecast, whatever the settings say today.
    labels = open_rows["model_id"].map(lambda model_id: models[model_id]["basis"]["label"])
    for label, rows in open_rows.groupby(labels):
        realised = compute_labels(bars, actions, calendar=context.calendar, horizon=label)
        append_outcomes(context.store, realised, scored_at=context.now, model_ids=set(rows["model_id"]))


def _write(context: Context, prepared: Prepared, ingested: Ingested, champion: Champion, outlook: Outlook) -> Daily:
    late = context.calendar.opens_at(outlook.session) <= context.now
    table = _with_spread(outlook.forecasts).assign(made_at=context.now, late=late)
    headlines = _headlines_read(prepared, outlook)
    without = {ticker: why for ticker, why in ingested.headline_failures.items() if ticker not in outlook.refused}
    live = live_scores(context)
    known = record_of(champion, prepared)
    scores = score_forecasts(known)
    if champion.record["chosen_over"]:
        chosen = (
            f"The sessions up to {champion.record['last_session']} also chose this model over "
            f"{champion.record['chosen_over']}, which flatters its record on them."
        )
        scores = scores.model_copy(update={"notes": (*scores.notes, chosen)})
    metrics: dict[str, Any] = {
        "model_id": champion.model_id,
        "forecast": scores.to_dict(),
        "live": live,
        "next": records(table),
        "refused": dict(outlook.refused),
        "without_headlines": without,
        "coverage": coverage(prepared),
        "trials": count_trials(context),
    }
    refused = tuple(Dropped("forecast", ticker, reason, 1) for ticker, reason in outlook.refused.items())
    folder = write_run(
        context,
        "daily",
        f"Forecasts for {outlook.session.date()}",
        metrics=metrics,
        frames={"forecasts": table, "headlines": headlines, "out_of_sample": known},
        dropped=(*ingested.dropped, *prepared.dropped, *refused),
        ingested=ingested,
        doubts=prepared.doubts,
        models=context.registry.list_models(),
    )
    return Daily(outlook, table, headlines, champion, scores.to_dict(), live, late, without, folder)


def record_of(champion: Champion, prepared: Prepared) -> pd.DataFrame:
    """Return the champion's forecasts of every session since its training ended, beside what was realised."""
    first = pd.Timestamp(champion.record["first_session"])
    return forecast_known(champion.model, prepared, prepared.samples.on(prepared.sessions[prepared.sessions >= first]))


def _with_spread(forecasts: pd.DataFrame) -> pd.DataFrame:
    """Return the forecasts with the spread over seeds in place of each seed's own."""
    seeds = [column for column in forecasts.columns if column.startswith("probability_up_seed_")]
    spread = forecasts[seeds].std(axis=1, ddof=1) if len(seeds) > 1 else np.nan
    return forecasts.drop(columns=seeds).assign(spread=spread)


def _headlines_read(prepared: Prepared, outlook: Outlook) -> pd.DataFrame:
    """Return the headlines that the forecasts could use, the newest first."""
    read = prepared.headlines[prepared.headlines["session"] == outlook.session]
    read = read[read["ticker"].isin(outlook.forecasts["ticker"])]
    scored = read.merge(prepared.scores[["headline_id", "compound"]], on="headline_id", how="left")
    columns = ["ticker", "published_at", "text", "url", "compound"]
    return scored.sort_values("available_at", ascending=False, kind="stable", ignore_index=True)[columns]


def live_scores(context: Context) -> dict[str, Any]:
    """Score the forecasts that were made before their session opened and whose outcome is known."""
    record = live_record(verify(context.store))
    n_sessions = int(record["session"].nunique())
    ledger = context.read("forecasts")
    n_on_time = len(ledger[~ledger["late"]].drop_duplicates(["ticker", "session"]))
    counts = {
        "n": len(record),
        "n_sessions": n_sessions,
        "n_late": int(ledger["late"].sum()),
        "n_open": n_on_time - len(record),
    }
    # One session alone has no interval.
    return {**(score_forecasts(record).to_dict() if n_sessions > 1 else {}), **counts}
