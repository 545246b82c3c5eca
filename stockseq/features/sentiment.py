"""The sentiment of headlines: a score per text, and the scores of a session's headlines drawn together."""

import csv
from collections.abc import Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from functools import cache
from importlib.metadata import version
from importlib.resources import files
from typing import Protocol

import numpy as np
import pandas as pd
from vaderSentiment.vaderSentiment import SentimentIntensityAnalyzer

from stockseq.errors import SettingsError
from stockseq.features.vader_reading import VaderReading
from stockseq.headline_text import plain_text
from stockseq.ranges import concatenate_ranges
from stockseq.schemas import NUMBER, SCORES

VALUES = ["compound", "positive", "negative", "neutral"]
SENTIMENT_COLUMNS = (
    "news_mean",
    "news_strongest",
    "news_count",
    "news_share_positive",
    "news_share_negative",
    "news_decayed_mean",
    "no_news",
)

# A text is positive from here up and negative from minus this down, as VADER's authors set it.
THRESHOLD = 0.05
# Daily news tells of returns for one to two days: Heston & Sinha (2017), Financial Analysts Journal 73(3).
HALF_LIFE_SESSIONS = 1.0
# After twenty half-lives nothing is left, and a row needs no older news to be computed again.
MEMORY_SESSIONS = 20
# VADER's work grows with the square of the words, and a headline says it at the start.
SCORED_CHARACTERS = 1000

FINANCE_LEXICON_VERSION = "1"
# Of how a text is made plain before it is scored; before there was a version, it was read as it stood.
READING_VERSION = "2"
# Small enough that processes end together: some milliseconds of VADER's work.
CHUNK = 1000


class Scorer(Protocol):
    """Anything that gives a text a sentiment; `name` changes whenever its scores would."""

    @property
    def name(self) -> str:
        """The name that stands beside every stored score, with the version."""
        ...

    def score(self, text: str) -> tuple[float, float, float, float]:
        """Return compound in [-1, 1] and the shares of positive, negative and neutral words."""
        ...


@dataclass(frozen=True)
class VaderScorer:
    """VADER, plain or with the project's own finance lexicon on top of its own.

    The plain copy of a text is read (`plain_text`), and only its first 1,000 characters.

    References
    ----------
    Hutto & Gilbert (2014), VADER: A Parsimonious Rule-based Model for Sentiment Analysis of Social Media Text, ICWSM.

    Examples
    --------
    >>> VaderScorer(finance=True).score("Acme beats estimates and raises guidance")[0] > 0.5
    True
    >>> VaderScorer().score("Acme won\\u2019t fail") == VaderScorer().score("Acme won't fail")
    True
    """

    finance: bool = False

    @property
    def name(self) -> str:
        """The scorer with the versions of the library, of the reading and of the lexicon, such as `vader-3.3.2-r2`."""
        library = f"{version('vaderSentiment')}-r{READING_VERSION}"
        return f"vader_finance-{library}-{FINANCE_LEXICON_VERSION}" if self.finance else f"vader-{library}"

    def score(self, text: str) -> tuple[float, float, float, float]:
        """Return compound in [-1, 1] and the shares of positive, negative and neutral words; never fails."""
        return _reading(self.finance).score(plain_text(text)[:SCORED_CHARACTERS])


@dataclass(frozen=True)
class SummaryScorer:
    """A scorer of headlines with their summaries; where it is set, the network reads both, too.

    Its name is another, so that its scores and the models trained on them aren't taken for those of titles alone.

    Examples
    --------
    >>> SummaryScorer(VaderScorer()).name
    'vader-3.3.2-r2+summaries'
    """

    scorer: Scorer

    @property
    def name(self) -> str:
        """The name of the scorer behind it, with what is read."""
        return f"{self.scorer.name}+summaries"

    def score(self, text: str) -> tuple[float, float, float, float]:
        """Return the scores of the scorer behind it."""
        return self.scorer.score(text)


def with_summaries(headlines: pd.DataFrame) -> pd.DataFrame:
    """Return the headlines with "headline. summary" as their text, where a source gave a summary.

    Examples
    --------
    >>> rows = pd.DataFrame({"text": ["Kola rises", "Kola buys?", "Kola"], "summary": ["It beat.", "It may.", ""]})
    >>> with_summaries(rows)["text"].tolist()
    ['Kola rises. It beat.', 'Kola buys? It may.', 'Kola']
    """
    text, summary = headlines["text"], headlines["summary"].fillna("")
    stop = pd.Series(". ", index=headlines.index).where(~text.str.endswith((".", "!", "?")), " ")
    return headlines.assign(text=(text + stop + summary).where(summary.str.strip() != "", text))


def scorer_named(name: str, *, summaries: bool = False) -> Scorer:
    """Return the scorer of a setting: "vader" or "vader_finance"; raise `SettingsError` for anything else.

    Examples
    --------
    >>> scorer_named("vader").name
    'vader-3.3.2-r2'
    """
    scorers = {"vader": VaderScorer(), "vader_finance": VaderScorer(finance=True)}
    if name not in scorers:
        raise SettingsError(f"The scorer must be one of {sorted(scorers)}, received {name!r}.")
    return SummaryScorer(scorers[name]) if summaries else scorers[name]


def score_texts(texts: Sequence[str], scorer: Scorer, *, executor: Executor | None = None) -> pd.DataFrame:
    """Score each distinct text once.

    Parameters
    ----------
    texts : sequence of str of length n_texts
        Untrusted: any length, alphabet or emptiness.
    scorer : Scorer
    executor : Executor, optional
        Where to score, in chunks of 1,000 texts; in this process without one, and where there is one chunk.

    Returns
    -------
    DataFrame of n_texts rows
        `compound` in [-1, 1]; `positive`, `negative` and `neutral` in [0, 1]. An empty text scores 0 throughout.

    Examples
    --------
    >>> score_texts(["Great results", "Great results", ""], VaderScorer())["compound"].tolist()
    [0.6249, 0.6249, 0.0]
    """
    codes, distinct = pd.factorize(np.array([*texts, None], dtype=object)[:-1])
    chunks = [list(distinct[start : start + CHUNK]) for start in range(0, len(distinct), CHUNK)]
    run = map if executor is None or len(chunks) < 2 else executor.map
    scored = [np.empty((0, len(VALUES))), *run(_score_chunk, chunks, [scorer] * len(chunks))]
    values = np.concatenate(scored)
    return pd.DataFrame(values[codes], columns=VALUES)


def score_headlines(
    headlines: pd.DataFrame,
    scorer: Scorer,
    *,
    stored_scores: pd.DataFrame | None = None,
    executor: Executor | None = None,
) -> pd.DataFrame:
    """Score the headlines that this scorer has not scored yet.

    Parameters
    ----------
    headlines : DataFrame
        With `headline_id` and `text`.
    scorer : Scorer
    stored_scores : DataFrame, optional
        Scores kept from earlier runs, of this and of other scorers.
    executor : Executor, optional
        See `score_texts`.

    Returns
    -------
    DataFrame
        One row per new headline: `headline_id`, `scorer` and the four values of `score_texts`.

    Examples
    --------
    >>> headlines = pd.DataFrame({"headline_id": ["a", "b"], "text": ["Acme wins", "Acme loses"]})
    >>> first = score_headlines(headlines.head(1), VaderScorer())
    >>> score_headlines(headlines, VaderScorer(), stored_scores=first)[["headline_id", "compound"]].values.tolist()
    [['b', -0.3182]]
    """
    new = headlines
    if stored_scores is not None:
        scored_ids = stored_scores.loc[stored_scores["scorer"] == scorer.name, "headline_id"]
        new = headlines[~headlines["headline_id"].isin(scored_ids)]
    scores = score_texts(new["text"].tolist(), scorer, executor=executor)
    scores.insert(0, "headline_id", new["headline_id"].to_numpy())
    scores.insert(1, "scorer", scorer.name)
    return scores.astype(SCORES)


def aggregate_sentiment(scored: pd.DataFrame, sessions: pd.DatetimeIndex) -> pd.DataFrame:
    """Draw one ticker's headline scores together by traded session.

    Parameters
    ----------
    scored : DataFrame
        One row per headline: `session` (traded, as `news.decide` gives it) and `compound`. Rows of other sessions are
        not used.
    sessions : DatetimeIndex of n_sessions
        Consecutive exchange sessions; the first 19 have less than the whole memory of the decayed mean.

    Returns
    -------
    DataFrame of n_sessions rows, indexed by session
        `news_mean`, `news_strongest` (the compound farthest from 0, the positive one of equals), `news_count`
        (logarithm of 1 + the count), `news_share_positive`, `news_share_negative`, `news_decayed_mean` (over the
        headlines of the last 20 sessions, each session weighing half as much as the one after it) and `no_news` (1.0
        without a headline; the others, the decayed mean apart, are 0 then).

    Examples
    --------
    >>> sessions = pd.DatetimeIndex(["2024-11-27", "2024-11-29"])
    >>> scored = pd.DataFrame({"session": sessions[:1], "compound": [0.5]})
    >>> aggregate_sentiment(scored, sessions)[["news_mean", "news_decayed_mean", "no_news"]].values.tolist()
    [[0.5, 0.5, 0.0], [0.0, 0.5, 1.0]]
    """
    position = sessions.get_indexer(pd.DatetimeIndex(scored["session"]))
    inside = position >= 0
    columns = aggregate_positions(position[inside], scored["compound"].to_numpy(dtype=NUMBER)[inside], len(sessions))
    return pd.DataFrame(columns, index=sessions)


def aggregate_positions(position: np.ndarray, compound: np.ndarray, n: int) -> dict[str, np.ndarray]:
    """Return the columns of `aggregate_sentiment`, arrays of shape (n,), of scores at `position` 0 to n - 1.

    Histories that are laid end to end, with 20 empty positions after each, don't touch each other.

    Examples
    --------
    >>> aggregate_positions(np.array([1, 1]), np.array([0.5, -0.1]), 2)["news_mean"].tolist()
    [0.0, 0.2]
    """
    count = np.bincount(position, minlength=n).astype(NUMBER)
    total = np.bincount(position, weights=compound, minlength=n).astype(NUMBER)
    highest, lowest = np.zeros(n), np.zeros(n)
    np.maximum.at(highest, position, compound)
    np.minimum.at(lowest, position, compound)
    divisor = np.maximum(count, 1.0)
    return {
        "news_mean": total / divisor,
        "news_strongest": np.where(highest >= -lowest, highest, lowest),
        "news_count": np.log1p(count),
        "news_share_positive": np.bincount(position[compound >= THRESHOLD], minlength=n) / divisor,
        "news_share_negative": np.bincount(position[compound <= -THRESHOLD], minlength=n) / divisor,
        "news_decayed_mean": _decayed(total) / np.maximum(_decayed(count), np.finfo(NUMBER).tiny),
        "no_news": (count == 0).astype(NUMBER),
    }


def aggregate_known_sentiment(news: pd.DataFrame, sessions: pd.DatetimeIndex) -> pd.DataFrame:
    """Draw one ticker's headline scores together by traded session, each of what its own decision knew.

    Parameters
    ----------
    news : DataFrame
        One row per headline: `session` at which it stands, `known_session`, the first whose decision knew it, and
        `compound`.
    sessions : DatetimeIndex of n_sessions
        Consecutive exchange sessions.

    Returns
    -------
    DataFrame of n_sessions rows, indexed by session
        The columns of `aggregate_sentiment`. A headline that was known late counts in no session's own values; in the
        decayed mean it counts from the session that knew it on, at its true age.

    Examples
    --------
    >>> sessions = pd.DatetimeIndex(["2024-11-26", "2024-11-27", "2024-11-29"])
    >>> late = pd.DataFrame({"session": sessions[:1], "known_session": sessions[2:], "compound": [0.5]})
    >>> aggregate_known_sentiment(late, sessions)[["news_mean", "news_decayed_mean", "no_news"]].values.tolist()
    [[0.0, 0.0, 1.0], [0.0, 0.0, 1.0], [0.0, 0.5, 1.0]]
    """
    late = (news["known_session"] > news["session"]).to_numpy()
    known = aggregate_sentiment(news[~late], sessions)
    if not late.any():
        return known
    touched = np.zeros(len(sessions), dtype=bool)
    first = sessions.searchsorted(news.loc[late, "known_session"].to_numpy()).tolist()
    oldest = sessions.searchsorted(news.loc[late, "session"].to_numpy()).tolist()
    for begin, end in zip(first, oldest, strict=True):
        touched[begin : end + MEMORY_SESSIONS] = True
    known.loc[touched, "news_decayed_mean"] = _decayed_by_decision(news, sessions, np.flatnonzero(touched))
    return known


def _decayed_by_decision(news: pd.DataFrame, sessions: pd.DatetimeIndex, decisions: np.ndarray) -> np.ndarray:
    """Return the decayed means of the sessions at the positions `decisions`, each of what its own decision knew."""
    position = sessions.get_indexer(pd.DatetimeIndex(news["session"]))
    # Sums round by their order, so a session's headlines stay in that of the rows.
    order = np.argsort(position, kind="stable")[np.count_nonzero(position < 0) :]
    position, compound = position[order], news["compound"].to_numpy(dtype=NUMBER)[order]
    first_decision = sessions.searchsorted(news["known_session"].to_numpy())[order]
    total, count = np.zeros(len(decisions)), np.zeros(len(decisions))
    for age, weight in enumerate(_weights()):
        begin, end = (position.searchsorted(decisions - age, side) for side in ("left", "right"))
        decision = np.repeat(np.arange(len(decisions)), end - begin)
        row = concatenate_ranges(begin, end)
        in_time = first_decision[row] <= decisions[decision]
        decision, row = decision[in_time], row[in_time]
        total += weight * np.bincount(decision, weights=compound[row], minlength=len(decisions))
        count += weight * np.bincount(decision, minlength=len(decisions))
    return total / np.maximum(count, np.finfo(NUMBER).tiny)


def _decayed(values: np.ndarray) -> np.ndarray:
    decayed = np.zeros_like(values)
    for age, weight in enumerate(_weights()[: len(values)]):
        decayed[age:] += weight * values[: len(values) - age]
    return decayed


def _weights() -> np.ndarray:
    return np.asarray(0.5 ** (np.arange(MEMORY_SESSIONS) / HALF_LIFE_SESSIONS))


def _score_chunk(texts: list[str], scorer: Scorer) -> np.ndarray:
    return np.array([scorer.score(text) for text in texts], dtype=NUMBER)


@cache
def _reading(finance: bool) -> VaderReading:
    # Reading the lexicon takes 20 ms, so each process does it once.
    analyzer = SentimentIntensityAnalyzer()
    if finance:
        for term, valence in finance_lexicon().items():
            analyzer.lexicon.pop(term, None)
            # A word that means nothing in finance leaves the lexicon: VADER emphasises even a 0 in capitals.
            if valence:
                analyzer.lexicon[term.replace(" ", "_")] = valence
    return VaderReading(analyzer, _phrases() if finance else None)


@cache
def finance_lexicon() -> dict[str, float]:
    """Return the project's own valences in finance by term (a word or a phrase), -4 to 4; 0 silences VADER's own."""
    with files("stockseq.features").joinpath("finance_lexicon.csv").open(encoding="utf-8") as lines:
        return {row["term"]: float(row["valence"]) for row in csv.DictReader(lines)}


@cache
def _phrases() -> dict[str, list[tuple[str, ...]]]:
    """Return the lexicon's phrases as words by their first word, the longest first."""
    phrases: dict[str, list[tuple[str, ...]]] = {}
    for term in sorted(finance_lexicon(), key=len, reverse=True):
        words = tuple(term.split(" "))
        if len(words) > 1:
            phrases.setdefault(words[0], []).append(words)
    return phrases
