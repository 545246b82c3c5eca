"""Where a market comes from: the source asked again as of earlier, and the store read as of earlier."""

from collections.abc import Mapping

import pandas as pd

from stockseq.audit.result import Finding, Refusal, Replay, Unaudited, Verdict
from stockseq.errors import PluginError, StockseqError
from stockseq.market import MarketData
from stockseq.sources.source import Source
from stockseq.store import Store
from stockseq.testing import check_source

# Such a source answers for today alone.
LIVE = ("yahoo",)


def audit_source(source: Source, market: MarketData) -> Verdict | Unaudited:
    """Ask a source for a market's tickers as of earlier instants; `Unaudited` if it can't be asked."""
    if source.name in LIVE:
        return Unaudited(subject="live_source", name=source.name)
    artefact = f"source {source.name}"
    try:
        check_source(source, market.tickers, market.now, exchange=market.calendar.exchange)
    except PluginError as error:
        finding = Finding(artefact="source", column=source.name, evidence=Refusal(kind="source", reason=str(error)))
        return Verdict(artefact=artefact, n_cuts=2, n_values=0, findings=(finding,))
    except StockseqError as error:
        return Unaudited(subject="source", name=source.name, reason=str(error))
    return Verdict(artefact=artefact, n_cuts=2, n_values=len(market.tickers))


def audit_store(store: Store, market: MarketData) -> Verdict:
    """Read a store as of instants between its fetches: what came later must not show, and nothing known be lost.

    Parameters
    ----------
    store : Store
    market : MarketData
        What the store knows of the tickers to look at, at the market's instant.
    """
    n_values, findings, asked = 0, list[Finding](), set[pd.Timestamp]()
    tables: Mapping[str, pd.DataFrame] = {
        "bars": market.bars,
        "actions": market.actions,
        "headlines": market.headlines,
    }
    for table, rows in tables.items():
        available_at = _available_at(rows)
        instants = available_at.drop_duplicates().sort_values(ignore_index=True)
        # Just before the newest, and halfway there.
        for position in {len(instants) - 1, len(instants) // 2} if len(instants) else ():
            instant = instants.iloc[position] - pd.Timedelta(microseconds=1)
            asked.add(instant)
            then = store.read(table, tickers=market.tickers, as_of=instant)
            n_values += len(then)
            early = then[(_available_at(then) > instant).to_numpy()]
            due = rows[(available_at <= instant).to_numpy()].merge(then, how="left", indicator="found")
            lost = due[due["found"] == "left_only"]
            findings += [_first(table, early, Replay(kind="early", as_of=instant))] if len(early) else []
            findings += [_first(table, lost, Replay(kind="lost", as_of=instant))] if len(lost) else []
    return Verdict(artefact="store", n_cuts=len(asked), n_values=n_values, findings=tuple(findings))


def _first(table: str, rows: pd.DataFrame, replay: Replay) -> Finding:
    row = rows.iloc[0]
    session = row["session"].date() if "session" in row else None
    return Finding(artefact="store", column=table, evidence=replay, ticker=str(row["ticker"]), session=session)


def _available_at(rows: pd.DataFrame) -> pd.Series:
    return rows["fetched_at"] if "fetched_at" in rows else rows["first_seen_at"].fillna(rows["published_at"])
