"""Plot of the news: headlines by ticker and year as a heat map."""

import html

import numpy as np
import pandas as pd

from stockseq.plots.plot import Json, Plot, axis, layout

MOST_TICKERS, MOST_YEARS = 60, 20
ROW_HEIGHT = 22


def group_news(coverage: pd.DataFrame) -> pd.DataFrame:
    """Return the coverage with the tickers and years that a heat map has no room for summed up.

    Parameters
    ----------
    coverage : DataFrame
        As `dataset.news_coverage.tabulate_news` gives it.

    Returns
    -------
    DataFrame
        `ticker` and `year` (both text: "12 other tickers", "until 2004"), `source`, `n_headlines`, `n_sessions`,
        `n_with_news`, one row per ticker, year and source. Tickers by their headlines, the most first, and others last.

    Examples
    --------
    >>> rows = pd.DataFrame({"ticker": ["A"], "year": 2024, "source": "edgar", "n_headlines": 3, "n_sessions": 2,
    ...     "n_with_news": 1})
    >>> group_news(rows).values.tolist()
    [['A', '2024', 'edgar', 3, 2, 1]]
    """
    totals = coverage.groupby("ticker")["n_headlines"].sum().sort_values(ascending=False, kind="stable")
    shown = list(totals.index[: MOST_TICKERS if len(totals) <= MOST_TICKERS else MOST_TICKERS - 1])
    others = f"{len(totals) - len(shown)} other tickers"
    years = sorted(coverage["year"].unique())
    oldest = years[-MOST_YEARS] if len(years) > MOST_YEARS else None
    named = coverage.assign(
        ticker=coverage["ticker"].where(coverage["ticker"].isin(shown), others),
        year=coverage["year"].astype("str")
        if oldest is None
        else coverage["year"].astype("str").where(coverage["year"] > oldest, f"until {oldest}"),
    )
    key = ["ticker", "year"]
    # The sessions of a ticker and year are the same for each of its sources: counted once.
    once = coverage.duplicated(["ticker", "year"])
    sessions = named[~once].groupby(key)[["n_sessions", "n_with_news"]].sum()
    counts = named.groupby([*key, "source"], as_index=False)["n_headlines"].sum()
    joined = counts.join(sessions, on=key)
    order = {ticker: place for place, ticker in enumerate([*shown, others])}
    until = joined["year"].str.startswith("until")
    joined = joined.assign(place=joined["ticker"].map(order), late=~until)
    return joined.sort_values(["place", "late", "year", "source"], ignore_index=True).drop(columns=["place", "late"])


def plot_news(coverage: pd.DataFrame) -> Plot:
    """Return headlines by ticker and year, the sources and the share of sessions with news in each cell's words.

    Parameters
    ----------
    coverage : DataFrame
        As `group_news` gives it.

    Examples
    --------
    >>> rows = pd.DataFrame({"ticker": ["A"], "year": "2024", "source": "edgar", "n_headlines": 3, "n_sessions": 2,
    ...     "n_with_news": 1})
    >>> plot_news(rows).data[0]["text"]
    [['3 headlines: edgar 3; news in 50% of 2 sessions']]
    """
    tickers = list(dict.fromkeys(coverage["ticker"]))
    years = sorted(coverage["year"].unique(), key=lambda year: (not year.startswith("until"), year))
    cells = dict(iter(coverage.groupby(["ticker", "year"])))
    counts = [[_count(cells.get((ticker, year))) for year in years] for ticker in tickers]
    # A ticker of thousands would leave all others one colour.
    shades = [[None if n is None else round(float(np.log10(1 + n)), 5) for n in row] for row in counts]
    heat: Json = {
        "type": "heatmap",
        "x": years,
        "y": [html.escape(ticker) for ticker in tickers],
        "z": shades,
        # From no headline on, or the fewest would look like none.
        "zmin": 0,
        "zmax": max([1.0, *(shade for row in shades for shade in row if shade is not None)]),
        "text": [[_words(cells.get((ticker, year))) for year in years] for ticker in tickers],
        "colorscale": [[0, "--rule"], [1, "--strategy"]],
        "showscale": False,
        "hovertemplate": "%{y} %{x}: %{text}<extra></extra>",
        "xgap": 1,
        "ygap": 1,
    }
    shape = layout(y_format="", hover="closest")
    shape["xaxis"] = axis(type="category", side="top", showgrid=False)
    shape["yaxis"] = axis(type="category", autorange="reversed", showgrid=False, dtick=1)
    return Plot([heat], {**shape, "height": 90 + ROW_HEIGHT * len(tickers)})


def _count(cell: pd.DataFrame | None) -> int | None:
    return None if cell is None else int(cell["n_headlines"].sum())


def _words(cell: pd.DataFrame | None) -> str:
    if cell is None:
        return "no session"
    n, n_sessions, n_with_news = int(cell["n_headlines"].sum()), *cell[["n_sessions", "n_with_news"]].iloc[0].tolist()
    counts = zip(cell["source"], cell["n_headlines"], strict=True)
    sources = ", ".join(f"{html.escape(str(source))} {count:,}" for source, count in counts if source)
    share = f"news in {n_with_news / n_sessions:.0%} of {n_sessions:,} sessions" if n_sessions else "no session"
    return f"{n:,} headlines{': ' if sources else ''}{sources}; {share}"
