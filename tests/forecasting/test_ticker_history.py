"""What a run leaves for its ticker view."""

import pandas as pd

from stockseq.dataset.dataset import build_dataset
from stockseq.forecast_ledger import Ledger
from stockseq.forecasting.ticker_history import live_forecasts, ticker_bars, ticker_news
from stockseq.sources.markets import load_simulated

DAYS = pd.to_datetime(["2024-11-25", "2024-11-26", "2024-11-27"])


def made(rows: list[tuple[str, pd.Timestamp, bool, float]]) -> pd.DataFrame:
    """Rows of the ledger's chain, in its order: id, session, late, probability."""
    frame = pd.DataFrame(rows, columns=["forecast_id", "session", "late", "probability_up"])
    nothing = dict.fromkeys(("expected_return", "relative", "low_80", "high_80"), 0.0)
    made_at = pd.Timestamp("2024-11-25 13:00", tz="UTC")
    opens_at = made_at + pd.Timedelta(hours=1)
    return frame.assign(ticker="KOLA", made_at=made_at, opens_at=opens_at, model_id="m", **nothing)


def test_the_forecast_that_counts_is_shown_and_a_late_one_where_there_is_no_other() -> None:
    """A later opinion must not stand where the live record counts another; the next session is none of it."""
    chain = made(
        [
            ("a", DAYS[0], False, 0.1),
            ("b", DAYS[0], False, 0.2),
            ("c", DAYS[0], True, 0.3),
            ("d", DAYS[1], True, 0.4),
            ("e", DAYS[2], False, 0.5),
        ]
    )
    outcomes = pd.DataFrame({"forecast_id": ["a"], "realised_return": 0.01, "sequence": 1})
    shown = live_forecasts(Ledger(chain, outcomes), pd.Series(["KOLA"]), first=DAYS[0], before=DAYS[2])
    assert shown["probability_up"].tolist() == [0.1, 0.4]
    assert shown["late"].tolist() == [False, True]
    assert shown["realised_return"].fillna(-1.0).tolist() == [0.01, -1.0]


def test_bars_and_headlines_begin_and_end_where_they_are_asked_to() -> None:
    """Headlines stand at the session whose decision knew them first, the newest of each first, with their number."""
    data = build_dataset(load_simulated(n_tickers=2, n_sessions=120), lookback=5, headlines_per_session=1)
    sessions = data.sessions
    ticker = pd.Series(data.market.tickers[:1])
    bars = ticker_bars(data, ticker, first=sessions[3])
    assert bars["session"].min() == sessions[3]
    assert bars["ticker"].unique().tolist() == [*ticker]
    news = ticker_news(data, ticker, first=sessions[0], last=sessions[-1])
    of_ticker = data.headlines[
        data.headlines["ticker"].isin(ticker) & data.headlines["session"].between(*sessions[[0, -1]])
    ]
    assert not news.duplicated("session").any()
    assert news["n"].sum() == len(of_ticker)
    newest = of_ticker.groupby("session")["public_at"].max()
    assert (news.set_index("session")["published_at"] < newest).all()
