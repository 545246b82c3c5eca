"""`check_source`: ours pass, and each way to break the contract is named."""

import dataclasses

import pandas as pd
import pytest

from stockseq.errors import PluginError
from stockseq.schemas import Actions, Bars, Headlines
from stockseq.sources.simulated import SimulatedSettings, SimulatedSource
from stockseq.sources.source import FetchedBars, FetchedHeadlines, Outcome
from stockseq.testing import check_source

SETTINGS = SimulatedSettings(n_sessions=40, n_tickers=3, seed=2)
HOUR = pd.Timedelta(hours=1)


class Wrapped:
    """A good source whose answers a test spoils."""

    name = "spoilt"

    def __init__(self, *, bars=None, headlines=None, asked=None):
        self.inner = SimulatedSource(SETTINGS)
        self.spoil_bars, self.spoil_headlines = bars, headlines
        self.asked = asked or (lambda now: now)
        self.n_calls = 0

    def fetch_bars(self, first_sessions, *, now):
        self.n_calls += 1
        fetched = self.inner.fetch_bars(first_sessions, now=self.asked(now))
        fetched = dataclasses.replace(fetched, bars=Bars(fetched.bars.assign(fetched_at=now)))
        fetched = dataclasses.replace(fetched, actions=Actions(fetched.actions.assign(fetched_at=now)))
        return self.spoil_bars(fetched, self.n_calls) if self.spoil_bars else fetched

    def fetch_headlines(self, tickers, *, since, now):
        fetched = self.inner.fetch_headlines(tickers, since=since, now=self.asked(now))
        return self.spoil_headlines(fetched, since) if self.spoil_headlines else fetched


def with_bars(fetched: FetchedBars, **columns: object) -> FetchedBars:
    return dataclasses.replace(fetched, bars=Bars(fetched.bars.assign(**columns)))


def with_outcome(fetched, outcome: Outcome):
    return dataclasses.replace(fetched, outcomes={**fetched.outcomes, outcome.ticker: outcome})


def check(source: object) -> None:
    inner = SimulatedSource(SETTINGS)
    check_source(source, inner.tickers, inner.default_now)


@pytest.mark.parametrize("kind", ["signal", "leak_backdated"])
def test_the_simulated_source_keeps_the_contract(kind):
    """Also where headlines are stamped before they appear."""
    source = SimulatedSource(SimulatedSettings(kind=kind, n_sessions=60, n_tickers=4))
    check_source(source, source.tickers, source.default_now)


def test_a_wrapped_source_passes_until_it_is_spoilt():
    """The refusals below are due to the spoiling alone."""
    check(Wrapped())


@pytest.mark.parametrize(
    ("spoil", "sentence"),
    [
        (lambda fetched, n: fetched.bars, "returns DataFrame from fetch_bars"),
        (lambda fetched, n: with_bars(fetched, close=-1.0), "price not positive"),
        (lambda fetched, n: with_bars(fetched, surplus=1), "didn't come from as_bars"),
        (lambda fetched, n: with_bars(fetched, fetched_at=fetched.bars["fetched_at"] - HOUR), "at another instant"),
        (lambda fetched, n: with_bars(fetched, volume=float(n)), "bars change when they are asked for again"),
        (
            lambda fetched, n: dataclasses.replace(fetched, outcomes={"BANVEX": fetched.outcomes["BANVEX"]}),
            r"each ends in one",
        ),
        (lambda fetched, n: with_outcome(fetched, Outcome("BANVEX", "nothing_new")), "rows of BANVEX and ends it with"),
        (lambda fetched, n: with_outcome(fetched, Outcome("NO.SUCH.TICKER", "unknown")), "without a reason"),
    ],
)
def test_a_bad_answer_to_fetch_bars_is_named(spoil, sentence):
    """One sentence that says what to mend."""
    with pytest.raises(PluginError, match=sentence):
        check(Wrapped(bars=spoil))


def test_a_source_that_serves_the_unfinished_session_is_refused():
    """Asked a second before a bar is final, it must not give it."""
    with pytest.raises(PluginError, match="isn't final"):
        check(Wrapped(asked=lambda now: now + 12 * HOUR))


def test_a_source_that_serves_headlines_of_the_future_is_refused():
    """The clock is an argument: a replay must not see what came later."""
    end = SimulatedSource(SETTINGS).default_now
    source = Wrapped()
    everything = source.inner.fetch_headlines(source.inner.tickers, since=None, now=end)

    def spoil(fetched: FetchedHeadlines, since: object) -> FetchedHeadlines:
        return fetched if since is not None else dataclasses.replace(everything, outcomes=with_unlisted(everything))

    def with_unlisted(fetched: FetchedHeadlines) -> dict[str, Outcome]:
        return {**fetched.outcomes, "NO.SUCH.TICKER": Outcome("NO.SUCH.TICKER", "unknown", reason="not listed")}

    source.spoil_headlines = spoil
    with pytest.raises(PluginError, match="which is after"):
        check(source)


def test_a_source_that_loses_headlines_when_asked_for_the_new_ones_is_refused():
    """Each daily run asks for what came since the last."""

    def spoil(fetched: FetchedHeadlines, since: object) -> FetchedHeadlines:
        if since is None:
            return fetched
        outcomes = {
            ticker: outcome if outcome.status == "unknown" else Outcome(ticker, "nothing_new")
            for ticker, outcome in fetched.outcomes.items()
        }
        return FetchedHeadlines(Headlines(fetched.headlines.iloc[:0]), outcomes)

    with pytest.raises(PluginError, match="loses the headline"):
        check(Wrapped(headlines=spoil))


def test_a_source_without_a_name_is_refused():
    """The tables say where each row came from."""
    source = Wrapped()
    source.name = ""
    with pytest.raises(PluginError, match="needs a `name`"):
        check(source)


def test_tickers_without_bars_prove_nothing():
    """An empty answer would pass every check."""
    source = SimulatedSource(SETTINGS)
    with pytest.raises(PluginError, match="has no bars of AAPL"):
        check_source(source, ["AAPL"], source.default_now)
