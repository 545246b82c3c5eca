"""Ask Yahoo for one ticker after another, so that each ends in an answer or in an outcome that says why not."""

from collections.abc import Callable, Sequence
from typing import TypeVar

import pandas as pd
from yfinance.exceptions import YFRateLimitError

from stockseq.errors import SourceUnreachable
from stockseq.schemas import TICKER_FORM, valid_ticker
from stockseq.sources.listing import ListedElsewhere, judge_suffix
from stockseq.sources.pacing import LostRequests, RetryBudget
from stockseq.sources.settings import YahooSettings
from stockseq.sources.source import Outcome
from stockseq.sources.yahoo.client import YahooClient
from stockseq.sources.yahoo.session import RequestsSpent, UnknownTicker

Answer = TypeVar("Answer")
# So many tickers without any answer at all, and the network is at fault rather than the tickers.
SILENT_TICKERS = 3


class TickerRequests:
    """One round of requests over all tickers, which share one retry budget.

    Parameters
    ----------
    client : YahooClient
        Clears its caches before each further attempt.
    budget : RetryBudget
        What the round may lose; once it is exhausted, the remaining tickers fail without a request.
    settings : YahooSettings
        Attempts per ticker and the waits between them.
    now : Timestamp, tz-aware
        The instant from which `retry_at` counts.
    lost : LostRequests
        What each ticker may lose in one morning, in other rounds, too.
    """

    def __init__(
        self,
        client: YahooClient,
        budget: RetryBudget,
        *,
        settings: YahooSettings,
        now: pd.Timestamp,
        lost: LostRequests,
    ) -> None:
        self._client = client
        self._budget = budget
        self._settings = settings
        self._now = now
        self._lost = lost

    def fetch_each(
        self, tickers: Sequence[str], fetch: Callable[[str], Answer]
    ) -> tuple[dict[str, Answer], dict[str, Outcome]]:
        """Return what `fetch` gave by ticker, and how each other ticker ended.

        Raises
        ------
        SourceUnreachable
            If nothing answered at all.
        """
        answers: dict[str, Answer] = {}
        outcomes: dict[str, Outcome] = {}
        n_answers_before = self._client.n_answers
        n_requested = 0
        for position, ticker in enumerate(tickers):
            if (refusal := _refusal(ticker)) is not None:
                outcomes[ticker] = Outcome(ticker, "unknown", reason=refusal)
                continue
            if (elsewhere := judge_suffix(ticker, self._settings.exchange)) is not None:
                outcomes[ticker] = Outcome(ticker, "failed", reason=f"not asked: {elsewhere}")
                continue
            if self._budget.exhausted:
                outcomes[ticker] = self._failed(ticker, "not asked: too many answers before were refused or broken")
                continue
            result = self._fetch(ticker, fetch)
            n_requested += 1
            if not isinstance(result, Outcome):
                answers[ticker] = result
                continue
            outcomes[ticker] = result
            is_last = position == len(tickers) - 1
            silent = self._client.n_answers == n_answers_before
            if silent and (is_last or n_requested >= SILENT_TICKERS or self._budget.exhausted):
                raise SourceUnreachable(
                    f"Yahoo Finance can't be reached: {result.reason}. Check the network and the proxy, "
                    "or choose another source, such as SOURCE=files."
                )
        return answers, outcomes

    def _fetch(self, ticker: str, fetch: Callable[[str], Answer]) -> Answer | Outcome:
        n_broken = n_refused = 0
        reason = "not asked"
        while True:
            started = self._budget.elapsed
            self._lost.begin(ticker)
            try:
                answer = fetch(ticker)
            except UnknownTicker as unknown:
                return Outcome(ticker, "unknown", reason=f"Yahoo: {unknown}")
            except ListedElsewhere as elsewhere:
                return Outcome(ticker, "failed", reason=str(elsewhere))
            except RequestsSpent as spent:
                return self._failed(ticker, f"{_times(reason, n_broken)}; {spent}, so it waits until the next")
            except YFRateLimitError as refused:
                self._lost.settle(failed=True)
                reason = "Yahoo answered HTTP 429: too many requests"
                n_refused += 1
                # The next ticker may go through, but not before the wait is over.
                waited = self._budget.back_off(getattr(refused, "retry_after", 0.0))
                if not waited or n_refused >= self._settings.attempts:
                    return self._failed(ticker, reason)
            # Whatever a broken answer raises concerns this ticker alone.
            except Exception as error:
                self._lost.settle(failed=True)
                reason = self._client.explain(error)
                n_broken += 1
                self._budget.spend(self._budget.elapsed - started)
                wait = self._settings.retry_wait_s * 2 ** (n_broken - 1)
                if n_broken >= self._settings.attempts or not self._budget.pause(wait):
                    return self._failed(ticker, _times(reason, n_broken))
            else:
                self._lost.settle(failed=False)
                self._budget.reset_back_off()
                return answer
            self._client.clear_caches()

    def _failed(self, ticker: str, reason: str) -> Outcome:
        wait = self._budget.elapsed + self._budget.next_back_off
        return Outcome(ticker, "failed", reason=reason, retry_at=self._now + pd.Timedelta(seconds=wait))


def _times(reason: str, n_broken: int) -> str:
    return f"{reason}, {n_broken} times" if n_broken > 1 else reason


def _refusal(ticker: str) -> str | None:
    """Return why no request is made for a ticker, or None."""
    if not valid_ticker(ticker):
        return f"not asked: a ticker is {TICKER_FORM} as Yahoo writes it, such as BRK-B"
    if ticker != ticker.upper():
        return f"not asked: Yahoo writes tickers in capitals, such as {ticker.upper()}"
    return None
