"""The ledger's command: a head that is given is looked for, whichever way the command is written."""

import pytest

from pipelines.ledger import run_ledger_check
from stockseq.errors import LedgerBroken
from stockseq.forecast_ledger import verify
from stockseq.store import Store


def test_a_head_is_looked_for_without_verify_too(begun, mornings, capsys):
    """`stockseq ledger --head HASH` that says nothing would pass for a proof."""
    with pytest.raises(LedgerBroken, match="none has the expected hash 1111"):
        run_ledger_check(begun, mornings[0], check=False, head="1" * 64)
    run_ledger_check(begun, mornings[0], check=False, head=verify(Store(begun.data)).head_hash)
    assert "every hash as it was written" in capsys.readouterr().out
