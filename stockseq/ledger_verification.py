"""Read the forecast ledger, and check each row against its hash, the row before it, the noted heads and the logs."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from stockseq.hash_chain import GENESIS, Chain, broken, digest
from stockseq.schemas import RANK_AND_SIZE
from stockseq.store import TABLES, Store

OUTCOME = ["realised_return", "realised_variance"]
IDENTITY = ["ticker", "session", "model_id", "probability_up", "expected_return"]
LATER = (*RANK_AND_SIZE, "outcomes_hash")
MADE = Chain(
    "row",
    [column for column in TABLES["forecasts"].columns if column not in (*LATER, "previous_hash", "hash")],
    LATER,
)
SCORED = Chain("outcome", ["sequence", "forecast_id", "scored_at", *OUTCOME, "forecasts_hash"])
# Outcomes of before they were chained; the first chained one follows the hash of all of them.
UNCHAINED = Chain("outcome", ["forecast_id", "scored_at", *OUTCOME])
# Where the heads of each chain are noted.
HEADS = {"forecasts": "ledger_heads", "outcomes": "outcome_heads"}


@dataclass(frozen=True, repr=False, eq=False)
class VerifiedTables:
    """The two chains as they were read and found whole.

    Parameters
    ----------
    forecasts, outcomes : DataFrame
        In the order of their chains; outcomes of before they were chained come last.
    noted : mapping of table to int
        How many rows of each chain have their head noted; -1 where there is no head.
    hashes : collection of str
        Of every row, and of a chain without one.
    """

    forecasts: pd.DataFrame
    outcomes: pd.DataFrame
    noted: Mapping[str, int]
    hashes: Collection[str]


def read_verified(store: Store, *, clock: pd.Timestamp | None = None) -> VerifiedTables:
    """Read both chains and return them; raise `LedgerBroken` where one was edited, cut, extended or reordered.

    The heads are read first, then the outcomes, then the forecasts: what another process appends in between is seen by
    the later reads only, and a later read holds all that an earlier one speaks of.

    Parameters
    ----------
    store : Store
    clock : Timestamp, tz-aware, or None, default=None
        The machine's time; a commit that is dated a day later or more is a finding. None doesn't ask.
    """
    heads = {table: store.read(noted) for table, noted in HEADS.items()}
    read, forecasts = store.read("outcomes"), store.read("forecasts")
    made = _verified_forecasts(forecasts)
    seen = set(forecasts["outcomes_hash"].dropna())
    # A forecast may follow an outcome that was written after the outcomes were read.
    late = not seen <= {unchained_hash(read), *read["hash"].dropna()}
    outcomes = store.read("outcomes") if late else read
    unchained, scored = unchained_hash(outcomes), _verified_outcomes(outcomes)
    _require_each_other(forecasts, outcomes, {GENESIS, *made}, {unchained, *scored}, read=read)
    noted = {
        "forecasts": MADE.require_heads(heads["forecasts"], made, genesis=GENESIS),
        "outcomes": SCORED.require_heads(heads["outcomes"], scored, genesis=unchained),
    }
    _require_noted(store, "forecasts", MADE, forecasts["made_at"], noted["forecasts"])
    scored_at = outcomes.loc[outcomes["sequence"].notna(), "scored_at"]
    _require_noted(store, "outcomes", SCORED, scored_at, noted["outcomes"])
    # Which forecasts count in which record is said by the table of the models.
    for table in (*HEADS, *HEADS.values(), "models"):
        for finding in store.rewrites(table, clock=clock):
            raise broken(f"the log of the table `{table}`", finding)
    return VerifiedTables(forecasts, outcomes, noted, {GENESIS, unchained, *made, *scored})


def unchained_hash(outcomes: pd.DataFrame) -> str:
    """Return the hash of all outcomes of before they were chained, 64 zeros where there is none."""
    unchained = outcomes[outcomes["sequence"].isna()].sort_values("forecast_id")
    texts = UNCHAINED.texts(unchained)
    return digest([text for row in texts for text in row]) if texts else GENESIS


def identities(forecasts: pd.DataFrame) -> list[list[str]]:
    """Return what makes each forecast one: who forecast what, of which ticker and session."""
    return Chain("row", IDENTITY, list(RANK_AND_SIZE)).texts(forecasts)


def _verified_forecasts(forecasts: pd.DataFrame) -> list[str]:
    contents = identities(forecasts)
    names = [f"{ticker}, {session[:10]}" for ticker, session, *_ in contents]
    intact = [row == digest(own) for row, own in zip(forecasts["forecast_id"], contents, strict=True)]
    return MADE.verify(forecasts, genesis=GENESIS, names=names, intact=intact)


def _verified_outcomes(outcomes: pd.DataFrame) -> list[str]:
    chained = outcomes[outcomes["sequence"].notna()]
    whole = np.isfinite(chained["sequence"])
    # A number that is no integer is in nobody's chain.
    typed = chained.assign(sequence=chained["sequence"].where(whole, -1.0).astype("int64"))
    intact = (typed["sequence"] == chained["sequence"]).tolist()
    names = [f"of the forecast {forecast_id[:12]}" for forecast_id in chained["forecast_id"]]
    return SCORED.verify(typed, genesis=unchained_hash(outcomes), names=names, intact=intact)


def _require_each_other(
    forecasts: pd.DataFrame,
    outcomes: pd.DataFrame,
    made: Collection[str],
    scored: Collection[str],
    *,
    read: pd.DataFrame,
) -> None:
    """Raise `LedgerBroken` where a row follows a hash of the other chain, or a forecast, that isn't there.

    `read` are the outcomes that were read before the forecasts.
    """
    unseen = forecasts[forecasts["outcomes_hash"].notna() & ~forecasts["outcomes_hash"].isin(scored)]
    if len(unseen):
        row = unseen.iloc[0]
        where = f"the outcomes before row {row['sequence']} ({row['ticker']}, {row['session'].date()})"
        raise broken(where, "they were edited or removed after that forecast was made")
    if outcomes["sequence"].isna().sum() != outcomes.loc[outcomes["sequence"].isna(), "forecast_id"].nunique():
        raise broken("the outcomes of before they were chained", "a forecast has two of them")
    strange = read[~read["forecast_id"].isin(forecasts["forecast_id"])]
    if len(strange):
        row = strange.iloc[0]
        raise broken(
            f"the outcome of the forecast {row['forecast_id'][:12]} scored at {row['scored_at']}",
            "there is no such forecast",
        )
    unmade = read[read["forecasts_hash"].notna() & ~read["forecasts_hash"].isin(made)]
    if len(unmade):
        raise broken(
            f"the forecasts before outcome {unmade['sequence'].iloc[0]:g}",
            "they were edited or removed after that outcome was scored",
        )


def _require_noted(store: Store, table: str, chain: Chain, written_at: pd.Series, n_noted: int) -> None:
    """Raise `LedgerBroken` where more than the last run's rows have no noted head: a killed run leaves no more."""
    first = max(n_noted, 0)
    if len(written_at.iloc[first:].unique()) > 1:
        # Another run may have written and noted some since the heads were read.
        first = max([first, *store.read(HEADS[table])["n_rows"]])
    if len(written_at.iloc[first:].unique()) > 1:
        raise broken(f"the noted heads of {chain.noun} {first + 1} and later", "they were removed")
