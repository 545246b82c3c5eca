"""The wording of the simulated market: invented companies, and phrases of known meaning and known VADER reading."""

from collections.abc import Mapping

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
