"""Texts are scored once, by VADER as it is or with the finance lexicon, and drawn together by session."""

import math
from concurrent.futures import ThreadPoolExecutor

import pandas as pd
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from vaderSentiment.vaderSentiment import SentimentIntensityAnalyzer

from stockseq.errors import SettingsError
from stockseq.features.sentiment import (
    SENTIMENT_COLUMNS,
    VaderScorer,
    aggregate_known_sentiment,
    aggregate_sentiment,
    finance_lexicon,
    score_headlines,
    score_texts,
    scorer_named,
)

PLAIN, FINANCE = VaderScorer(), VaderScorer(finance=True)
SESSIONS = pd.bdate_range("2024-01-01", periods=25).as_unit("us")


class Counting:
    """A scorer that counts its calls."""

    name = "counting-1"

    def __init__(self) -> None:
        self.texts: list[str] = []

    def score(self, text: str) -> tuple[float, float, float, float]:
        self.texts.append(text)
        return float(len(text)), 0.0, 0.0, 1.0


def _headlines(texts: list[str]) -> pd.DataFrame:
    return pd.DataFrame({"headline_id": [str(n) for n in range(len(texts))], "text": texts})


@pytest.mark.parametrize(
    "text", ["Acme wins big!", "Terrible quarter, awful guidance", "Acme opens office", "GREAT :)"]
)
def test_plain_scores_are_those_of_the_library(text: str) -> None:
    """The plain scorer is the baseline that the finance lexicon is measured against."""
    expected = SentimentIntensityAnalyzer().polarity_scores(text)
    assert PLAIN.score(text) == (expected["compound"], expected["pos"], expected["neg"], expected["neu"])


def test_the_finance_lexicon_leaves_the_plain_scorer_alone() -> None:
    """Both may be used in one process."""
    before = PLAIN.score("Acme shares plunge")
    FINANCE.score("Acme shares plunge")
    assert PLAIN.score("Acme shares plunge") == before


@pytest.mark.parametrize(
    ("text", "sign"),
    [
        ("Acme beats estimates", 1),
        ("Acme announces share buyback", 1),
        ("Analysts upgrade Acme", 1),
        ("Acme shares outstanding", 0),
        ("Brent crude", 0),
        ("Acme misses estimates", -1),
        ("Acme hit with lawsuit", -1),
        ("Broker downgrades Acme", -1),
        ("Acme revenue below expectations.", -1),
    ],
)
def test_words_of_finance_have_the_sense_they_have_there(text: str, sign: int) -> None:
    """Plain VADER finds "share" pleasant, "crude" rude and "misses" nothing."""
    compound = FINANCE.score(text)[0]
    assert (compound > 0.05) - (compound < -0.05) == sign


def test_a_phrase_is_read_as_one_word_whatever_its_case_and_punctuation() -> None:
    """Expectations are neither good nor bad, falling short of them is."""
    expected = FINANCE.score("Sales below expectations")[0]
    assert FINANCE.score("Sales Below Expectations")[0] == expected < 0
    assert FINANCE.score("Sales below expectations.")[0] == expected


def test_the_lexicon_is_well_formed() -> None:
    """A malformed line would silently change every score."""
    lexicon = finance_lexicon()
    assert len(lexicon) > 300
    assert all(-4.0 <= valence <= 4.0 for valence in lexicon.values())
    assert all(term == term.lower().strip() and "  " not in term and "_" not in term for term in lexicon)


def test_scorers_are_chosen_by_name_and_say_their_version() -> None:
    """Stored scores of another version must not be taken for these."""
    assert scorer_named("vader").name == "vader-3.3.2-r2"
    assert scorer_named("vader_finance").name == "vader_finance-3.3.2-r2-1"
    with pytest.raises(SettingsError, match=r"one of \['vader', 'vader_finance'\], received 'bert'"):
        scorer_named("bert")


@pytest.mark.parametrize("scorer", [PLAIN, FINANCE])
@pytest.mark.parametrize("spelling", ["won\u2019t", "won&#39;t", "won&rsquo;t", "won\u02bct", "won\uff07t"])
def test_the_spelling_of_an_apostrophe_changes_no_score(scorer: VaderScorer, spelling: str) -> None:
    """All newswires write the typographic one, with which "won't disappoint" lost its negation."""
    assert scorer.score(f"Kola {spelling} disappoint") == scorer.score("Kola won't disappoint")
    assert scorer.score(f"Kola {spelling} disappoint")[0] > 0


def test_each_distinct_text_is_scored_once() -> None:
    """Round-ups are attached to dozens of tickers."""
    scorer = Counting()
    scored = score_texts(["aa", "b", "aa", "b", "aa"], scorer)
    assert scorer.texts == ["aa", "b"]
    assert scored["compound"].tolist() == [2.0, 1.0, 2.0, 1.0, 2.0]


def test_only_new_headlines_are_scored() -> None:
    """Scores are kept by headline and scorer; another scorer's don't count."""
    headlines, scorer = _headlines(["a", "bb", "ccc"]), Counting()
    stored = pd.concat(
        [score_headlines(headlines.head(1), scorer), score_headlines(headlines, PLAIN)], ignore_index=True
    )
    fresh = score_headlines(headlines, scorer, stored_scores=stored)
    assert fresh["headline_id"].tolist() == ["1", "2"]
    assert fresh["scorer"].tolist() == ["counting-1"] * 2
    assert score_headlines(headlines.head(0), scorer).empty


def test_an_executor_changes_no_score() -> None:
    """Chunks must come back in their order."""
    texts = [f"Acme gains {n} %" if n % 3 else f"Acme loses {n} %" for n in range(12_000)]
    with ThreadPoolExecutor(2) as executor:
        pd.testing.assert_frame_equal(score_texts(texts, FINANCE, executor=executor), score_texts(texts, FINANCE))


def test_few_texts_start_no_process() -> None:
    """To start one costs more than to score a morning's headlines; this executor would refuse."""
    executor = ThreadPoolExecutor(1)
    executor.shutdown()
    assert score_texts(["Great results"], PLAIN, executor=executor)["compound"].tolist() == [0.6249]
    assert score_texts([], PLAIN, executor=executor).empty


@given(text=st.text(max_size=300))
@example("")
@example(" \n\t")
@example("bad " * 2_500)
@example("x" * 10_000)
@example("\U0001f680" * 500)
@example("\u202e\u05e9\u05dc\u05d5\u05dd below expectations \u200f")
@example("\ud800 lone surrogate")
@example("<script>alert('x')</script> no no nor but but")
@example("least but " * 50)
def test_no_text_breaks_a_scorer(text: str) -> None:
    """Headlines come from strangers."""
    for scorer in (PLAIN, FINANCE):
        compound, *shares = scorer.score(text)
        assert -1.0 <= compound <= 1.0
        assert all(0.0 <= share <= 1.0 for share in shares)


def test_the_columns_of_a_session_are_those_worked_by_hand() -> None:
    """Three headlines on the first session, none on the second, one on the third."""
    scored = pd.DataFrame({"session": SESSIONS[[0, 0, 0, 2]], "compound": [0.5, -0.8, 0.0, 0.4]})
    rows = aggregate_sentiment(scored, SESSIONS)
    assert tuple(rows.columns) == SENTIMENT_COLUMNS
    first, second, third = (rows.iloc[n].to_dict() for n in range(3))
    assert first == pytest.approx(
        {
            "news_mean": -0.1,
            "news_strongest": -0.8,
            "news_count": math.log(4),
            "news_share_positive": 1 / 3,
            "news_share_negative": 1 / 3,
            "news_decayed_mean": -0.1,
            "no_news": 0.0,
        }
    )
    assert second == pytest.approx(dict.fromkeys(SENTIMENT_COLUMNS, 0.0) | {"news_decayed_mean": -0.1, "no_news": 1.0})
    # (-0.3 / 4 + 0.4) / (3 / 4 + 1)
    assert third["news_decayed_mean"] == pytest.approx(0.325 / 1.75)
    assert third["news_strongest"] == 0.4


def test_the_threshold_counts_as_positive_and_negative() -> None:
    """As VADER's authors draw the line."""
    scored = pd.DataFrame({"session": SESSIONS[[0, 0, 0]], "compound": [0.05, -0.05, 0.0499]})
    row = aggregate_sentiment(scored, SESSIONS).iloc[0]
    assert row["news_share_positive"] == row["news_share_negative"] == pytest.approx(1 / 3)


def test_news_is_forgotten_after_twenty_sessions() -> None:
    """A finite memory lets a row be computed again from the sessions just before it."""
    rows = aggregate_sentiment(pd.DataFrame({"session": SESSIONS[[0]], "compound": [0.9]}), SESSIONS)
    assert rows["news_decayed_mean"].iloc[19] == pytest.approx(0.9)
    assert (rows["news_decayed_mean"].iloc[20:] == 0.0).all()


def test_without_headlines_every_session_says_so() -> None:
    """Missing news is not neutral news."""
    none = pd.DataFrame({"session": pd.Series(dtype="datetime64[us]"), "compound": pd.Series(dtype="float64")})
    rows = aggregate_sentiment(none, SESSIONS)
    assert (rows["no_news"] == 1.0).all()
    assert (rows.drop(columns="no_news") == 0.0).all(axis=None)


@given(
    places=st.lists(st.tuples(st.integers(0, 24), st.floats(-1, 1)), max_size=40),
    start=st.integers(0, 5),
)
def test_a_row_depends_on_the_last_twenty_sessions_alone(places: list[tuple[int, float]], start: int) -> None:
    """Bit for bit, or an incremental table would differ from a rebuilt one."""
    frame = pd.DataFrame({"session": SESSIONS[[p for p, _ in places]], "compound": [c for _, c in places]})
    frame = frame.astype({"session": "datetime64[us]", "compound": "float64"})
    whole = aggregate_sentiment(frame, SESSIONS).iloc[start + 19 :]
    part = aggregate_sentiment(frame, SESSIONS[start:]).iloc[19:]
    assert whole.to_numpy().tobytes() == part.to_numpy().tobytes()


@settings(max_examples=40)
@given(
    news=st.lists(st.tuples(st.integers(0, 24), st.sampled_from([0, 0, 1, 5, 30]), st.floats(-1, 1)), max_size=20),
    length=st.integers(1, 25),
)
def test_a_session_says_what_its_own_decision_knew(news: list[tuple[int, int, float]], length: int) -> None:
    """Bit for bit what it said on its morning, however late other headlines of its memory were seen."""
    stands, delays, compounds = zip(*news, strict=True) if news else ((), (), ())
    known = [min(session + delay, 24) for session, delay in zip(stands, delays, strict=True)]
    frame = pd.DataFrame({"session": SESSIONS[list(stands)], "known_session": SESSIONS[known], "compound": compounds})
    frame = frame.astype({"compound": "float64"})
    sessions = SESSIONS[:length]
    then = [
        aggregate_sentiment(frame[frame["known_session"] <= session], sessions).loc[[session]] for session in sessions
    ]
    assert aggregate_known_sentiment(frame, sessions).to_numpy().tobytes() == pd.concat(then).to_numpy().tobytes()
