"""Words for the simulated market's headlines: what each means is drawn first, its phrase is chosen after."""

import numpy as np
import pandas as pd

from stockseq.schemas import INSTANT, headline_id
from stockseq.sources.simulated.phrases import NEUTRAL, POLAR, PUBLISHERS, SUFFIXES, companies

INVERTED_SHARE = 0.10


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
    position = drawn["ticker"].to_numpy()
    tickers = [listed[place][0] for place in position]
    rows = zip(tickers, position, wording, drawn["sign"], drawn["phrase"], drawn["suffix"], strict=True)
    texts = [
        f"{listed[place][1]} {_pick(_phrases(kind, int(sign)), phrase)}{_pick(SUFFIXES, suffix)}"
        for _, place, kind, sign, phrase, suffix in rows
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
