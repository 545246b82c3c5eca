"""A book of mixed currencies is refused."""

import pytest

from stockseq.errors import SourceError
from stockseq.ingestion.ingest import require_one_currency


def test_pence_and_pounds_are_two_currencies() -> None:
    """A price of 250 GBp is 2.50 GBP; one account of both would be wrong by a hundred."""
    require_one_currency({})
    require_one_currency({"KOL.L": "GBp", "MALT.L": "GBp"})
    with pytest.raises(SourceError, match=r"GBp: KOL\.L; GBP: LIMO\.L"):
        require_one_currency({"KOL.L": "GBp", "LIMO.L": "GBP"})
