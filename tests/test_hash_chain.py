"""Hash chains over frames: numbered, linked, and verified from the first row on."""

import hashlib
import json

import pandas as pd
import pytest

from stockseq.errors import LedgerBroken
from stockseq.hash_chain import GENESIS, Chain

CHAIN = Chain("row", ["sequence", "name"], ["size"])
ROWS = pd.DataFrame({"name": ["a", "b", "c"], "size": [None, 0.5, None]}).astype({"size": "float64"})


def verify(rows: pd.DataFrame, genesis: str = GENESIS) -> list[str]:
    return CHAIN.verify(rows, genesis=genesis, names=rows["name"], intact=[True] * len(rows))


def test_each_hash_is_over_the_row_and_the_hash_before_it() -> None:
    """A named column counts only where it has a value, so that a row from before it keeps its hash."""
    linked = CHAIN.link(ROWS, n_before=0, head=GENESIS)
    first = hashlib.sha256(json.dumps(["1", "a", GENESIS]).encode()).hexdigest()
    second = hashlib.sha256(json.dumps(["2", "b", f"size={(0.5).hex()}", first]).encode()).hexdigest()
    assert linked["hash"].tolist()[:2] == [first, second]
    assert verify(linked) == linked["hash"].tolist()


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda rows: rows.assign(name=["a", "x", "c"]), r"row 2 \(x\): it was edited"),
        (lambda rows: rows.drop(index=1), "row 2: it is missing"),
        (lambda rows: rows.iloc[[0, 1, 1, 2]], "row 2: it is there twice"),
        (lambda rows: CHAIN.link(rows, n_before=0, head="1" * 64), r"row 1 \(a\): it doesn't follow"),
    ],
)
def test_the_first_row_that_does_not_follow_is_named(change, said: str) -> None:
    """Edited, removed, doubled, or of another chain."""
    with pytest.raises(LedgerBroken, match=said):
        verify(change(CHAIN.link(ROWS, n_before=0, head=GENESIS)))


def test_a_noted_head_holds_for_every_length_of_the_chain() -> None:
    """Also for none, where the chain begins with what was there before it."""
    hashes = verify(CHAIN.link(ROWS, n_before=0, head=GENESIS))
    heads = pd.DataFrame({"n_rows": [0, 2, 3], "hash": [GENESIS, *hashes[1:]], "made_at": "then"})
    assert CHAIN.require_heads(heads, hashes, genesis=GENESIS) == 3
    assert CHAIN.require_heads(heads.iloc[:0], hashes, genesis=GENESIS) == -1
    with pytest.raises(LedgerBroken, match="row 3: it is missing, and there were 3 rows at then"):
        CHAIN.require_heads(heads, hashes[:2], genesis=GENESIS)
    with pytest.raises(LedgerBroken, match="row 0: its hash was"):
        CHAIN.require_heads(heads, hashes, genesis="1" * 64)
