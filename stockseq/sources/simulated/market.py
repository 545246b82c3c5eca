"""A market whose best possible forecast is known, and the source that serves it as any other."""

import dataclasses
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd

from stockseq.prices.variance import garman_klass
from stockseq.results import Result
from stockseq.schemas import (
    INSTANT,
    PRICES,
    SESSION,
    Actions,
    Bars,
    Headlines,
    as_actions,
    as_bars,
    as_headlines,
)
from stockseq.sessions import CLOSE_LAG, TradingCalendar
from stockseq.sources.settings import Kind, SimulatedSettings
from stockseq.sources.simulated.closed_form import (
    expected_range_variance,
    expected_standing,
    probability_up,
    return_bounds,
)
from stockseq.sources.simulated.headlines import companies, word_headlines
from stockseq.sources.simulated.paths import POLICY, Law, Paths, simulate
from stockseq.sources.source import FetchedBars, FetchedHeadlines, Outcome, count_outcomes

NAME = "simulated"


@dataclass(frozen=True)
class SimulatedMarket:
    """Bars, actions, headlines and the truth behind them, deterministic per seed.

    The traded leg of session k moves by volatility * (mean + noise), where the mean follows from the headlines known
    30 minutes before the open and from the strength index of the close before; the noise is Student's t with 5 degrees
    of freedom. Each stream is seeded by (seed, stream, session), so a longer market repeats a shorter one bit for bit
    (for the kind `regime`: if `flip_session` is given).

    Parameters
    ----------
    kind : str
        signal: as above. null: the mean is 0. null_drift: P(up) is .56 throughout. leak_recap, leak_overnight,
        leak_backdated: null, with headlines that tell a session's move soon after its close, the night's move before
        the open, or the session's move under a stamp before the decision (but first seen after the close).
        relative: the news less the session's mean news, under a common move of 99 % of the noise's variance, so that
        ranks can be forecast and directions hardly; one volatility for all tickers, which changes over the sessions.
        regime: signal whose two weights turn negative at `flip_session`.
        decaying: news and strength index side by side, the news working from the session after its own on and halving
        with each calendar day, so that a weekend takes most of it. gated: the news alone, which is followed where the
        strength index is below 50 and turned round where it is above.
    n_sessions, n_tickers, seed, strength, readable_share, first_session, flip_session, exchange
        As in `SimulatedSettings`.

    Examples
    --------
    >>> market = SimulatedMarket(n_sessions=20, n_tickers=3, seed=1)
    >>> len(market.bars), len(market.truth), market.tickers
    (60, 63, ('BANVEX', 'BELDANE', 'BORMONT'))
    """

    kind: Kind = "signal"
    n_sessions: int = 1500
    n_tickers: int = 30
    seed: int = 100
    strength: float = 1.0
    readable_share: float = 0.45
    first_session: str = "2018-01-02"
    flip_session: int | None = None
    exchange: str = "XNYS"

    @property
    def tickers(self) -> tuple[str, ...]:
        """The invented listing codes."""
        return tuple(ticker for ticker, _ in companies(self.n_tickers))

    @cached_property
    def calendar(self) -> TradingCalendar:
        """The exchange's calendar from a month before the market to a month after it."""
        first = pd.Timestamp(self.first_session)
        # 252 sessions fill 365 days; the rest is slack for any holidays.
        days = int(self.n_sessions * 1.5) + 60
        return TradingCalendar(self.exchange, first - pd.Timedelta(days=31), first + pd.Timedelta(days=days))

    @cached_property
    def sessions(self) -> pd.DatetimeIndex:
        """The traded sessions, and as the last one the session that is decided but not traded."""
        start = int(self.calendar.sessions.searchsorted(pd.Timestamp(self.first_session)))
        return self.calendar.sessions[start : start + self.n_sessions + 1]

    @cached_property
    def bars(self) -> Bars:
        """As-traded bars, each fetched when it was final."""
        final_at = self.calendar.schedule.loc[self.sessions, "close"] + CLOSE_LAG
        columns = {name: self._traded(name) for name in ("open", "high", "low", "close", "volume")}
        keys = self._keys(self.n_sessions)
        return as_bars(keys.assign(**columns, source=NAME, fetched_at=keys["session"].map(final_at)))

    @cached_property
    def actions(self) -> Actions:
        """Splits of 2 above 110 and of 1/4 below 14, and quarterly dividends, each fetched with its session's bar."""
        final_at = self.calendar.schedule.loc[self.sessions, "close"] + CLOSE_LAG
        keys = self._keys(self.n_sessions)
        splits = keys.assign(kind="split", value=self._traded("split"))
        dividends = keys.assign(kind="dividend", value=self._traded("dividend"))
        rows = pd.concat([splits[splits["value"] != 1], dividends[dividends["value"] > 0]], ignore_index=True)
        return as_actions(rows.assign(source=NAME, fetched_at=rows["session"].map(final_at).astype(INSTANT)))

    @cached_property
    def headlines(self) -> Headlines:
        """Headlines known at the last decision, with the instant at which each could first be seen."""
        return as_headlines(self._meant_headlines)

    @cached_property
    def truth(self) -> pd.DataFrame:
        """What the best forecaster knows, per ticker and session, the last session not yet traded.

        Columns: ticker, session, decision_at; probability_up, expected_return, relative (where the law expects the
        ticker among the session's returns, see `expected_standing`), sigma (standard deviation of the log return from
        open to close, to first order the volatility), low_80, high_80, low_95, high_95 (of the return);
        expected_variance (of `realised_variance`: the size of least expected QLIKE, see `expected_range_variance`);
        realised_return, realised_variance (Garman-Klass of the bar; both NaN in the last session); volatility (of the
        traded leg, a fraction), mean (in such volatilities), news and contrarian (the two standardised views), polarity
        (sum over the window's headlines).
        """
        columns = self._paths.columns
        mean, volatility = columns["mean"], columns["volatility"]
        prices = pd.DataFrame({name: columns[name].ravel() for name in PRICES})
        realised, variance = columns["return"].copy(), garman_klass(prices).to_numpy(copy=True).reshape(mean.shape)
        realised[self.n_sessions], variance[self.n_sessions] = np.nan, np.nan
        (low_80, high_80), (low_95, high_95) = (return_bounds(mean, volatility, level=level) for level in (0.8, 0.95))
        arrays = {
            "probability_up": probability_up(mean),
            "expected_return": mean * volatility,
            "relative": expected_standing(mean, volatility, common_share=self._law.common_share),
            "sigma": volatility,
            "low_80": low_80,
            "high_80": high_80,
            "low_95": low_95,
            "high_95": high_95,
            "expected_variance": expected_range_variance(mean, volatility),
            "realised_return": realised,
            "realised_variance": variance,
            **{name: columns[name] for name in ("volatility", "mean", "news", "contrarian", "polarity")},
        }
        keys = self._keys(self.n_sessions + 1)
        decision_at = keys["session"].map(self.calendar.decision_at(POLICY))
        rows = keys.assign(decision_at=decision_at, **{name: array.ravel() for name, array in arrays.items()})
        return rows.sort_values(["ticker", "session"], ignore_index=True)

    @cached_property
    def _paths(self) -> Paths:
        return simulate(self._law, self.calendar, self.sessions[0])

    @cached_property
    def _law(self) -> Law:
        # Settings check the ranges once, for the market as for the source.
        settings = SimulatedSettings(**dataclasses.asdict(self))
        flip = settings.flip_session if settings.flip_session is not None else round(0.6 * settings.n_sessions)
        shared = settings.model_dump(include={"kind", "n_sessions", "n_tickers", "seed", "strength", "readable_share"})
        return Law(**shared, flip_session=flip)

    @cached_property
    def _meant_headlines(self) -> pd.DataFrame:
        headlines = word_headlines(self._paths.headlines, self.n_tickers, self.readable_share, seed=self.seed)
        last_decision = self.calendar.decision_at(POLICY)[self.sessions[-1]]
        return headlines[headlines["first_seen_at"] <= last_decision].reset_index(drop=True)

    def _keys(self, n_sessions: int) -> pd.DataFrame:
        sessions = np.repeat(self.sessions[:n_sessions].to_numpy(), self.n_tickers)
        tickers = np.tile(np.array(self.tickers, dtype=object), n_sessions)
        return pd.DataFrame({"ticker": pd.Series(tickers, dtype="str"), "session": pd.Series(sessions, dtype=SESSION)})

    def _traded(self, name: str) -> "np.ndarray[tuple[int], np.dtype[np.float64]]":
        return self._paths.columns[name][: self.n_sessions].ravel()


class SimulatedSource:
    """Serves a simulated market as a live source would: only what is known at `now`.

    Examples
    --------
    >>> source = SimulatedSource(SimulatedSettings(n_sessions=5, n_tickers=2))
    >>> fetched = source.fetch_bars({"BANVEX": pd.Timestamp("2018-01-01")}, now=source.default_now)
    >>> fetched.outcomes["BANVEX"].status, fetched.outcomes["BANVEX"].n_rows
    ('updated', 5)
    """

    name = NAME

    def __init__(self, settings: SimulatedSettings | None = None) -> None:
        self.settings = settings or SimulatedSettings()
        self.market = SimulatedMarket(**self.settings.model_dump())

    @property
    def tickers(self) -> tuple[str, ...]:
        """All that the market lists."""
        return self.market.tickers

    @property
    def truth(self) -> pd.DataFrame:
        """The market's truth, for the evaluation; no feature may see it."""
        return self.market.truth

    @property
    def default_now(self) -> pd.Timestamp:
        """The last decision: all sessions are final, and the next is about to be forecast."""
        return self.decision_at(self.market.sessions[-1])

    def decision_at(self, session: pd.Timestamp) -> pd.Timestamp:
        """Return the instant, 30 minutes before the open, at which `session` is decided."""
        return self.market.calendar.decision_at(POLICY)[session]

    def fetch_bars(self, first_sessions: Mapping[str, pd.Timestamp], *, now: pd.Timestamp) -> FetchedBars:
        """Return the bars and actions that are final at `now`; see `Source`."""
        bars = _available_at(now, self.market.bars, first_sessions)
        actions = _available_at(now, self.market.actions, first_sessions)
        return FetchedBars(as_bars(bars), as_actions(actions), self._outcomes(first_sessions, bars))

    def fetch_headlines(
        self, tickers: Sequence[str], *, since: pd.Timestamp | None, now: pd.Timestamp
    ) -> FetchedHeadlines:
        """Return the headlines first seen in (`since`, `now`]; one stamped earlier than it appeared is not lost."""
        rows = self.market.headlines
        selected = rows["ticker"].isin(tickers) & (rows["first_seen_at"] <= now)
        if since is not None:
            selected &= rows["first_seen_at"] > since
        headlines = as_headlines(rows[selected])
        return FetchedHeadlines(headlines, self._outcomes(tickers, headlines))

    def _outcomes(self, tickers: Iterable[str], rows: pd.DataFrame) -> dict[str, Outcome]:
        listed = self.tickers
        unlisted = f"The simulated market lists {len(listed)} tickers from {listed[0]} to {listed[-1]}."
        return count_outcomes(tickers, rows, listed=listed, unlisted=unlisted)


def _available_at(now: pd.Timestamp, rows: pd.DataFrame, first_sessions: Mapping[str, pd.Timestamp]) -> pd.DataFrame:
    first = rows["ticker"].map(first_sessions)
    return rows[(rows["fetched_at"] <= now) & (rows["session"] >= first)].assign(fetched_at=now)


class Optimum(Result):
    """What the best forecast would be expected to reach on rows of the truth.

    Parameters
    ----------
    n : float
        The rows.
    accuracy, log_loss, brier, ic : float
        Of direction; `ic` is of the standardised return, over all rows.
    rank_ic : float or None
        The expected rank correlation within a session, mean over sessions; 0 where no order can be known, None from
        before 0.3.
    qlike, qlike_constant : float or None
        What knowing the law's expected variance cost on the rows that were realised, and what the one constant variance
        cost that suits these rows best: the loss of who knows neither ticker nor session. None where nothing was
        realised, and from before 0.3.
    """

    n: float
    accuracy: float
    log_loss: float
    brier: float
    ic: float | None
    rank_ic: float | None = None
    qlike: float | None = None
    qlike_constant: float | None = None


def optimum(truth: pd.DataFrame, sessions: Sequence[pd.Timestamp] | pd.DatetimeIndex | None = None) -> Optimum:
    """Return what the best forecast would be expected to reach.

    Parameters
    ----------
    truth : DataFrame
        The `truth` of a simulated market, or whole sessions of it.
    sessions : sequence of sessions, optional
        Where to look; all of them if not given.

    Returns
    -------
    Optimum

    Raises
    ------
    ValueError
        If no row is left.

    Examples
    --------
    >>> market = SimulatedMarket("relative", n_sessions=50, n_tickers=10, seed=1)
    >>> best = optimum(market.truth, market.sessions[20:])
    >>> round(best.accuracy, 2), round(best.rank_ic, 2)
    (0.51, 0.27)
    """
    rows = truth if sessions is None else truth[truth["session"].isin(pd.Index(sessions))]
    if rows.empty:
        raise ValueError("`optimum` needs at least one row of truth on the sessions given.")
    p = rows["probability_up"].to_numpy(dtype=float)
    spread = float(np.std(rows["mean"].to_numpy(dtype=float)))
    qlike, qlike_constant = _least_qlike(rows.dropna(subset="realised_variance"))
    return Optimum(
        n=float(len(p)),
        accuracy=float(np.mean(np.maximum(p, 1 - p))),
        log_loss=float(-np.mean(p * np.log(p) + (1 - p) * np.log(1 - p))),
        brier=float(np.mean(p * (1 - p))),
        ic=spread / float(np.sqrt(1 + spread**2)),
        rank_ic=_expected_rank_ic(rows),
        qlike=qlike,
        qlike_constant=qlike_constant,
    )


def _expected_rank_ic(rows: pd.DataFrame) -> float:
    """Return the mean over sessions of the expected Spearman correlation of the best ranks."""
    by_session = rows.groupby("session")["relative"]
    count = by_session.transform("size")
    # The expected rank is relative * (n - 1) / sqrt(12) beyond the middle; both ranks are scaled by n (n^2 - 1) / 12.
    centred = by_session.rank() - (count + 1) / 2
    terms = centred * rows["relative"] * np.sqrt(12.0) / (count * (count + 1))
    return float(terms.groupby(rows["session"]).sum().mean())


def _least_qlike(rows: pd.DataFrame) -> tuple[float | None, float | None]:
    if rows.empty:
        return None, None
    realised = rows["realised_variance"].to_numpy(dtype=float)
    ratio = realised / rows["expected_variance"].to_numpy(dtype=float)
    # rv/s2 - ln(rv/s2) - 1 with one s2 for all is least, over s2, at the mean of rv.
    constant = float(np.log(realised.mean()) - np.log(realised).mean())
    return float(np.mean(ratio - np.log(ratio) - 1)), constant
