"""Which filer a ticker belongs to today, by the SEC's own list."""

from collections.abc import Mapping
from dataclasses import dataclass

from stockseq.sources.json_text import describe

LARGEST_CIK = 10**10 - 1


@dataclass(frozen=True)
class Filer:
    """One that files with the SEC: its number (CIK) and name."""

    cik: int
    name: str


@dataclass(frozen=True)
class Listing:
    """The SEC's list.

    Parameters
    ----------
    filers : mapping of ticker to Filer
        Class shares of one company share its filer. None is a ticker that the list gives to two.
    """

    filers: Mapping[str, Filer | None]

    def find(self, ticker: str) -> Filer | str:
        """Return the filer of a ticker, or a sentence that says why there is none.

        Examples
        --------
        >>> listing = read_listing({"0": {"cik_str": 1067983, "ticker": "BRK-B", "title": "BERKSHIRE HATHAWAY INC"}})
        >>> listing.find("BRK.B").cik, listing.find("KOLA")
        (1067983, "EDGAR's list of today has no ticker KOLA; one that has left the exchange is no longer in it")
        """
        for spelling in (ticker.upper(), _spelled(ticker)):
            if spelling in self.filers:
                return self.filers[spelling] or f"EDGAR's list gives the ticker {ticker} to two filers"
        return f"EDGAR's list of today has no ticker {ticker}; one that has left the exchange is no longer in it"


def read_listing(value: object) -> Listing:
    """Return the list that an answer holds; raise `ValueError` where it holds none.

    Parameters
    ----------
    value : JSON of company_tickers.json
        An entry that can't be read is passed over: its ticker has no filer, which is said of it when it is asked for.
    """
    entries = list(value.values()) if isinstance(value, Mapping) else []
    filers: dict[str, Filer | None] = {}
    for entry in entries:
        if not isinstance(entry, Mapping):
            continue
        cik, ticker, name = read_cik(entry.get("cik_str")), entry.get("ticker"), entry.get("title")
        if cik is None or not isinstance(ticker, str) or not ticker.strip():
            continue
        filer = Filer(cik, name if isinstance(name, str) else "")
        spelling = _spelled(ticker.strip())
        known = filers.setdefault(spelling, filer)
        if known is not None and known.cik != cik:
            filers[spelling] = None
    if not filers:
        raise ValueError(f"it holds no list of tickers, it is {describe(value)}")
    return Listing(filers)


def read_cik(value: object) -> int | None:
    """Return a filer's number, written as a number or in digits; None for anything else.

    Examples
    --------
    >>> read_cik(320193), read_cik("0000320193"), read_cik("320193.5"), read_cik(True)
    (320193, 320193, None, None)
    """
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) <= 10:
        value = int(value)
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 < value <= LARGEST_CIK else None


def _spelled(ticker: str) -> str:
    return ticker.upper().replace(".", "-")
