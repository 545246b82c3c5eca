"""Ask Yahoo for one ticker after another, so that each ends in an answer or in an outcome that says why not."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Generic, TypeVar

import pandas as pd
from yfinance.exceptions import YFRateLimitError

from stockseq.errors import SourceUnreachable
from stockseq.schemas import valid_ticker
from stockseq.sources.pacing import Patience
from stockseq.sources.source import Outcome
from stockseq.sources.yahoo.client import UnknownTicker, YahooClient

if TYPE_CHECKING:
    from stockseq.sources.yahoo import YahooSettings

Answer = TypeVar("Answer")
# So many tickers without any answer at all, and the network is at fault rather than the tickers.
SILENT_TICKERS = 3


class Asking(Generic[Answer]):
    """One round of questions over all tickers, with one patience.

    Parameters
    ----------
    client : YahooClient
        Told to forget what it kept before each further attempt.
    patience : Patience
        What the round may lose; once it is exhausted, the remaining tickers fail unasked.
    settings : YahooSettings
        Attempts per ticker and the waits between them.
    now : Timestamp, tz-aware
        The instant from which `retry_at` counts.
    """

    def __init__(
        self, client: YahooClient, patience: Patience, *, settings: "YahooSettings", now: pd.Timestamp
    ) -> None:
        self._client = client
        self._patience = patience
        self._settings = settings
        self._now = now

    def ask_each(
        self, tickers: Sequence[str], ask: Callable[[str], Answer]
    ) -> tuple[dict[str, Answer], dict[str, Outcome]]:
        """Return what `ask` gave by ticker, and how each other ticker ended.

        Raises
        ------
        SourceUnreachable
            If nothing answered at all.
        """
        answers: dict[str, Answer] = {}
        outcomes: dict[str, Outcome] = {}
        n_answers_before = self._client.n_answers
        n_asked = 0
        for position, ticker in enumerate(tickers):
            if (refusal := _refusal(ticker)) is not None:
                outcomes[ticker] = Outcome(ticker, "unknown", reason=refusal)
                continue
            if self._patience.exhausted:
                outcomes[ticker] = self._failed(ticker, "not asked: too many answers before were refused or broken")
                continue
            ended = self._ask(ticker, ask)
            n_asked += 1
            if not isinstance(ended, Outcome):
                answers[ticker] = ended
                continue
            outcomes[ticker] = ended
            is_last = position == len(tickers) - 1
            silent = self._client.n_answers == n_answers_before
            if silent and (is_last or n_asked >= SILENT_TICKERS or self._patience.exhausted):
                raise SourceUnreachable(
                    f"Yahoo Finance can't be reached: {ended.reason}. Check the network and the proxy, "
                    "or choose another source, such as SOURCE=files."
                )
        return answers, outcomes

    def _ask(self, ticker: str, ask: Callable[[str], Answer]) -> Answer | Outcome:
        n_broken = n_refused = 0
        while True:
            started = self._patience.elapsed
            try:
                answer = ask(ticker)
            except UnknownTicker as unknown:
                return Outcome(ticker, "unknown", reason=f"Yahoo: {unknown}")
            except YFRateLimitError:
                n_refused += 1
                # The next ticker may go through, but not before the wait is over.
                if not self._patience.back_off() or n_refused >= self._settings.attempts:
                    return self._failed(ticker, "Yahoo answered HTTP 429: too many requests")
            # Whatever a broken answer makes yfinance raise concerns this ticker alone.
            except Exception as error:
                reason = self._client.explain(error)
                n_broken += 1
                self._patience.lose(self._patience.elapsed - started)
                wait = self._settings.retry_wait_s * 2 ** (n_broken - 1)
                if n_broken >= self._settings.attempts or not self._patience.pause(wait):
                    return self._failed(ticker, f"{reason}, {n_broken} times" if n_broken > 1 else reason)
            else:
                self._patience.recover()
                return answer
            self._client.forget()

    def _failed(self, ticker: str, reason: str) -> Outcome:
        wait = self._patience.elapsed + self._patience.next_back_off
        return Outcome(ticker, "failed", reason=reason, retry_at=self._now + pd.Timedelta(seconds=wait))


def _refusal(ticker: str) -> str | None:
    """Return why a ticker isn't even asked for, or None."""
    if not valid_ticker(ticker):
        return "not asked: a ticker is at most 15 letters, digits and . ^ = - as Yahoo writes it, such as BRK-B"
    if ticker != ticker.upper():
        return f"not asked: Yahoo writes tickers in capitals, such as {ticker.upper()}"
    return None
