"""Words for the simulated market's headlines: what each means is drawn first, its phrase is chosen after.

Companies are invented, and the phrases have a known meaning and a known reading by VADER.
"""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from stockseq.schemas import INSTANT, headline_id

INVERTED_SHARE = 0.10

# Polar phrases come in three wordings. `lexicon`: VADER reads the true sign. `outside`: VADER reads exactly 0.
# `inverted`: VADER reads the opposite sign. Few enough for a network to learn from a thousand sessions.
POLAR: Mapping[str, Mapping[int, tuple[str, ...]]] = {
    "lexicon": {
        1: (
            "wins an excellent supply contract",
            "reports strong growth in demand for its new line",
            "posts a strong rise in profit",
            "gains approval for its flagship product",
            "delivers excellent results and strong margins",
            "sees robust growth in bookings",
            "wins a prestigious award for quality",
            "is praised for impressive margins",
            "secures a promising partnership",
            "celebrates its best quarter",
        ),
        -1: (
            "loses a damaging lawsuit over patents",
            "warns of weak demand for its new line",
            "posts a terrible loss",
            "suffers a failure in trials",
            "reports disappointing and weak results",
            "sees a worsening crisis in bookings",
            "faces a fraud probe",
            "is accused of misleading investors",
            "abandons a troubled partnership",
            "fails its targets and warns of losses",
        ),
    },
    "outside": {
        1: (
            "raises its full-year outlook",
            "surpasses consensus estimates",
            "lifts its quarterly dividend",
            "order book swells for a third month",
            "is upgraded by a large broker",
            "guides above the street",
            "doubles its buyback",
            "ships ahead of schedule",
            "hires to keep pace with orders",
            "margins widen again",
        ),
        -1: (
            "trims its full-year outlook",
            "undershoots consensus estimates",
            "halves its quarterly dividend",
            "order book shrinks for a third month",
            "is downgraded by a large broker",
            "guides below the street",
            "suspends its buyback",
            "ships behind schedule",
            "idles a plant as orders thin out",
            "margins narrow again",
        ),
    },
    "inverted": {
        1: (
            "repays its debt early",
            "puts a lawsuit behind it",
            "has its emergency plant back at full output",
            "short sellers suffer as sales jump",
        ),
        -1: (
            "hopes for the quarter evaporate",
            "growth runs below plan",
            "interest in its main product fades",
            "popular chief walks out",
        ),
    },
}

# Half of the neutral headlines carry words that VADER takes for feelings, as many of each sign.
NEUTRAL: Mapping[str, tuple[str, ...]] = {
    "plain": (
        "presents at a technology conference",
        "names a regional sales manager",
        "moves its headquarters across town",
        "schedules its annual meeting for May",
        "files its quarterly report",
        "opens an office in Denver",
        "updates its website",
        "renames its packaging unit",
        "hosts a call for analysts",
        "leases a warehouse near the harbour",
    ),
    "charged": (
        "joins the United index",
        "appoints a head of customer care",
        "hosts a gala with free entry",
        "sets an interest payment date for its bonds",
        "sponsors a book festival",
        "updates its fire plan",
        "publishes a guide to accident insurance",
        "names a battle historian to its museum board",
        "lists debt notes on the exchange",
        "files a paper on pressure gauges",
    ),
}

SUFFIXES = ("", ", filing shows", ", company says", ", wire reports", ", according to a statement")
PUBLISHERS = ("Exchange Wire", "Market Bulletin", "The Ledger Post")

# fmt: off
_BEGINNINGS = (
    "Ban", "Bel", "Bor", "Bren", "Cal", "Cor", "Dal", "Del", "Dor", "Fal",
    "Fen", "Gal", "Gar", "Hal", "Hol", "Jor", "Kal", "Kel", "Lan", "Lor",
    "Mal", "Mer", "Mor", "Nar", "Nor", "Pel", "Per", "Quen", "Ral", "Ren",
    "Sal", "Sel", "Tal", "Tor", "Val", "Ver", "Vol", "Wel", "Zan", "Zor",
)
_ENDINGS = (
    "vex", "dane", "mont", "trix", "lund", "wick", "bury", "gate", "stead", "quist",
    "rano", "vento", "dyne", "nova", "plex", "mere", "ston", "tera", "vale", "zell",
)
# fmt: on
_BUSINESSES = ("Foods", "Systems", "Rail", "Pharma", "Textiles", "Logistics", "Optics", "Paper", "Motors", "Software")


def word_headlines(drawn: pd.DataFrame, n_tickers: int, readable_share: float, *, seed: int) -> pd.DataFrame:
    """Return the headlines in words.

    Parameters
    ----------
    drawn : DataFrame
        window, ticker (position), published and seen (seconds since 1970), sign, trap, and the uniforms wording,
        phrase, suffix, publisher.
    n_tickers : int
        How many companies are listed.
    readable_share : float
        Share of polar headlines in VADER's own words; one in ten is inverted, the rest lie outside its lexicon.
    seed : int
        The market's, for the headlines' addresses.

    Returns
    -------
    DataFrame
        The columns of `Headlines`, and sign, wording and trap.
    """
    wording = _wordings(drawn, readable_share)
    listed = companies(n_tickers)
    company = [listed[position] for position in drawn["ticker"]]
    tickers = [ticker for ticker, _ in company]
    rows = zip(company, wording, drawn["sign"], drawn["phrase"], drawn["suffix"], strict=True)
    texts = [
        f"{name} {_pick(_phrases(kind, int(sign)), phrase)}{_pick(SUFFIXES, suffix)}"
        for (_, name), kind, sign, phrase, suffix in rows
    ]
    numbers = drawn.groupby(["window", "ticker"]).cumcount()
    urls = [
        f"https://simulated.invalid/{seed}/{window}/{ticker}/{number}"
        for window, ticker, number in zip(drawn["window"], tickers, numbers, strict=True)
    ]
    return pd.DataFrame(
        {
            "headline_id": [headline_id(*row) for row in zip(tickers, urls, texts, strict=True)],
            "ticker": pd.Series(tickers, dtype="str"),
            "published_at": pd.to_datetime(drawn["published"], unit="s", utc=True).astype(INSTANT),
            "first_seen_at": pd.to_datetime(drawn["seen"], unit="s", utc=True).astype(INSTANT),
            "date_only": False,
            "text": texts,
            "publisher": [_pick(PUBLISHERS, uniform) for uniform in drawn["publisher"]],
            "url": urls,
            "source": "simulated",
            "sign": drawn["sign"].astype("int64"),
            "wording": wording,
            "trap": drawn["trap"].astype(bool),
        }
    )


def companies(n_tickers: int) -> tuple[tuple[str, str], ...]:
    """Return the ticker and the name of `n_tickers` invented companies.

    Parameters
    ----------
    n_tickers : int
        At most 800.

    Returns
    -------
    tuple of (ticker, name)
        Tickers have six letters or more, which no listed American share has.

    Examples
    --------
    >>> companies(2)
    (('BANVEX', 'Banvex Foods'), ('BELDANE', 'Beldane Systems'))
    """
    if not 1 <= n_tickers <= len(_BEGINNINGS) * len(_ENDINGS):
        most = len(_BEGINNINGS) * len(_ENDINGS)
        raise ValueError(f"`n_tickers` must be from 1 to {most}, received {n_tickers}.")
    words = []
    for number in range(n_tickers):
        # Both halves change from one company to the next, so that names don't look alike.
        lap, beginning = divmod(number, len(_BEGINNINGS))
        words.append(_BEGINNINGS[beginning] + _ENDINGS[(beginning + lap) % len(_ENDINGS)])
    return tuple(
        (word.upper(), f"{word} {_BUSINESSES[number % len(_BUSINESSES)]}") for number, word in enumerate(words)
    )


def _wordings(drawn: pd.DataFrame, readable_share: float) -> list[str]:
    uniform = drawn["wording"].to_numpy()
    polar = np.where(uniform < readable_share, "lexicon", np.where(uniform < 1 - INVERTED_SHARE, "outside", "inverted"))
    neutral = np.where(uniform < 0.5, "charged", "plain")
    wording = np.where(drawn["sign"] == 0, neutral, polar)
    # A trap that VADER can't read would catch no aligner that is built on VADER.
    return [str(word) for word in np.where(drawn["trap"], "lexicon", wording)]


def _phrases(wording: str, sign: int) -> tuple[str, ...]:
    return POLAR[wording][sign] if sign else NEUTRAL[wording]


def _pick(choices: tuple[str, ...], uniform: float) -> str:
    return choices[int(uniform * len(choices))]
