"""What time a server says it is, by the header of an answer: a witness of the machine's own clock."""

from email.utils import parsedate_to_datetime

import pandas as pd
import requests

from stockseq.errors import SourceUnreachable

# Asked where the source has no address of its own.
YAHOO = "https://query1.finance.yahoo.com"


def fetch_server_time(url: str = YAHOO, *, timeout_s: float = 5.0) -> pd.Timestamp:
    """Return the instant (UTC, whole seconds) that a server's answer bears, whatever the answer is.

    Raises
    ------
    SourceUnreachable
        If nothing answers, or the answer bears none.
    """
    try:
        with requests.head(url, timeout=timeout_s, allow_redirects=False) as answer:
            stamp = answer.headers.get("Date", "")
        return pd.Timestamp(parsedate_to_datetime(stamp)).tz_convert("UTC")
    except (requests.RequestException, OSError, ValueError, TypeError) as error:
        raise SourceUnreachable(f"No server's time could be had from {url} ({type(error).__name__}).") from error
