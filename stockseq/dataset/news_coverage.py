"""Where text can matter: headlines by ticker, year and source, and the share of sessions that have news."""

import pandas as pd

from stockseq.dataset.panel import Panel
from stockseq.schemas import Headlines

COVERAGE = {
    "ticker": "str",
    "year": "int64",
    "source": "str",
    "n_headlines": "int64",
    "n_sessions": "int64",
    "n_with_news": "int64",
}


def tabulate_news(headlines: Headlines, panel: Panel, *, timezone: str) -> pd.DataFrame:
    """Return how many headlines each source has, and how many sessions have news of any.

    Parameters
    ----------
    headlines : Headlines
        Of the store, a story that two sources tell in both.
    panel : Panel
        Whose rows have news or not.
    timezone : str
        The exchange's zone, in which a year begins.

    Returns
    -------
    DataFrame
        `ticker`, `year`, `source`, `n_headlines`; and `n_sessions` and `n_with_news` (rows of the panel, and those with
        a headline that their own decision knew), which are of the ticker and year and the same for each source. By
        ticker, year and source; `source` is "" where a ticker and year has sessions and no headline.

    Examples
    --------
    >>> import numpy as np
    >>> keys = pd.DataFrame({"ticker": ["KOLA"], "session": pd.to_datetime(["2024-11-29"]), "decision_at": pd.NaT})
    >>> panel = Panel(keys, np.zeros((1, 0), dtype=np.float32), (), (("Kola rises",),))
    >>> stamp = pd.to_datetime(["2024-11-29T12:00Z"])
    >>> news = pd.DataFrame({"ticker": ["KOLA"], "published_at": stamp, "source": "edgar"})
    >>> tabulate_news(news, panel, timezone="America/New_York").values.tolist()
    [['KOLA', 2024, 'edgar', 1, 1, 1]]
    """
    key = ["ticker", "year"]
    years = headlines["published_at"].dt.tz_convert(timezone).dt.year
    counts = headlines[["ticker", "source"]].assign(year=years).groupby([*key, "source"]).size()
    rows = panel.keys[["ticker"]].assign(
        year=panel.keys["session"].dt.year, with_news=[len(texts) > 0 for texts in panel.texts]
    )
    sessions = rows.groupby(key)["with_news"].agg(["size", "sum"]).set_axis(["n_sessions", "n_with_news"], axis=1)
    table = counts.rename("n_headlines").reset_index().merge(sessions.reset_index(), on=key, how="outer")
    filled = table.assign(source=table["source"].fillna("")).fillna(
        {"n_headlines": 0, "n_sessions": 0, "n_with_news": 0}
    )
    return filled[list(COVERAGE)].astype(COVERAGE).sort_values([*key, "source"], ignore_index=True)
