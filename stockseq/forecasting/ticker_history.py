"""What a run leaves for its ticker view: bars on one basis, the headlines of each decision, and the live forecasts."""

import pandas as pd

from stockseq.dataset.dataset import Dataset
from stockseq.features.news import is_stale, standing_session
from stockseq.forecast_ledger import Ledger, newest_outcomes, standing_forecasts
from stockseq.forecasting.morning import Morning
from stockseq.prices import on_last_basis
from stockseq.sessions import TradingCalendar

# A quarter to see where the first forecast comes from, and a year to see where the newest does.
SESSIONS_BEFORE = 63
SESSIONS_OF_A_YEAR = 252
# As the page shows a headline at most.
LONGEST_TEXT = 300
# Seven digits are more than a chart shows, and half the bytes.
SHORT = dict.fromkeys(("open", "high", "low", "close", "volume"), "float32")
LIVE = ("ticker", "session", "made_at", "late", "model_id", "probability_up", "expected_return", "relative", "low_80",
        "high_80", "realised_return")  # fmt: skip


def backtest_history(data: Dataset, forecasts: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """Return the frames of a backtest's ticker view, from a quarter before the first forecast on.

    Parameters
    ----------
    data : Dataset
    forecasts : DataFrame with ticker and session
        Those of all folds.

    Returns
    -------
    mapping of name to DataFrame
        `bars`: ticker, session, open, high, low, close, volume and later_shares, as `on_last_basis` gives them.
        `ticker_news`: what each decision was the first to know: see `ticker_news`.
    """
    first = _sessions_before(data.market.calendar, forecasts["session"].min(), SESSIONS_BEFORE)
    return {
        "bars": ticker_bars(data, forecasts["ticker"], first=first),
        "ticker_news": ticker_news(
            data, forecasts["ticker"], first=forecasts["session"].min(), last=forecasts["session"].max()
        ),
    }


def morning_history(data: Dataset, morning: Morning, ledger: Ledger) -> dict[str, pd.DataFrame]:
    """Return the frames of a morning's ticker view, of the last year.

    Parameters
    ----------
    data : Dataset
    morning : Morning
    ledger : Ledger
        With every outcome that is known.

    Returns
    -------
    mapping of name to DataFrame
        `bars` and `ticker_news` as in `backtest_history`, and `live`: the ledger's forecasts of other mornings.
    """
    session = morning.next.session
    first = _sessions_before(data.market.calendar, session, SESSIONS_OF_A_YEAR)
    tickers = morning.table["ticker"]
    return {
        "bars": ticker_bars(data, tickers, first=first),
        "ticker_news": ticker_news(data, tickers, first=first, last=session),
        "live": live_forecasts(ledger.as_of(data.market.now), tickers, first=first, before=session),
    }


def ticker_bars(data: Dataset, tickers: pd.Series, *, first: pd.Timestamp) -> pd.DataFrame:
    """Return the bars of some tickers from a session on, in shares of the last session, prices to seven digits."""
    market = data.market.of(tickers.unique())
    bars = on_last_basis(market.bars, market.actions)
    return bars[bars["session"] >= first].astype(SHORT).reset_index(drop=True)


def ticker_news(data: Dataset, tickers: pd.Series, *, first: pd.Timestamp, last: pd.Timestamp) -> pd.DataFrame:
    """Return the newest headlines of each ticker and decision, as many as a network reads.

    Returns
    -------
    DataFrame
        ticker, session (traded; where the headline stands in a window), published_at, text (cut to 300 characters),
        compound, stale (its session's own decision did not know it yet), and n: how many there are of that ticker and
        session. By ticker, session and time, the newest first.
    """
    key = ["ticker", "session"]
    news = data.headlines.assign(session=standing_session(data.headlines), stale=is_stale(data.headlines))
    news = news[news["ticker"].isin(tickers.unique()) & news["session"].between(first, last)]
    news = news.sort_values([*key, "public_at", "text"], ascending=[True, True, False, False], kind="stable")
    by_session = news.groupby(key, sort=False)
    news = news.assign(n=by_session["text"].transform("size"))
    newest = news[by_session.cumcount() < data.inputs.headlines_per_session]
    scored = newest.merge(data.scores[["headline_id", "compound"]], on="headline_id", how="left")
    columns = [*key, "published_at", "text", "compound", "stale", "n"]
    return scored[columns].assign(text=scored["text"].str.slice(0, LONGEST_TEXT)).astype({"compound": "float32"})


def live_forecasts(ledger: Ledger, tickers: pd.Series, *, first: pd.Timestamp, before: pd.Timestamp) -> pd.DataFrame:
    """Return the standing forecast of each ticker and session of a stretch, or the last late one where none stands.

    Returns
    -------
    DataFrame
        ticker, session, made_at, late, model_id, probability_up, expected_return, relative, low_80, high_80 and
        realised_return (fractions), NaN where the trade is not over.
    """
    key, late = ["ticker", "session"], ledger.forecasts[ledger.forecasts["late"]]
    made = pd.concat([standing_forecasts(ledger), late.drop_duplicates(key, keep="last")])
    # The session of the morning itself is on the page already, and not yet in the ledger when it is forecast first.
    inside = made["ticker"].isin(tickers.unique()) & (made["session"] >= first) & (made["session"] < before)
    last = made[inside].drop_duplicates(key)
    outcomes = newest_outcomes(ledger)[["forecast_id", "realised_return"]]
    scored = last.merge(outcomes, on="forecast_id", how="left", validate="one_to_one")
    return scored.sort_values(["ticker", "session"], kind="stable", ignore_index=True)[list(LIVE)]


def _sessions_before(calendar: TradingCalendar, session: pd.Timestamp, n_sessions: int) -> pd.Timestamp:
    """Return the session that lies so many before another, or the calendar's first."""
    return calendar.sessions[max(int(calendar.sessions.searchsorted(session)) - n_sessions, 0)]
