"""The forecast ledger: neither what was forecast nor what came of it can be rewritten unnoticed.

Forecasts are one chain, outcomes another: each row carries the hash of the row before it and of itself, and the last
hash of the other chain when it was written. `ledger_heads` and `outcome_heads` note the length and the last hash of
each chain after each append, so that a cut end shows too; and the log of each Delta table shows the commits that did
more than append. What this can't show: the whole data root put back to an earlier state, or all chains forged anew from
some row on. Against that, note the head hash that `verify` returns somewhere else, and give it as `expected_head`.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace

import numpy as np
import pandas as pd

from stockseq.errors import DataError, StoreError, counted
from stockseq.hash_chain import GENESIS, broken, digest
from stockseq.ledger_verification import HEADS, MADE, OUTCOME, SCORED, identities, read_verified, unchained_hash
from stockseq.schemas import FORECASTS, Labels, as_forecasts
from stockseq.sessions import CLOSE_LAG, TradingCalendar
from stockseq.store import TABLES, Appended, Store, arrange

# Before the open: its forecasts know the night's news.
MORNING = pd.Timedelta(hours=12)
# A vendor repeats its prices to about one part in a million. Beyond this a return was another one, ...
RETURN_TOLERANCE = 1e-4
# ... and so was a volatility, the root of the variance.
VOLATILITY_TOLERANCE = 5e-4


@dataclass(frozen=True, repr=False, eq=False)
class Ledger:
    """The ledger as verified, read once.

    Parameters
    ----------
    forecasts : DataFrame of n_rows rows
        The chain, in its order.
    outcomes : DataFrame of n_outcomes rows
        forecast_id, realised_return (fraction) and scored_at of every forecast whose trade is over. A corrected one has
        a later row of the same forecast; see `newest_outcomes`.
    noted : mapping of table to int, optional
        How many rows of each chain have their head noted.
    """

    forecasts: pd.DataFrame
    outcomes: pd.DataFrame
    noted: Mapping[str, int] = field(default_factory=dict)

    @property
    def n_rows(self) -> int:
        """The length of the chain of forecasts."""
        return len(self.forecasts)

    @property
    def n_chained(self) -> int:
        """The length of the chain of outcomes."""
        return int(self.outcomes["sequence"].notna().sum())

    @property
    def forecasts_head(self) -> str:
        """The hash of the last forecast; 64 zeros where there is none."""
        return str(self.forecasts["hash"].iloc[-1]) if self.n_rows else GENESIS

    @property
    def outcomes_head(self) -> str:
        """The hash of the last outcome; of all outcomes from before they were chained, or 64 zeros, without one."""
        chained = self.outcomes[self.outcomes["sequence"].notna()]
        return str(chained["hash"].iloc[-1]) if len(chained) else unchained_hash(self.outcomes)

    @property
    def head_hash(self) -> str:
        """The hash of the row that was written last, forecast or outcome; it covers all rows of both before it.

        A row holds the last hash of the other chain, as its writer knew it.
        """
        chained = self.outcomes[self.outcomes["sequence"].notna()]
        scored_last = len(chained) and chained["forecasts_hash"].iloc[-1] == self.forecasts_head
        return self.outcomes_head if scored_last else self.forecasts_head

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
        """Return the ledger after `append_forecasts` or `append_outcomes`, as `verify` would read it again."""
        tables = {"forecasts": self.forecasts, "outcomes": self.outcomes}
        for written in appended:
            if written.n_rows:
                rows = pd.concat([tables[written.table], written.rows], ignore_index=True)
                tables[written.table] = arrange(rows, TABLES[written.table])
        extended = Ledger(tables["forecasts"], tables["outcomes"])
        return replace(extended, noted={"forecasts": extended.n_rows, "outcomes": extended.n_chained})

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
    fresh = rows[~rows["forecast_id"].isin(ledger.forecasts["forecast_id"])]
    made_before = ledger.forecasts["made_at"]
    if len(fresh) and (made_before > made_at).any():
        raise StoreError(
            f"The ledger's newest forecast was made at {made_before.max()}, so none can be entered as of {made_at}; "
            "use another data root to replay the past."
        )
    fresh = fresh.assign(outcomes_hash=ledger.outcomes_head if len(ledger.outcomes) else None)
    chained = MADE.link(fresh, n_before=ledger.n_rows, head=ledger.forecasts_head)
    return _append(store, "forecasts", chained, ledger, at=made_at)


def verify(store: Store, *, expected_head: str | None = None, clock: pd.Timestamp | None = None) -> Ledger:
    """Read the ledger once, and check each row against its hash, the row before it, the noted heads and the logs.

    Parameters
    ----------
    store : Store
        Whose tables `forecasts` and `outcomes` are the ledger.
    expected_head : str or None, default=None
        A head hash noted elsewhere; it must still be the hash of some forecast or outcome.
    clock : Timestamp, tz-aware, or None, default=None
        The machine's time; a commit that is dated a day later or more is a finding. None doesn't ask.

    Returns
    -------
    Ledger
        Note its `head_hash` elsewhere to be sure of all rows up to it for good.

    Raises
    ------
    LedgerBroken
        Naming the first row that was edited, removed, added or moved.
    StoreError
        If a table can't be read.
    """
    read = read_verified(store, clock=clock)
    if expected_head is not None and expected_head not in read.hashes:
        raise broken("some row", f"none has the expected hash {expected_head}, so rows were rewritten or cut")
    return Ledger(read.forecasts, read.outcomes, read.noted)


def append_outcomes(
    store: Store,
    labels: Labels,
    *,
    scored_at: pd.Timestamp,
    model_ids: Collection[str] | None = None,
    ledger: Ledger | None = None,
) -> Appended:
    """Note the realised return of each forecast whose trade is over; return the new outcomes.

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
        The new outcomes. One that is there stays; where `labels`, of later vintages of the bars, give another return
        or volatility, beyond what a vendor rounds, a corrected one is added to the chain, and counts from `scored_at`.

    Raises
    ------
    StoreError
        If the newest outcome was scored after `scored_at`, so that a new one would be backdated.
    LedgerBroken
        If the ledger doesn't verify.
    """
    final = labels[labels["exit_at"] + CLOSE_LAG <= scored_at]
    ledger = verify(store) if ledger is None else ledger
    forecasts = ledger.forecasts
    if model_ids is not None:
        forecasts = forecasts[forecasts["model_id"].isin(model_ids)]
    realised = forecasts[["forecast_id", "ticker", "session"]].merge(
        final[["ticker", "session", *OUTCOME]], on=["ticker", "session"]
    )
    stored = newest_outcomes(ledger)[["forecast_id", *OUTCOME, "scored_at"]]
    pairs = realised.merge(stored, on="forecast_id", how="left", suffixes=("", "_stored"))
    # What was scored later than this was scored from later vintages.
    healed = differs_from_stored(pairs) & (pairs["scored_at"] < scored_at)
    fresh = pairs.loc[pairs["scored_at"].isna() | healed, ["forecast_id", *OUTCOME]]
    scored_before = ledger.outcomes["scored_at"]
    if len(fresh) and (scored_before > scored_at).any():
        raise StoreError(
            f"The ledger's newest outcome was scored at {scored_before.max()}, so none can be entered as of "
            f"{scored_at}; use another data root to replay the past."
        )
    # What is hashed must be what is stored: UTC, in microseconds.
    typed = fresh.assign(scored_at=scored_at, forecasts_hash=ledger.forecasts_head)
    typed = typed.astype({name: TABLES["outcomes"].columns[name] for name in map(str, typed)})
    chained = SCORED.link(typed, n_before=ledger.n_chained, head=ledger.outcomes_head)
    return _append(store, "outcomes", chained, ledger, at=scored_at)


def differs_from_stored(pairs: pd.DataFrame) -> pd.Series:
    """Return which stored outcomes are no more what the bars give, beyond what a vendor rounds.

    Parameters
    ----------
    pairs : DataFrame of n_pairs rows
        realised_return (fraction) and realised_variance as computed, and both as stored, with `_stored` in the name.

    Returns
    -------
    Series of bool, of shape (n_pairs,)
        False where a value is NaN.
    """
    returns = (1.0 + pairs["realised_return"]) / (1.0 + pairs["realised_return_stored"]) - 1.0
    volatilities = np.sqrt(pairs["realised_variance"]) - np.sqrt(pairs["realised_variance_stored"])
    return (returns.abs() > RETURN_TOLERANCE) | (volatilities.abs() > VOLATILITY_TOLERANCE)


def open_forecasts(ledger: Ledger) -> pd.DataFrame:
    """Return the rows of the ledger that have no outcome yet."""
    return ledger.forecasts[~ledger.forecasts["forecast_id"].isin(ledger.outcomes["forecast_id"])]


def newest_outcomes(ledger: Ledger) -> pd.DataFrame:
    """Return the outcome of each forecast that counts: the last one of its rows."""
    ordered = ledger.outcomes.sort_values("sequence", na_position="first", kind="stable")
    return ordered.drop_duplicates("forecast_id", keep="last", ignore_index=True)


def corrected_outcomes(ledger: Ledger) -> pd.DataFrame:
    """Return the outcomes that counted once and were corrected, with what counts now.

    Returns
    -------
    DataFrame of shape (n_corrected, n_columns)
        forecast_id, realised_return_first and realised_return (fractions), and scored_at of the newest; in the order of
        the corrections.
    """
    ordered = ledger.outcomes.sort_values("sequence", na_position="first", kind="stable")
    first = ordered.drop_duplicates("forecast_id")[["forecast_id", "realised_return"]]
    again = ordered.loc[ordered.duplicated("forecast_id"), ["forecast_id", "realised_return", "scored_at"]]
    newest = again.drop_duplicates("forecast_id", keep="last")
    return newest.merge(first, on="forecast_id", suffixes=("", "_first"))


def standing_forecasts(ledger: Ledger) -> pd.DataFrame:
    """Return the forecast of each ticker and session that counts: the first of its morning, made in time.

    A morning is the twelve hours before the open. What was forecast before that, such as after the last close, lacks
    news that the decision is to know, so the morning's takes its place; without a morning's the last of them counts.
    A second one of the morning doesn't: whoever saw prices before the open could choose by it which of two counts.
    """
    on_time = ledger.forecasts[~ledger.forecasts["late"]]
    early = on_time["made_at"] < on_time["opens_at"] - MORNING
    key = ["ticker", "session"]
    firsts, lasts = on_time[~early].drop_duplicates(key), on_time[early].drop_duplicates(key, keep="last")
    return pd.concat([firsts, lasts]).drop_duplicates(key)


def live_record(ledger: Ledger) -> pd.DataFrame:
    """Return the standing forecast of each ticker and session whose outcome is known; see `standing_forecasts`.

    Returns
    -------
    DataFrame of shape (n_scored, n_columns)
        The ledger's columns with `realised_return` (fraction) and `scored_at`, sorted by session and ticker. A forecast
        that was late is never in it.
    """
    scored = standing_forecasts(ledger).merge(
        newest_outcomes(ledger)[["forecast_id", *OUTCOME, "scored_at"]], on="forecast_id", validate="one_to_one"
    )
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
    return typed.assign(forecast_id=[digest(values) for values in identities(typed)])


def _append(store: Store, table: str, rows: pd.DataFrame, ledger: Ledger, *, at: pd.Timestamp) -> Appended:
    """Append rows to a chain and note the heads; first also what a killed run appended and did not come to note."""
    _note_heads(store, ledger, at)
    appended = store.append(table, rows)
    _note_heads(store, replace(ledger.extend(appended), noted=ledger.noted), at)
    return appended


def _note_heads(store: Store, ledger: Ledger, at: pd.Timestamp) -> None:
    """Note how long the chains are. A head that is noted stays as it is."""
    lengths = {
        "forecasts": (ledger.n_rows, ledger.forecasts_head),
        "outcomes": (ledger.n_chained, ledger.outcomes_head),
    }
    for table, (n_rows, head) in lengths.items():
        if head != GENESIS and ledger.noted.get(table, -1) < n_rows:
            store.append(HEADS[table], pd.DataFrame({"n_rows": [n_rows], "hash": head, "made_at": at}))
