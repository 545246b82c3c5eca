"""The forecast ledger: what was forecast before the outcome can't be rewritten unnoticed.

Each row carries the hash of the row before it and of itself. A second table, `ledger_heads`, notes the length and the
last hash after each append, so that a cut end shows too; and the log of the Delta table shows every commit that did
more than append. What this can't show: the whole data root put back to an earlier state, or both tables forged anew
from some row on. Against that, note the head hash that `verify` returns somewhere else, and give it as `expected_head`.
"""

import hashlib
import json
import math
from collections.abc import Collection, Sequence
from dataclasses import dataclass

import pandas as pd

from stockseq.errors import DataError, LedgerBroken, StoreError, counted
from stockseq.schemas import FORECASTS, RANK_AND_SIZE, Labels, as_forecasts
from stockseq.sessions import CLOSE_LAG, TradingCalendar
from stockseq.store import TABLES, Appended, Store, arrange

GENESIS = "0" * 64
OUTCOME = ["realised_return", "realised_variance"]
IDENTITY = ["ticker", "session", "model_id", "probability_up", "expected_return"]
HASHED = [column for column in TABLES["forecasts"].columns if column not in (*RANK_AND_SIZE, "previous_hash", "hash")]


@dataclass(frozen=True, repr=False, eq=False)
class Ledger:
    """The ledger as verified, read once.

    Parameters
    ----------
    forecasts : DataFrame of n_rows rows
        The chain, in its order.
    outcomes : DataFrame of n_outcomes rows
        forecast_id, realised_return (fraction) and scored_at of every forecast whose trade is over.
    """

    forecasts: pd.DataFrame
    outcomes: pd.DataFrame

    @property
    def n_rows(self) -> int:
        """The length of the chain."""
        return len(self.forecasts)

    @property
    def head_hash(self) -> str:
        """The hash of the last row; 64 zeros where there is none. Note it elsewhere to be sure of all rows up to it."""
        return str(self.forecasts["hash"].iloc[-1]) if self.n_rows else GENESIS

    def as_of(self, instant: pd.Timestamp) -> "Ledger":
        """Return what was forecast and scored at `instant` (tz-aware) or before."""
        forecasts, outcomes = self.forecasts, self.outcomes
        return Ledger(
            forecasts[forecasts["made_at"] <= instant].reset_index(drop=True),
            outcomes[outcomes["scored_at"] <= instant].reset_index(drop=True),
        )

    def of_models(self, model_ids: Collection[str]) -> "Ledger":
        """Return what these models forecast, in the order of the chain."""
        made = self.forecasts["model_id"].isin(list(model_ids))
        return Ledger(self.forecasts[made].reset_index(drop=True), self.outcomes)

    def extend(self, *appended: Appended) -> "Ledger":
        """Return the ledger after appends of forecasts or outcomes, as `verify` would read it again."""
        tables = {"forecasts": self.forecasts, "outcomes": self.outcomes}
        for written in appended:
            if written.n_rows:
                rows = pd.concat([tables[written.table], written.rows], ignore_index=True)
                tables[written.table] = arrange(rows, TABLES[written.table])
        return Ledger(**tables)

    def __repr__(self) -> str:
        n_rows, n_outcomes = counted(self.n_rows, "forecast"), counted(len(self.outcomes), "outcome")
        return f"<{type(self).__name__}: {n_rows}, {n_outcomes}, head {self.head_hash[:12]}>"


def append_forecasts(
    store: Store,
    forecasts: pd.DataFrame,
    *,
    made_at: pd.Timestamp,
    model_id: str,
    calendar: TradingCalendar,
    ledger: Ledger | None = None,
) -> Appended:
    """Chain the forecasts that are not in the ledger yet onto it, in one commit; return their rows.

    Parameters
    ----------
    store, forecasts : Store, DataFrame with the columns of `FORECASTS`
        Further columns are left out.
    made_at : Timestamp, tz-aware
        A row whose session had opened by then is marked late.
    model_id, calendar : str, TradingCalendar
        The model that made them, and its exchange's sessions.
    ledger : Ledger, optional
        As `verify` gave it, with what was appended since; read and verified here without it.

    Returns
    -------
    Appended
        The new rows. A forecast of the same numbers by the same model for the same session is not a new one.

    Raises
    ------
    DataError
        If the frame is no forecasts, or names a session that the calendar doesn't hold.
    StoreError
        If the ledger's newest forecast was made after `made_at`, so that this one would be backdated.
    LedgerBroken
        If the ledger doesn't verify: a broken record can't be continued as if it were whole.

    Examples
    --------
    >>> import tempfile
    >>> store = Store(tempfile.mkdtemp())
    >>> forecasts = pd.DataFrame({"ticker": "AAPL", "session": pd.to_datetime(["2024-02-06"]), "probability_up": 0.53,
    ...     "expected_return": 0.001, "decision_at": pd.Timestamp("2024-02-06 14:00", tz="UTC")})
    >>> calendar = TradingCalendar("XNYS", pd.Timestamp("2024-02-01"), pd.Timestamp("2024-02-29"))
    >>> made = {"made_at": pd.Timestamp("2024-02-06 14:05", tz="UTC"), "model_id": "m1", "calendar": calendar}
    >>> append_forecasts(store, forecasts, **made), append_forecasts(store, forecasts, **made)
    (<Appended: 1 row to forecasts>, <Appended: 0 rows to forecasts>)
    >>> verify(store)
    <Ledger: 1 forecast, 0 outcomes, head f33dd417d6d7>
    """
    ledger = verify(store) if ledger is None else ledger
    rows = _entries(as_forecasts(forecasts), made_at=made_at, model_id=model_id, calendar=calendar)
    appended = store.append("forecasts", _chained(rows, ledger, made_at=made_at))
    _note_head(store, ledger.extend(appended), made_at)
    return appended


def verify(store: Store, *, expected_head: str | None = None) -> Ledger:
    """Read the ledger once, and check each row against its hash, the row before it, the noted heads and the log.

    Outcomes are no part of the chain, since anybody can recompute them from prices; what is checked is that no commit
    ever changed one.

    Parameters
    ----------
    store : Store
        Whose `forecasts` table is the ledger.
    expected_head : str or None, default=None
        A head hash noted elsewhere; it must still be the hash of some row.

    Returns
    -------
    Ledger
        Note its `head_hash` elsewhere to be sure of all rows up to it for good.

    Raises
    ------
    LedgerBroken
        Naming the first row that was edited, removed, added or moved.
    """
    forecasts = store.read("forecasts")
    hashes = _verified_hashes(forecasts)
    heads = store.read("ledger_heads")
    for n_rows, noted, when in zip(heads["n_rows"].tolist(), heads["hash"], heads["made_at"], strict=True):
        if n_rows > len(hashes):
            raise _broken(f"row {len(hashes) + 1}", f"it is missing, and there were {n_rows} rows at {when}")
        if hashes[n_rows - 1] != noted:
            raise _broken(f"row {n_rows}", f"its hash was {noted} at {when}, so it or a row before it was rewritten")
    for table in ("forecasts", "ledger_heads", "outcomes"):
        for rewrite in store.rewrites(table):
            raise _broken(f"{rewrite} of the table `{table}`", "this commit did more than append")
    if expected_head is not None and expected_head not in {GENESIS, *hashes}:
        raise _broken("some row", f"none has the expected hash {expected_head}, so rows were rewritten or cut")
    return Ledger(forecasts, store.read("outcomes"))


def append_outcomes(
    store: Store,
    labels: Labels,
    *,
    scored_at: pd.Timestamp,
    model_ids: Collection[str] | None = None,
    ledger: Ledger | None = None,
) -> Appended:
    """Note the realised return of each forecast whose trade is over, once and for all; return the new outcomes.

    Parameters
    ----------
    store : Store
        With forecasts in its ledger.
    labels : Labels
        The returns of the trades; a label counts once the bar of its exit is final at `scored_at`.
    scored_at : Timestamp, tz-aware
        The instant of the scoring.
    model_ids : collection of str, optional
        Only the forecasts of these models, where models forecast different trades.
    ledger : Ledger, optional
        As `verify` gave it, with what was appended since; read and verified here without it.

    Returns
    -------
    Appended
        The new outcomes. An outcome that is there stays, even if a later vintage of the bar would give another return.
    """
    final = labels[labels["exit_at"] + CLOSE_LAG <= scored_at]
    forecasts = open_forecasts(verify(store) if ledger is None else ledger)
    if model_ids is not None:
        forecasts = forecasts[forecasts["model_id"].isin(model_ids)]
    scored = forecasts[["forecast_id", "ticker", "session"]].merge(
        final[["ticker", "session", *OUTCOME]], on=["ticker", "session"]
    )
    outcomes = scored[["forecast_id", *OUTCOME]].assign(scored_at=scored_at)
    return store.append("outcomes", outcomes)


def open_forecasts(ledger: Ledger) -> pd.DataFrame:
    """Return the rows of the ledger that have no outcome yet."""
    return ledger.forecasts[~ledger.forecasts["forecast_id"].isin(ledger.outcomes["forecast_id"])]


def live_record(ledger: Ledger) -> pd.DataFrame:
    """Return the last on-time forecast of each ticker and session whose outcome is known.

    Returns
    -------
    DataFrame of shape (n_scored, n_columns)
        The ledger's columns with `realised_return` (fraction) and `scored_at`, sorted by session and ticker. A forecast
        that was late is never in it.
    """
    on_time = ledger.forecasts[~ledger.forecasts["late"]].drop_duplicates(["ticker", "session"], keep="last")
    scored = on_time.merge(ledger.outcomes, on="forecast_id", validate="one_to_one")
    return scored.sort_values(["session", "ticker"], kind="stable", ignore_index=True)


def _entries(
    forecasts: pd.DataFrame, *, made_at: pd.Timestamp, model_id: str, calendar: TradingCalendar
) -> pd.DataFrame:
    """Return the ledger's rows without their place in the chain."""
    opens = forecasts["session"].map(calendar.schedule["open"])
    if opens.isna().any():
        row = forecasts[opens.isna()].iloc[0]
        raise DataError(f"{row['session']} is no session of {calendar.exchange}, but is forecast for {row['ticker']}.")
    rows = forecasts[list(FORECASTS)].assign(made_at=made_at, opens_at=opens, late=made_at >= opens, model_id=model_id)
    # What is hashed must be what is stored: UTC, in microseconds.
    typed = rows.astype({name: dtype for name, dtype in TABLES["forecasts"].columns.items() if name in rows})
    return typed.assign(forecast_id=[_digest(values) for values in _texts(typed, IDENTITY)])


def _chained(rows: pd.DataFrame, ledger: Ledger, *, made_at: pd.Timestamp) -> pd.DataFrame:
    """Return the rows that the ledger lacks, numbered on, each with the hash of the row before it and its own."""
    fresh = rows[~rows["forecast_id"].isin(ledger.forecasts["forecast_id"])]
    made_before, n_before = ledger.forecasts["made_at"], ledger.n_rows
    if len(fresh) and (made_before > made_at).any():
        raise StoreError(
            f"The ledger's newest forecast was made at {made_before.max()}, so none can be entered as of {made_at}; "
            "use another data root to replay the past."
        )
    numbered = fresh.assign(sequence=range(n_before + 1, n_before + 1 + len(fresh)), previous_hash="")
    hashes = [ledger.head_hash]
    for content in _texts(numbered, HASHED):
        hashes.append(_digest([*content, hashes[-1]]))
    return numbered.assign(previous_hash=hashes[:-1], hash=hashes[1:])


def _verified_hashes(forecasts: pd.DataFrame) -> list[str]:
    """Return the hashes in order; raise `LedgerBroken` at the first row that doesn't follow from the one before it."""
    hashes: list[str] = []
    columns = ["sequence", "ticker", "previous_hash", "hash", "forecast_id"]
    rows = zip(*(forecasts[column].tolist() for column in columns), strict=True)
    texts = zip(_texts(forecasts, HASHED), _texts(forecasts, IDENTITY), strict=True)
    for (sequence, ticker, previous, stored_hash, forecast_id), (content, identity) in zip(rows, texts, strict=True):
        number = len(hashes) + 1
        name = f"row {number} ({ticker}, {identity[1][:10]})"
        if sequence > number:
            raise _broken(f"row {number}", "it is missing")
        if sequence < number:
            raise _broken(f"row {sequence}", "it is there twice")
        if stored_hash != _digest([*content, previous]) or forecast_id != _digest(identity):
            raise _broken(name, "it was edited after it was made")
        if previous != (hashes[-1] if hashes else GENESIS):
            raise _broken(name, "it doesn't follow the row before it")
        hashes.append(stored_hash)
    return hashes


def _broken(where: str, reason: str) -> LedgerBroken:
    return LedgerBroken(
        f"The forecast ledger is broken at {where}: {reason}. Put the store back from a copy, or move the tables "
        "`forecasts`, `ledger_heads` and `outcomes` aside to begin a new record."
    )


def _note_head(store: Store, ledger: Ledger, made_at: pd.Timestamp) -> None:
    """Note how long the ledger is; also what a killed run appended and did not come to note."""
    last = ledger.forecasts[["sequence", "hash"]].tail(1)
    # A head that is noted stays as it is.
    store.append("ledger_heads", last.rename(columns={"sequence": "n_rows"}).assign(made_at=made_at))


def _texts(rows: pd.DataFrame, columns: Sequence[str]) -> list[list[str]]:
    """Return each row as canonical texts: floats by their hexadecimal digits, times in UTC to the microsecond.

    Rank and size follow by name where a row has them, so that a row from before they were forecast keeps its hash.
    """
    texts = [_canonical(rows[column]) for column in columns]
    added = [_named(rows[column]) for column in RANK_AND_SIZE]
    return [
        [*values, *(text for text in named if text)]
        for values, named in zip(zip(*texts, strict=True), zip(*added, strict=True), strict=True)
    ]


def _named(column: pd.Series) -> list[str]:
    """Return `name=value` of each row, or "" where there is no value."""
    return ["" if math.isnan(value) else f"{column.name}={value.hex()}" for value in column.tolist()]


def _canonical(column: pd.Series) -> list[str]:
    values = column.tolist()
    if column.dtype.kind == "f":
        return [value.hex() for value in values]
    if column.dtype.kind == "M":
        return [value.isoformat(timespec="microseconds") for value in values]
    return [str(value) for value in values]


def _digest(values: Sequence[str]) -> str:
    """Hash texts; as a JSON list, so that no text can pass for two."""
    return hashlib.sha256(json.dumps(list(values)).encode()).hexdigest()
