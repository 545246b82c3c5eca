"""Where text can matter, counted by hand."""

import numpy as np
import pandas as pd

from stockseq.dataset.news_coverage import tabulate_news
from stockseq.dataset.panel import Panel
from stockseq.schemas import Headlines

NEW_YORK = "America/New_York"


def panel(*rows: tuple[str, str, tuple[str, ...]]) -> Panel:
    tickers, sessions, texts = zip(*rows, strict=True)
    keys = pd.DataFrame({"ticker": tickers, "session": pd.to_datetime(list(sessions)), "decision_at": pd.NaT})
    return Panel(keys, np.zeros((len(keys), 0), dtype=np.float32), (), texts)


def news(*rows: tuple[str, str, str]) -> Headlines:
    tickers, stamps, sources = zip(*rows, strict=True)
    stamped = pd.to_datetime(list(stamps), utc=True, format="ISO8601")
    return Headlines(pd.DataFrame({"ticker": tickers, "published_at": stamped, "source": sources}))


def test_headlines_are_counted_by_source_and_sessions_once() -> None:
    """Two sources of one year share its two sessions, one of which has news."""
    table = tabulate_news(
        news(
            ("KOLA", "2024-03-01T12:00Z", "alpaca"),
            ("KOLA", "2024-03-01T13:00Z", "alpaca"),
            ("KOLA", "2024-03-01T12:00Z", "edgar"),
        ),
        panel(("KOLA", "2024-03-01", ("Kola rises", "Kola rises more")), ("KOLA", "2024-03-04", ())),
        timezone=NEW_YORK,
    )
    assert table.to_numpy().tolist() == [["KOLA", 2024, "alpaca", 2, 2, 1], ["KOLA", 2024, "edgar", 1, 2, 1]]


def test_a_year_begins_at_the_exchange() -> None:
    """In New York it is still 2023 at 4:59 UTC on New Year's Day."""
    rows = news(("KOLA", "2024-01-01T04:59Z", "a"), ("KOLA", "2024-01-01T05:00Z", "a"))
    table = tabulate_news(rows, panel(("KOLA", "2024-01-02", ())), timezone=NEW_YORK)
    assert table[["year", "n_headlines"]].to_numpy().tolist() == [[2023, 1], [2024, 1]]


def test_what_has_no_headline_or_no_session_stands_there_too() -> None:
    """A gap is what the map is for."""
    rows = news(("LIMO", "2020-06-01T12:00Z", "a"))
    table = tabulate_news(rows, panel(("KOLA", "2024-01-02", ())), timezone=NEW_YORK)
    assert table.to_numpy().tolist() == [["KOLA", 2024, "", 0, 1, 0], ["LIMO", 2020, "a", 1, 0, 0]]
    nothing = tabulate_news(Headlines(rows.iloc[:0]), panel(("KOLA", "2024-01-02", ())), timezone=NEW_YORK)
    assert nothing.to_numpy().tolist() == [["KOLA", 2024, "", 0, 1, 0]]
