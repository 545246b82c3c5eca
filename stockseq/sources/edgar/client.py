"""What EDGAR is asked: paced, and each answer that can't change once only."""

import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final, TypeVar

import pandas as pd
import platformdirs

from stockseq.errors import SourceError, SourceUnreachable
from stockseq.sources.archive import require_setting
from stockseq.sources.edgar.cache import AnswerCache
from stockseq.sources.edgar.calibration import Calibration
from stockseq.sources.edgar.clock import read_header
from stockseq.sources.edgar.filings import Block, OlderFile, Submissions, read_block, read_submissions
from stockseq.sources.edgar.tickers import Filer, Listing, read_listing
from stockseq.sources.service import NotFound, Service, ServiceRefused
from stockseq.sources.settings import EdgarSettings

T = TypeVar("T")

LISTING_LASTS: Final = pd.Timedelta(days=1)
NO_CONTACT: Final = (
    "The SEC wants to be told who asks: write your name and e-mail address into the settings file, such as "
    'contact = "Jane Doe jane@example.com" under [edgar].'
)


class EdgarClient:
    """Asks EDGAR; the errors of `Service.get_json` are those of each method.

    Parameters
    ----------
    settings : EdgarSettings
    clock, sleep : callables
        As for `Service`.

    Raises
    ------
    SourceError
        If the settings name no contact.

    Examples
    --------
    >>> EdgarClient(EdgarSettings())
    Traceback (most recent call last):
    stockseq.errors.SourceError: The SEC wants to be told who asks: write your name and e-mail address into the settings
    file, such as contact = "Jane Doe jane@example.com" under [edgar].
    """

    def __init__(
        self,
        settings: EdgarSettings,
        *,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        contact = require_setting(settings.contact, missing=NO_CONTACT)
        headers = {"User-Agent": contact, "Accept": "application/json, text/html"}
        self._service = Service("EDGAR", settings, headers=headers, clock=clock, sleep=sleep)
        self._settings = settings
        self._cache = AnswerCache(settings.cache_folder or Path(platformdirs.user_cache_dir("stockseq")) / "edgar")
        self._listing: tuple[pd.Timestamp, Listing] | None = None

    def renew_budget(self) -> None:
        """Allow a new fetch to lose as much time as the settings say."""
        self._service.renew_budget()

    def fetch_listing(self, now: pd.Timestamp) -> Listing:
        """Return which ticker belongs to whom, as of at most a day before `now`."""
        if self._listing is None or abs(now - self._listing[0]) >= LISTING_LASTS:
            address = f"{self._settings.url}/files/company_tickers.json"
            self._listing = self._load_listing(address, now) or (now, self._ask_listing(address, now))
        return self._listing[1]

    def fetch_submissions(self, filer: Filer) -> Submissions | None:
        """Return the list of a filer's filings; None where EDGAR has none."""
        try:
            return self._ask(
                self._submissions(filer), lambda value: read_submissions(value, filer.cik, name=filer.name)
            )
        except NotFound:
            return None

    def fetch_older(self, file: OlderFile, *, afresh: bool = False) -> tuple[int, Block]:
        """Return how many filings a file has, and its block; `afresh` is not from disk.

        Whether a file still grows can't be told from its last day alone; while the filer's list, which is always asked
        for, counts as many filings of the same days in it, it is the same file.
        """
        address = f"{self._settings.data_url}/submissions/{file.name}"
        saved = self._cache.load(address, file.label) if file.label and not afresh else None
        if saved is not None and file.n_filings is not None:
            return file.n_filings, read_block(saved)
        try:
            n_given, block = self._ask(address, lambda value: (_count(value), read_block(value)))
        except NotFound as error:
            raise SourceError(f"EDGAR has no file {file.name}, which its own list names.") from error
        if file.label and n_given == file.n_filings:
            self._cache.save(address, file.label, block)
        return n_given, block

    def fetch_header(self, filer: Filer, accession: str) -> pd.Timestamp | None:
        """Return New York's clock at a filing's acceptance; None where there is no such page, or one without it.

        That nothing answers, or an error, says nothing of the filing: it is raised.
        """
        stamps: list[pd.Timestamp] = []
        n_pages = 0

        def check(page: str) -> None:
            nonlocal n_pages
            n_pages += 1
            stamps.append(read_header(page, accession))

        page = f"{self.filing_address(filer, accession)}-index-headers.html"
        try:
            self._refusing(lambda: self._service.get_text(page, check=check))
        except NotFound:
            return None
        except SourceError as error:
            if n_pages and not isinstance(error, ServiceRefused | SourceUnreachable):
                return None
            raise
        return stamps[-1]

    def load_calibration(self, filer: Filer) -> Calibration | None:
        """Return what was saved of a filer's clock; None where nothing usable was."""
        return Calibration.from_dict(self._cache.load(f"{self._submissions(filer)}#clock"))

    def save_calibration(self, filer: Filer, calibration: Calibration) -> None:
        """Save it, if asking again would tell the same."""
        if calibration.lasts:
            self._cache.save(f"{self._submissions(filer)}#clock", "", calibration.to_dict())

    def filing_address(self, filer: Filer, accession: str) -> str:
        """Return how the addresses of a filing's pages begin."""
        folder = f"{self._settings.url}/Archives/edgar/data/{filer.cik}/{accession.replace('-', '')}"
        return f"{folder}/{accession}"

    def _submissions(self, filer: Filer) -> str:
        return f"{self._settings.data_url}/submissions/CIK{filer.cik:010d}.json"

    def _load_listing(self, address: str, now: pd.Timestamp) -> tuple[pd.Timestamp, Listing] | None:
        saved = self._cache.load(address)
        if not isinstance(saved, Mapping):
            return None
        try:
            at = pd.Timestamp(saved["at"])
            return (at, read_listing(saved["list"])) if abs(now - at) < LISTING_LASTS else None
        except (TypeError, ValueError, LookupError):
            return None

    def _ask_listing(self, address: str, now: pd.Timestamp) -> Listing:
        value, listing = self._ask(address, lambda value: (value, read_listing(value)))
        self._cache.save(address, "", {"at": now.isoformat(), "list": value})
        return listing

    def _ask(self, address: str, read: Callable[[object], T]) -> T:
        """Return what `read` makes of an answer; it raises `ValueError` for what is none.

        An answer is kept on disk, so that one bad byte in it would hide a ticker for a day.
        """
        values: list[T] = []
        self._refusing(
            lambda: self._service.get_json(address, check=lambda value: values.append(read(value)), whole=True)
        )
        return values[-1]

    def _refusing(self, ask: Callable[[], object]) -> None:
        try:
            ask()
        except NotFound:
            raise
        except ServiceRefused as error:
            raise ServiceRefused(
                f"{error} The SEC shuts out who names no contact or asks too often: check `contact` under [edgar] in "
                "the settings file, and try again in ten minutes."
            ) from error


def _count(value: object) -> int:
    forms = value.get("form") if isinstance(value, Mapping) else None
    return len(forms) if isinstance(forms, list) else 0
