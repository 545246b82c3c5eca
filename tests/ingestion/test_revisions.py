"""What is asked again, and what counts as a rewritten past."""

import pandas as pd
import pytest

from stockseq.ingestion.revisions import find_revised, missing_sessions, overlap_starts, withdrawn_actions
from stockseq.schemas import Actions, Bars, Dropped, as_actions, as_bars
from stockseq.sessions import TradingCalendar
from stockseq.sources.source import FetchedBars

SEEN = pd.Timestamp("2024-11-26T23:00:00Z")
NOW = pd.Timestamp("2024-11-27T23:00:00Z")


def bars(closes: dict[str, float], *, ticker: str = "KOLA", **columns: float) -> Bars:
    rows = [
        {"ticker": ticker, "session": session, "source": "test", "fetched_at": SEEN, "volume": 1000.0}
        | dict.fromkeys(("open", "high", "low", "close"), close)
        | columns
        for session, close in closes.items()
    ]
    return as_bars(pd.DataFrame(rows))


def actions(*rows: tuple[str, str, float], ticker: str = "KOLA") -> Actions:
    frame = pd.DataFrame(list(rows), columns=["session", "kind", "value"])
    return as_actions(frame.assign(ticker=ticker, source="test", fetched_at=SEEN))


def fetched(new_bars: Bars, new_actions: Actions | None = None, *dropped: Dropped) -> FetchedBars:
    return FetchedBars(new_bars, actions() if new_actions is None else new_actions, {}, dropped)


STORED = bars({"2024-11-22": 100.0, "2024-11-25": 101.0, "2024-11-26": 102.0})
ANSWER = bars({"2024-11-25": 101.0, "2024-11-26": 102.0, "2024-11-27": 103.0})
DIVIDEND = ("2024-11-25", "dividend", 0.5)


def test_an_answer_that_agrees_revises_nothing() -> None:
    """Differences below one part in ten thousand are Yahoo's rounding."""
    assert find_revised(STORED, actions(DIVIDEND), fetched(ANSWER, actions(DIVIDEND))) == {}
    nearly = bars({"2024-11-25": 101.0 * 1.00009, "2024-11-26": 102.0})
    assert find_revised(STORED, actions(), fetched(nearly)) == {}


def test_a_price_that_differs_is_named() -> None:
    """101.02 is two parts in ten thousand above 101."""
    result = find_revised(STORED, actions(), fetched(bars({"2024-11-25": 101.02, "2024-11-26": 102.0})))
    assert result == {"KOLA": "open of 2024-11-25 was 101, now 101.02"}


def test_volume_may_be_corrected() -> None:
    """Late prints change it for days; the prices before it stand."""
    assert find_revised(STORED, actions(), fetched(bars({"2024-11-26": 102.0}, volume=1200.0))) == {}


def test_a_new_split_revises_even_on_a_new_session() -> None:
    """It re-bases all that the source says about the past."""
    result = find_revised(STORED, actions(), fetched(ANSWER, actions(("2024-11-27", "split", 2.0))))
    assert result == {"KOLA": "split of 2 on 2024-11-27 is new"}


def test_a_new_dividend_on_a_new_session_is_no_revision() -> None:
    """It was to be expected."""
    assert find_revised(STORED, actions(), fetched(ANSWER, actions(("2024-11-27", "dividend", 0.5)))) == {}


@pytest.mark.parametrize(
    ("before", "after", "reason"),
    [
        ([], [DIVIDEND], "dividend of 0.5 on 2024-11-25 is new"),
        ([DIVIDEND], [("2024-11-25", "dividend", 0.6)], "dividend of 2024-11-25 was 0.5, now 0.6"),
        ([DIVIDEND], [], "dividend of 2024-11-25 is no longer listed"),
        ([("2024-11-25", "split", 2.0)], [("2024-11-25", "split", 3.0)], "split of 2024-11-25 was 2, now 3"),
    ],
)
def test_an_action_that_differs_is_named(before: list, after: list, reason: str) -> None:
    """Each of them moves every adjusted price before it."""
    assert find_revised(STORED, actions(*before), fetched(ANSWER, actions(*after))) == {"KOLA": reason}


def test_a_withdrawn_action_is_as_if_never_listed() -> None:
    """The store keeps a dividend of 0 for it."""
    assert find_revised(STORED, actions(("2024-11-25", "dividend", 0.0)), fetched(ANSWER)) == {}


def test_actions_before_the_question_are_left_alone() -> None:
    """The answer starts on 11-25, and so can't list what was on 11-22."""
    assert find_revised(STORED, actions(("2024-11-22", "dividend", 0.5)), fetched(ANSWER)) == {}


def test_a_new_ticker_is_no_revision() -> None:
    """There is nothing to contradict."""
    assert find_revised(STORED, actions(), fetched(bars({"2024-11-26": 5.0}, ticker="MOSS"))) == {}


def test_tickers_are_judged_apart() -> None:
    """A split of one says nothing about another."""
    stored = as_bars(pd.concat([STORED, bars({"2024-11-26": 5.0}, ticker="MOSS")]))
    answer = as_bars(pd.concat([ANSWER, bars({"2024-11-26": 6.0}, ticker="MOSS")]))
    assert find_revised(stored, actions(), fetched(answer)) == {"MOSS": "open of 2024-11-26 was 5, now 6"}


def test_the_overlap_is_counted_in_stored_sessions() -> None:
    """Ten sessions up to 11-26 start on 11-13; a gap inside is thereby asked again."""
    sessions = [str(day.date()) for day in pd.bdate_range("2024-11-01", "2024-11-26")]
    stored = bars(dict.fromkeys(sessions, 10.0))
    first = pd.Timestamp("2020-01-02")
    assert overlap_starts(stored, ["KOLA", "NEW"], first=first) == {"KOLA": pd.Timestamp("2024-11-13"), "NEW": first}
    gap = as_bars(stored[stored["session"] != pd.Timestamp("2024-11-20")])
    assert overlap_starts(gap, ["KOLA"], first=first) == {"KOLA": pd.Timestamp("2024-11-12")}


def test_a_short_history_is_asked_again_from_its_start() -> None:
    """With no more bars than the overlap there may be more before them."""
    assert overlap_starts(STORED, ["KOLA"], first=pd.Timestamp("2024-01-02")) == {"KOLA": pd.Timestamp("2024-01-02")}
    with pytest.raises(ValueError, match="must be at least 1"):
        overlap_starts(STORED, ["KOLA"], first=SEEN, n_sessions=0)


def test_missing_sessions_follow_the_exchange_calendar() -> None:
    """Thanksgiving and the weekend aren't missing; the short Friday is."""
    calendar = TradingCalendar("XNYS", pd.Timestamp("2024-11-01"), pd.Timestamp("2024-12-31"))
    stored = bars({"2024-11-26": 10.0, "2024-11-27": 10.0, "2024-12-02": 10.0})
    missing = missing_sessions(stored, calendar, first=pd.Timestamp("2024-11-20"), last=pd.Timestamp("2024-12-03"))
    assert [f"{row.ticker} {row.session:%m-%d}" for row in missing.itertuples()] == ["KOLA 11-29", "KOLA 12-03"]


def test_what_is_no_longer_listed_is_withdrawn() -> None:
    """Only inside the answer's sessions: 11-22 wasn't asked for."""
    stored = actions(("2024-11-22", "dividend", 0.4), DIVIDEND, ("2024-11-26", "split", 2.0))
    gone = withdrawn_actions(stored, fetched(ANSWER), now=NOW)
    assert [(f"{row.session:%m-%d}", row.kind, row.value) for row in gone.itertuples()] == [
        ("11-25", "dividend", 0.0),
        ("11-26", "split", 1.0),
    ]
    assert (gone["fetched_at"] == NOW).all()


def test_what_was_withdrawn_isnt_withdrawn_again() -> None:
    """Or each day would write it anew."""
    assert withdrawn_actions(actions(("2024-11-25", "dividend", 0.0)), fetched(ANSWER), now=NOW).empty


def test_an_answer_with_faults_withdraws_nothing() -> None:
    """The dividend may be the very row that was left out."""
    answer = fetched(ANSWER, None, Dropped("fetch bars", "KOLA", "dividend not confirmed", 1))
    assert withdrawn_actions(actions(DIVIDEND), answer, now=NOW).empty
