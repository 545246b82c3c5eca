"""The wording of the simulated market: invented companies, and phrases of known meaning and known VADER reading."""

from collections.abc import Mapping

# Polar phrases come in three wordings. `lexicon`: VADER reads the true sign. `outside`: VADER reads exactly 0.
# `inverted`: VADER reads the opposite sign. Few enough for a network to learn from a thousand sessions.
POLAR: Mapping[str, Mapping[int, tuple[str, ...]]] = {
    "lexicon": {
        1: (
            "wins a large supply contract",
            "reports strong demand for its new line",
            "posts a bigger profit than forecast",
            "gains approval for its flagship product",
            "delivers excellent results in every region",
            "sees robust growth in bookings",
            "earns an award for quality",
            "is praised by analysts for its margins",
            "secures a promising partnership",
            "celebrates its best quarter",
        ),
        -1: (
            "loses a lawsuit over patents",
            "warns of weak demand for its new line",
            "posts a heavy loss",
            "suffers a setback in trials",
            "reports terrible results in every region",
            "sees a worsening slump in bookings",
            "faces a fraud probe",
            "is accused of misleading investors",
            "abandons a troubled partnership",
            "fails to meet its targets",
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
            "crushes doubts about its debt",
            "defeats a hostile lawsuit",
            "kills off its worst loss maker",
            "short sellers suffer as sales shock bears",
        ),
        -1: (
            "hopes of a great quarter evaporate",
            "growth and profit far below what it promised",
            "interest in its best product evaporates",
            "its winning and popular chief walks out",
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
        "joins the United Trust index",
        "appoints a head of customer care",
        "hosts a charity gala with free entry",
        "sets an interest payment date for its bonds",
        "sponsors a comedy festival",
        "updates its fire and emergency plan",
        "publishes a guide to accident insurance",
        "names a war historian to its museum board",
        "lists debt notes on the exchange",
        "lends an old plant to a crime drama",
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
