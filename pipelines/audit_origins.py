"""Where the tables come from: the source asked again as of earlier, and the store read as of earlier."""

from collections.abc import Sequence

import pandas as pd

from pipelines.context import Context
from stockseq.errors import PluginError, StockseqError
from stockseq.evaluate.lookahead import Finding, Verdict
from stockseq.testing import check_source

LIVE = ("yahoo",)
REWRITTEN = "a run replayed later would see what it could not have known"


def examine_source(context: Context, tickers: Sequence[str]) -> tuple[Verdict | None, str]:
    """Ask the source as of earlier instants; return the verdict, or None and why it was not asked."""
    name = context.settings.source
    if name in LIVE:
        return None, (
            f"{name} was not asked again: a live source answers for today alone. What holds instead: each bar is kept "
            "as it was fetched, with the time of the fetch, bars that aren't final are not taken, a changed history "
            "becomes a new vintage, and each headline keeps the instant at which it was first seen."
        )
    try:
        check_source(context.source, tickers, context.now, exchange=context.settings.exchange)
    except PluginError as error:
        told = str(error).removesuffix(".")
        return Verdict(f"source {name}", 2, 0, (Finding("source", name, "", None, f"fails: {told}", REWRITTEN),)), ""
    except StockseqError as error:
        return None, f"the source {name} was not asked again: {error}"
    return Verdict(f"source {name}", 2, len(tickers), ()), ""


def examine_store(context: Context, tickers: Sequence[str]) -> Verdict:
    """Read the store as of instants between its fetches: what came later must not show, and nothing known be lost."""
    n_values, findings, asked = 0, [], set()
    for table in ("bars", "actions", "headlines"):
        rows = context.read(table, tickers=tickers)
        known_at = _known_at(rows)
        instants = known_at.drop_duplicates().sort_values(ignore_index=True)
        # Just before the newest, and halfway there.
        for place in {len(instants) - 1, len(instants) // 2} if len(instants) else ():
            instant = instants.iloc[place] - pd.Timedelta(microseconds=1)
            asked.add(instant)
            then = context.store.read(table, tickers=tickers, as_of=instant)
            n_values += len(then)
            late = then[(_known_at(then) > instant).to_numpy()]
            due = rows[(known_at <= instant).to_numpy()]
            lost = due.merge(then, how="left", indicator="found")
            for what, wrong in (
                (f"shows when read as of {instant}, before it was known", late),
                (f"is missing when read as of {instant}, though it was known", lost[lost["found"] == "left_only"]),
            ):
                if len(wrong):
                    row = wrong.iloc[0]
                    findings.append(Finding("store", table, str(row["ticker"]), row.get("session"), what, REWRITTEN))
    return Verdict("store", len(asked), n_values, tuple(findings))


def _known_at(rows: pd.DataFrame) -> pd.Series:
    return rows["fetched_at"] if "fetched_at" in rows else rows["first_seen_at"].fillna(rows["published_at"])
