"""Stores that nobody tampered with: old vintages, maintenance, upgrades, corrections and runs side by side."""

import multiprocessing
import shutil
from functools import partial
from pathlib import Path

import pandas as pd

from stockseq.forecast_ledger import append_forecasts, append_outcomes, verify
from stockseq.forecasting.live import score_live, score_open_forecasts
from stockseq.schemas import as_bars, as_labels
from stockseq.sessions import TradingCalendar
from stockseq.store import Store
from tests.campaign.case import Case
from tests.campaign.families.tampers.honest_store import (
    CALENDAR,
    EVENING,
    FIRST,
    LABELS,
    MODELS,
    N_MORNINGS,
    bars_through,
    copy_whole,
    morning,
)
from tests.campaign.families.tampers.tools import cut
from tests.campaign.families.tampers.verdicts import ask, must_be_content

OLD_STORE = Path(__file__).parents[3] / "store" / "store_0_1_0.zip"
# As that version printed it.
OLD_HEAD = "211baf7682c4689a249a5d4d339d53aa84b12bcb6d8c56091432f78f6a6d84d7"
NEXT = EVENING + pd.Timedelta(days=1)


def untouched(folder: Path, seed: int) -> str:
    """The head is found again, and all outcomes are computed again from the bars."""
    data = copy_whole(folder)
    said = ask(data)
    assert said.content, said.text
    assert "outcomes computed again from the bars." in said.text
    assert ask(data, head=said.head).content
    return must_be_content(data, like=said)


def every_head_is_found(folder: Path, seed: int) -> str:
    """Whatever head was printed after any morning is found in the whole record."""
    store = Store(folder / "growing")
    store.append("models", MODELS)
    heads = []
    for number in range(4):
        morning(store, number)
        heads.append(verify(store).head_hash)
    for head in heads:
        verify(store, expected_head=head)
    return f"{len(heads)} heads"


def maintained(folder: Path, seed: int, *, times: int) -> str:
    """Compacting and vacuuming change no row."""
    data = copy_whole(folder)
    honest = ask(data)
    for _ in range(times):
        Store(data).compact(retention_hours=0)
    return must_be_content(data, like=honest)


def later_vintages(folder: Path, seed: int, *, factor: float, what: str) -> str:
    """Bars that come again with a vendor's roundings, or on another basis of later splits, correct nothing."""
    data = copy_whole(folder)
    store, honest = Store(data), ask(data)
    bars = bars_through(CALENDAR.sessions[FIRST + N_MORNINGS - 1], fetched_at=NEXT)
    prices = ["open", "high", "low", "close"]
    again = as_bars(bars.assign(**{price: bars[price] * factor for price in prices}))
    assert store.append_vintages("bars", again).n_rows
    market = store.market(CALENDAR, as_of=NEXT)
    ledger = score_open_forecasts(store, verify(store), LABELS, market)
    assert score_live(ledger, LABELS, "open_to_close").corrections is None, what
    return must_be_content(data, like=honest)


def corrected(folder: Path, seed: int) -> str:
    """A bar that heals corrects its outcome by a later row; as of before, the record is what it was."""
    data = copy_whole(folder)
    store, before = Store(data), verify(Store(data))
    session = CALENDAR.sessions[FIRST + 3]
    bars = bars_through(CALENDAR.sessions[FIRST + N_MORNINGS - 1], fetched_at=NEXT)
    healed = bars[(bars["ticker"] == "KO") & (bars["session"] == session)]
    close = healed["open"] * 1.05
    store.append_vintages("bars", as_bars(healed.assign(close=close, high=close * 1.001)))
    ledger = score_open_forecasts(store, before, LABELS, store.market(CALENDAR, as_of=NEXT))
    live = score_live(ledger, LABELS, "open_to_close")
    assert live.corrections is not None
    assert (live.corrections.n, live.corrections.ticker) == (1, "KO")
    assert abs(live.corrections.after - 0.05) < 1e-12
    then = score_live(verify(store).as_of(EVENING), LABELS, "open_to_close")
    assert then == score_live(before, LABELS, "open_to_close")
    # The same morning again changes nothing.
    again = score_open_forecasts(store, ledger, LABELS, store.market(CALENDAR, as_of=NEXT))
    assert len(again.outcomes) == len(ledger.outcomes)
    said = ask(data)
    assert said.content, said.text
    assert "1 of these outcomes was corrected later" in said.text
    return said.text.splitlines()[1][:160]


def upgraded(folder: Path, seed: int) -> str:
    """A store of before outcomes were chained goes on, and an old outcome rewritten afterwards is found."""
    shutil.unpack_archive(OLD_STORE, folder / "data")
    store = Store(folder / "data", create=False)
    ledger = verify(store, expected_head=OLD_HEAD)
    calendar = TradingCalendar("XNYS", pd.Timestamp("2024-02-01"), pd.Timestamp("2024-02-29"))
    made_at = pd.Timestamp("2024-02-07 14:05", tz="UTC")
    forecasts = ledger.forecasts.tail(2).assign(session=pd.Timestamp("2024-02-07"))
    made = append_forecasts(store, forecasts, made_at=made_at, model_id="m1", calendar=calendar, ledger=ledger)
    assert made.n_rows == 2
    labels = forecasts.assign(
        entry_at=made_at, exit_at=made_at, realised_return=0.01, volatility=0.01, realised_variance=1e-4
    )
    labels = labels[["ticker", "session", "entry_at", "exit_at", "realised_return", "volatility", "realised_variance"]]
    scored = append_outcomes(store, as_labels(labels), scored_at=made_at + pd.Timedelta(hours=9))
    assert scored.n_rows == 2
    verify(store, expected_head=OLD_HEAD)
    head = verify(store).head_hash
    assert head == scored.rows["hash"].iloc[-1]
    store.compact(retention_hours=0)
    return repr(verify(store, expected_head=head))


def killed_before_a_head(folder: Path, seed: int, *, table: str) -> str:
    """Morning after morning killed before its head is noted: the next notes it, and the record is whole."""
    store = Store(folder / "data")
    store.append("models", MODELS)
    for number in range(4):
        morning(store, number)
        if (folder / "data" / table).exists():
            cut(folder / "data" / table, 1, pointer=False)
        verify(store)
    return repr(verify(store))


def append_mornings(data: Path) -> None:
    store = Store(data)
    for number in range(2, N_MORNINGS):
        morning(store, number)


def read_while_appended(folder: Path, seed: int) -> str:
    """Verify over and over while another process appends: never a finding, and the record only grows."""
    data = folder / "data"
    store = Store(data)
    store.append("models", MODELS)
    for number in range(2):
        morning(store, number)
    process = multiprocessing.get_context("spawn").Process(target=append_mornings, args=(data,))
    process.start()
    sizes, heads = [], []
    while process.is_alive():
        ledger = verify(store)
        sizes.append((ledger.n_rows, len(ledger.outcomes)))
        heads.append(ledger.head_hash)
    process.join()
    assert process.exitcode == 0
    assert sizes == sorted(sizes)
    for head in set(heads):
        verify(store, expected_head=head)
    assert verify(store).n_rows == N_MORNINGS * 8
    return f"{len(sizes)} verifications of {len(set(sizes))} states"


def cases() -> list[Case]:
    """Return a case for each."""
    vintages = {
        "a vendor's rounding": 1 + 3e-6,
        "a split of 2 for 1 later": 0.5,
        "1 for 10": 10.0,
        "a coarse repeat": 1.00009,
    }
    return [
        Case("untouched", untouched, short=True),
        Case("every head that was printed is found", every_head_is_found),
        *(Case(f"maintained {n} times", partial(maintained, times=n)) for n in (1, 3)),
        *(
            Case(f"bars again: {what}", partial(later_vintages, factor=factor, what=what))
            for what, factor in vintages.items()
        ),
        Case("a healed bar", corrected, short=True),
        Case("an old store goes on", upgraded),
        *(
            Case(f"runs killed before they note {table}", partial(killed_before_a_head, table=table))
            for table in ("ledger_heads", "outcome_heads")
        ),
        Case("verified while another process appends", read_while_appended, n_inputs=4),
    ]
