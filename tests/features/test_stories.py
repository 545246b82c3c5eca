"""The same headline from two sources is one story: it counts once, from when the first of them had it."""

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stockseq.features.stories import find_repeats, story_key
from stockseq.schemas import INSTANT

NEW_YORK = "America/New_York"
FIRST = pd.Timestamp("2024-11-25T14:00Z")


def rows(*headlines: tuple[str, str], **columns: object) -> pd.DataFrame:
    """Return headlines of one text by source and stamp, available when they are stamped."""
    sources, stamps = zip(*headlines, strict=True)
    published = pd.Series(pd.to_datetime(list(stamps), utc=True, format="ISO8601")).astype(INSTANT)
    frame = pd.DataFrame({"source": sources, "published_at": published, "available_at": published})
    ids = [str(n) for n in range(len(frame))]
    return frame.assign(
        **{"headline_id": ids, "ticker": "KOLA", "text": "Kola rises", "publisher": "", "date_only": False} | columns
    )


def repeats(frame: pd.DataFrame) -> list[bool]:
    return find_repeats(frame, timezone=NEW_YORK).tolist()


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Kola Rises", "KOLA RISES"),
        ("Kola's profit: up", "Kola\u2019s Profit - Up"),
        ("Kola  sells 1,000 cars", "Kola sells 1000 cars"),
        ("AT&T rises", "AT&amp;T rises"),
        ("Kola falls \u22125%", "Kola falls -5%"),
        ("Caf\u00e9 Kola", "Cafe\u0301 Kola"),
    ],
)
def test_what_only_looks_otherwise_is_the_same(one: str, other: str) -> None:
    """Desks set the same wire in their own type."""
    assert story_key(one) == story_key(other) != ""


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Kola EPS $(0.10)", "Kola EPS $0.10"),
        ("Kola moves -5%", "Kola moves +5%"),
        ("Kola moves 5%", "Kola moves 5 dollars"),
        ("Kola grows 1.5 times", "Kola grows 15 times"),
        ("Kola moves -.5", "Kola moves -5"),
        ("Kola grows 1,5 times", "Kola grows 15 times"),
        ("Kola buys Limo?", "Kola buys Limo"),
        ("Kola rises", "Kola does not rise"),
        ("Kola rises", "Kola rises - Update"),
        ("\u0915\u093f\u0932", "\u0915\u0932"),
    ],
)
def test_what_says_something_else_is_another(one: str, other: str) -> None:
    """A story that is passed over by mistake is lost; one that is read twice weighs a little more."""
    assert story_key(one) != story_key(other)


def test_only_its_own_publisher_is_taken_off_the_end() -> None:
    """Any other name at the end may be what the story is about."""
    assert (
        story_key("Kola rises - Benzinga", "Benzinga") == story_key("Kola rises | BENZINGA", "benzinga") == "kola rises"
    )
    assert story_key("Kola buys - Benzinga", "Reuters") == "kola buys benzinga"
    assert story_key("Benzinga", "Benzinga") == "benzinga"


def test_a_text_without_a_word_joins_nothing() -> None:
    """Two rockets are no story."""
    assert story_key("\U0001f680 !!") == ""
    assert repeats(rows(("a", "2024-11-25"), ("b", "2024-11-25"), text="\U0001f680")) == [False, False]


def test_the_first_that_was_available_counts() -> None:
    """Not the first published: a vendor's stamp may be of this morning, and the row seen by us yesterday."""
    story = rows(("yahoo", "2024-11-25T14:00Z"), ("alpaca", "2024-11-25T14:30Z"))
    assert repeats(story) == [False, True]
    seen_late = story.assign(available_at=story["available_at"] + pd.to_timedelta([72, 0], unit="h"))
    assert repeats(seen_late) == [True, False]


def test_what_one_source_tells_twice_stays() -> None:
    """It did before there were several sources; whether it is news is the reader's to judge."""
    assert repeats(rows(("a", "2024-11-25T14:00Z"), ("a", "2024-11-25T15:00Z"))) == [False, False]
    mixed = rows(("a", "2024-11-25T14:00Z"), ("a", "2024-11-25T15:00Z"), ("b", "2024-11-25T16:00Z"))
    assert repeats(mixed) == [False, False, True]


def test_a_preset_of_the_files_source_is_a_source() -> None:
    """Two archives of the same wire hold the same stories."""
    assert repeats(rows(("files:fnspid", "2024-11-25T14:00Z"), ("files", "2024-11-25T15:00Z"))) == [False, True]


@pytest.mark.parametrize(("hours", "repeated"), [(12, True), (12.01, False)])
def test_the_same_text_is_another_story_after_half_a_day(hours: float, repeated: bool) -> None:
    """ "Why Kola shares are trading higher today" is told every other day."""
    second = (FIRST + pd.Timedelta(hours=hours)).isoformat()
    assert repeats(rows(("a", FIRST.isoformat()), ("b", second))) == [False, repeated]


def test_a_repeat_begins_no_chain() -> None:
    """A story told on and on would swallow the news of tomorrow: each is held against those that count."""
    chain = rows(("a", "2024-11-25T00:00Z"), ("b", "2024-11-25T10:00Z"), ("b", "2024-11-25T20:00Z"))
    assert repeats(chain) == [False, True, False]


def test_tickers_and_texts_stand_apart() -> None:
    """A story of two companies is news of both."""
    pair = rows(("a", "2024-11-25T14:00Z"), ("b", "2024-11-25T14:00Z"))
    assert repeats(pair.assign(ticker=["KOLA", "LIMO"])) == [False, False]
    assert repeats(pair.assign(text=["Kola rises", "Kola falls"])) == [False, False]


def test_a_revised_text_is_the_story_that_it_was_created_as() -> None:
    """Its stamp is of the revision, a day after the others told the story."""
    revised = rows(("a", "2024-11-25T14:00Z"), ("b", "2024-11-26T15:00Z"))
    created = pd.Series(pd.to_datetime([None, "2024-11-25T13:50Z"], utc=True)).astype(INSTANT)
    assert repeats(revised) == [False, False]
    assert repeats(revised.assign(created_at=created)) == [False, True]


@pytest.mark.parametrize(
    ("stamp", "repeated"),
    [
        # 26 November in New York lasts from 05:00 UTC to 05:00 of the 27th.
        ("2024-11-25T23:59Z", False),
        ("2024-11-26T00:00Z", True),
        ("2024-11-27T04:59Z", True),
        ("2024-11-27T05:00Z", False),
    ],
)
def test_a_bare_date_is_the_story_of_any_hour_of_it(stamp: str, repeated: bool) -> None:
    """Whether the archive's dates are the exchange's or UTC's, nobody says: both count, and no other date."""
    story = rows(("wire", stamp), ("archive", "2024-11-26T00:00Z"), date_only=[False, True])
    available = [pd.Timestamp(stamp), pd.Timestamp("2024-11-28", tz="UTC")]
    assert repeats(story.assign(available_at=available)) == [False, repeated]


def test_two_bare_dates_are_one_story_on_one_date() -> None:
    """Of the next day it is the next day's."""
    dates = rows(("a", "2024-11-26"), ("b", "2024-11-26"), ("b", "2024-11-27"), date_only=True)
    assert repeats(dates) == [False, True, False]


HEADLINE = st.tuples(
    st.sampled_from(["a", "b", "c"]), st.integers(0, 30), st.integers(0, 30), st.booleans(), st.sampled_from("xy")
)


@given(headlines=st.lists(HEADLINE, min_size=1, max_size=12), until=st.integers(0, 60))
def test_what_comes_later_never_changes_what_counted(
    headlines: list[tuple[str, int, int, bool, str]], until: int
) -> None:
    """Rows known by an instant are judged by each other alone, in whatever order the store returns them."""
    frame = rows(*[(source, (FIRST + pd.Timedelta(hours=hour)).isoformat()) for source, hour, _, _, _ in headlines])
    late = [pd.Timedelta(hours=delay) for _, _, delay, _, _ in headlines]
    frame["available_at"] = frame["published_at"] + pd.Series(late)
    frame = frame.assign(text=[text for *_, text in headlines], date_only=[bare for *_, bare, _ in headlines])
    whole = find_repeats(frame, timezone=NEW_YORK)
    known = frame["available_at"] <= FIRST + pd.Timedelta(hours=until)
    assert find_repeats(frame[known], timezone=NEW_YORK).tolist() == whole[known].tolist()
    shuffled = frame.sample(frac=1, random_state=until)
    assert find_repeats(shuffled, timezone=NEW_YORK).sort_index().tolist() == whole.tolist()
