"""One account holds one currency, and a store remembers which."""

from pathlib import Path

import pandas as pd
import pytest

from stockseq.errors import SourceError
from stockseq.ingestion.currencies import join_currencies, read_currencies, record_currencies
from stockseq.store import Store

AT = pd.Timestamp("2024-11-29T12:00Z")


def test_pence_and_pounds_do_not_mix(tmp_path: Path) -> None:
    """A hundredfold price beside its own pounds would be a hundredfold position."""
    store = Store(tmp_path)
    assert join_currencies(store, {}, [], as_of=AT) == {}
    assert join_currencies(store, {"KOL.L": "GBp", "MALT.L": "GBp"}, [], as_of=AT) == {"KOL.L": "GBp", "MALT.L": "GBp"}
    with pytest.raises(SourceError, match=r"2 currencies \(GBP: LIMO\.L; GBp: KOL\.L\)"):
        join_currencies(store, {"KOL.L": "GBp", "LIMO.L": "GBP"}, [], as_of=AT)


def test_a_later_fetch_does_not_mix_with_what_is_stored(tmp_path: Path) -> None:
    """New tickers alone are fetched, and their currency is held against that of the others."""
    store, later = Store(tmp_path), AT + pd.Timedelta(days=1)
    record_currencies(store, {"KOLA": "USD"}, at=AT)
    record_currencies(store, {"KOLA": "USD"}, at=later)
    assert len(store.read("currencies")) == 1
    assert read_currencies(store, ["KOLA", "LIMO"], as_of=later) == {"KOLA": "USD"}
    with pytest.raises(SourceError, match=r"EUR: LIMO\.DE; USD: KOLA"):
        join_currencies(store, {"LIMO.DE": "EUR"}, ["KOLA"], as_of=later)
