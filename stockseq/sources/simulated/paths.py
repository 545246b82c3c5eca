"""The law of the simulated market: one forward recursion over sessions, each random stream seeded by itself."""

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from stockseq.sessions import DecisionPolicy, TradingCalendar
from stockseq.sources.settings import Kind

Array = NDArray[np.float64]
_Drawn = dict[str, NDArray[Any]]

POLICY = DecisionPolicy("before_open", 30)
# Knowledge of a headline takes 15 minutes from its publication; none falls between that and the decision.
LATENCY = pd.Timedelta(minutes=15)

NEWS_WEIGHT, CONTRARIAN_WEIGHT, INTERACTION_WEIGHT = 0.16, 0.11, 0.10
# Of the news and of the contrarian view in the decaying market, and of the news in the gated one.
DECAYING_WEIGHT, GATED_WEIGHT = 0.2, 0.25
# Of the news against the other tickers' in the relative market: small beside the move that all share, large beside
# what is left of a ticker's own.
RELATIVE_WEIGHT, RELATIVE_COMMON_SHARE = 0.025, 0.99
# Share of the headlines' effect that is left a session later; in the decaying market the calendar days that halve it.
NEWS_DECAY, HALF_LIFE_DAYS = 0.5, 1.0
# Standard deviations of tanh of the headlines' sum, with and without those of the session itself.
NEWS_SPREAD, LATE_NEWS_SPREAD = 0.57, 0.32
# The t5 law gives P(up) = .56 at this mean: t5.ppf(.56) / sqrt(5/3).
DRIFT_OF_NULL_DRIFT = 0.12304874512435605
OVERNIGHT_SHARE = 0.3
ARCH, GARCH = 0.07, 0.90
COMMON_SHARE = 0.3
# Of the session's deviation: by how much high and low stand beyond open and close, times |normal|.
RANGE_SHARE = 0.5
HEADLINES_PER_SESSION, NEUTRAL_SHARE, COPYING_SHARE = 0.9, 0.35, 0.4
TRAP_SHARE, TRAP_TRUTH = 0.6, 0.92
SPLIT_ABOVE, SPLIT_BELOW = 110.0, 14.0
DIVIDEND_EVERY, DIVIDEND_YIELD, PAYING_SHARE = 63, 0.004, 0.7
RSI_WINDOW = 14

_COMPANY, _DAY, _NIGHT, _RANGE, _NEWS, _TRAP = range(6)
_UNIFORMS = 10


@dataclass(frozen=True)
class Law:
    """What is drawn: kind, size, seed and strength.

    `flip_session` is the number of the session from which the kind `regime` has its first two weights negative.
    """

    kind: Kind
    n_sessions: int
    n_tickers: int
    seed: int
    strength: float
    readable_share: float
    flip_session: int

    @property
    def weights(self) -> tuple[float, float, float]:
        """Weights of the news, of the contrarian view, and of their product."""
        if self.kind == "decaying":
            return self.strength * DECAYING_WEIGHT, self.strength * DECAYING_WEIGHT, 0.0
        if self.kind == "gated":
            return self.strength * GATED_WEIGHT, 0.0, 0.0
        if self.kind == "relative":
            return self.strength * RELATIVE_WEIGHT, 0.0, 0.0
        if self.kind not in ("signal", "regime"):
            return 0.0, 0.0, 0.0
        return self.strength * NEWS_WEIGHT, self.strength * CONTRARIAN_WEIGHT, self.strength * INTERACTION_WEIGHT

    @property
    def drift(self) -> float:
        """Mean of the traded leg in standard deviations."""
        return DRIFT_OF_NULL_DRIFT if self.kind == "null_drift" else 0.0

    @property
    def common_share(self) -> float:
        """Share of the noise's variance that all tickers have in common, which is their correlation."""
        return RELATIVE_COMMON_SHARE if self.kind == "relative" else COMMON_SHARE

    def shared(self, variances: Array) -> Array:
        """Return the variances; in the relative market one for all, or tickers would rank by how much they move."""
        return np.full_like(variances, variances.mean()) if self.kind == "relative" else variances

    def stream(self, name: int, session: int = 0) -> np.random.Generator:
        """Return the generator of one stream in one session, so that a longer market repeats a shorter one."""
        return np.random.default_rng([self.seed, name, session])


@dataclass(frozen=True)
class Paths:
    """Arrays of shape (n_sessions + 1, n_tickers), the last row being the session decided but not yet traded.

    `headlines` has one row per headline: window, ticker (position), published and seen (seconds since 1970), sign
    (-1, 0, 1), trap, and uniforms that choose the wording.
    """

    columns: dict[str, Array]
    headlines: pd.DataFrame


@dataclass
class _State:
    """What one session hands to the next."""

    variance: Array
    close: Array
    adjusted: Array
    gains: Array
    losses: Array
    shares: Array
    news: Array
    night: Array
    day: Array


def simulate(law: Law, calendar: TradingCalendar, first: pd.Timestamp) -> Paths:
    """Draw the whole market forward in time.

    Parameters
    ----------
    law : Law
        Kind, size, seed and strength.
    calendar : TradingCalendar
        Must hold at least one session before `first` and `n_sessions + 1` from it.
    first : Timestamp, tz-naive
        The first session.
    """
    clock = _Clock.of(calendar, first, law.n_sessions)
    company = law.stream(_COMPANY)
    usual = law.shared((0.28 * np.exp(0.25 * company.standard_normal(law.n_tickers))) ** 2 / 252)
    price = np.exp(company.uniform(np.log(20.0), np.log(90.0), law.n_tickers))
    size = np.exp(company.normal(np.log(2e6), 0.7, law.n_tickers))
    pays = company.random(law.n_tickers) < PAYING_SHARE
    pay_offset = company.integers(0, DIVIDEND_EVERY, law.n_tickers)
    zero = np.zeros(law.n_tickers)
    state = _State(usual.copy(), price, price.copy(), zero, zero, np.ones(law.n_tickers), zero, zero, zero)

    rows: list[dict[str, Array]] = []
    headlines: list[_Drawn] = []
    for number in range(law.n_sessions + 1):
        deviation = np.sqrt(state.variance)
        night = deviation * np.sqrt(OVERNIGHT_SHARE) * _t5(law, _NIGHT, number)
        window = clock.window(number)
        written = _write_headlines(law, window, state, night)
        polarity = np.bincount(written["ticker"], weights=written["sign"], minlength=law.n_tickers).astype(np.float64)
        carried = clock.news_decay(law, number) * state.news
        state.news = carried + polarity
        mean, views = _expected(law, number, state, carried)
        views["polarity"] = polarity
        views["volatility"] = deviation * np.sqrt(1 - OVERNIGHT_SHARE)
        day = views["volatility"] * (mean + _t5(law, _DAY, number))
        # No price may reach 0; at these volatilities the floors are more than twenty standard deviations away.
        night, day = np.maximum(night, -0.5), np.maximum(day, -0.8)
        headlines += [written, _set_trap(law, window, state.day, night, day)]
        traded = _trade(state, night, day, pays & ((number + pay_offset) % DIVIDEND_EVERY == 0), number)
        _add_range_and_volume(law.stream(_RANGE, number), traded, deviation, state.shares * size)
        rows.append(views | traded)
        square = law.shared(((1 + night) * (1 + day) - 1) ** 2)
        state.variance = (1 - ARCH - GARCH) * usual + ARCH * square + GARCH * state.variance
    columns = {name: np.stack([row[name] for row in rows]) for name in rows[0]}
    drawn = {name: np.concatenate([part[name] for part in headlines]) for name in headlines[0]}
    return Paths(columns, pd.DataFrame(drawn))


class _Window(NamedTuple):
    """Seconds since 1970 around one decision: of the session before it, and of the session that it decides.

    A headline published until `last_publication` is known at the decision.
    """

    number: int
    opened: int
    closed: int
    decided_before: int
    last_publication: int
    opens_next: int
    closes_next: int


@dataclass(frozen=True)
class _Clock:
    """Opens, closes and decisions in whole seconds since 1970; position number + 1 is session `number`."""

    opens: NDArray[np.int64]
    closes: NDArray[np.int64]
    decisions: NDArray[np.int64]

    @classmethod
    def of(cls, calendar: TradingCalendar, first: pd.Timestamp, n_sessions: int) -> "_Clock":
        start = int(calendar.sessions.searchsorted(first)) - 1
        stop = start + n_sessions + 2
        schedule = calendar.schedule.iloc[start:stop].assign(decision=calendar.decision_at(POLICY).iloc[start:stop])
        return cls(*(_seconds(schedule[name]) for name in ("open", "close", "decision")))

    def window(self, number: int) -> _Window:
        """Return the window of the headlines that session `number` is decided on."""
        latency = int(LATENCY.total_seconds())
        return _Window(
            number,
            opened=int(self.opens[number]),
            closed=int(self.closes[number]),
            decided_before=int(self.decisions[number]),
            last_publication=int(self.decisions[number + 1]) - latency,
            opens_next=int(self.opens[number + 1]),
            closes_next=int(self.closes[number + 1]),
        )

    def news_decay(self, law: Law, number: int) -> float:
        """Return the share of the headlines' effect that session `number` takes over from the one before."""
        if law.kind != "decaying":
            return NEWS_DECAY
        days = round(float(self.opens[number + 1] - self.opens[number]) / 86_400)
        return 2.0 ** (-days / HALF_LIFE_DAYS)


def _seconds(instants: pd.Series) -> NDArray[np.int64]:
    return np.asarray(instants.astype("datetime64[s, UTC]").astype("int64"), dtype=np.int64)


def _write_headlines(law: Law, window: _Window, state: _State, night: Array) -> _Drawn:
    """Draw the headlines of one window: half in the hours of the session before, half at any time."""
    rng = law.stream(_NEWS, window.number)
    ticker = np.repeat(np.arange(law.n_tickers), rng.poisson(HEADLINES_PER_SESSION, law.n_tickers))
    uniforms = rng.random((len(ticker), _UNIFORMS))
    in_hours, when, neutral, copies, up, delay = uniforms[:, :6].T
    start = window.decided_before + 1
    at_any_time = start + when * (window.last_publication - start)
    instant = np.where(in_hours < 0.5, window.opened + when * (window.closed - window.opened), at_any_time)
    published = instant.astype(np.int64)
    drawn = np.where(up < 0.5, 1.0, -1.0)
    copied = _move_so_far(rng, window, published, ticker, state, night)
    sign = np.where(neutral < NEUTRAL_SHARE, 0.0, np.where(copies < COPYING_SHARE, copied, drawn))
    columns = {"ticker": ticker, "published": published, "seen": published + _delay(delay), "sign": sign}
    return _with_wording(columns, uniforms, window, trap=False)


def _move_so_far(
    rng: np.random.Generator,
    window: _Window,
    published: NDArray[np.int64],
    ticker: NDArray[np.int64],
    state: _State,
    night: Array,
) -> Array:
    """Return the sign of the move under way at each publication: the last night's, the session's or this night's.

    Between two auctions the price is a Brownian bridge, so that no headline knows how its session will end. The
    noise of the session to come is independent of whatever is copied, so its law given what is known stays exact.
    """
    before, after = published < window.opened, published >= window.closed
    whole = np.where(before, state.night[ticker], np.where(after, night[ticker], state.day[ticker]))
    share = np.where(after, OVERNIGHT_SHARE, 1 - OVERNIGHT_SHARE)
    since = np.where(after, window.closed, window.opened)
    until = np.where(after, window.opens_next, window.closed)
    elapsed = np.where(before, 1.0, (published - since) / (until - since))
    spread = np.sqrt(state.variance[ticker] * share * elapsed * (1 - elapsed))
    return np.where(elapsed * whole + spread * rng.standard_normal(len(ticker)) < 0, -1.0, 1.0)


def _set_trap(law: Law, window: _Window, last_day: Array, night: Array, day: Array) -> _Drawn:
    """Draw the headlines of the leak kinds: legal to use when they are known, ruinous when joined by date."""
    uniforms = law.stream(_TRAP, window.number).random((law.n_tickers, _UNIFORMS))
    chosen, truth, when, delay = uniforms[:, :4].T
    after_close = window.closed + 1800
    overnight = (after_close + when * (window.last_publication - after_close)).astype(np.int64)
    minutes_after = (300 + 1200 * when).astype(np.int64)
    if law.kind == "leak_recap":
        move, published = last_day, window.closed + minutes_after
        seen = published + _delay(delay)
    elif law.kind == "leak_overnight":
        move, published, seen = night, overnight, overnight + _delay(delay)
    elif law.kind == "leak_backdated":
        move, published, seen = day, overnight, window.closes_next + minutes_after
    else:
        # No kind but these sets traps.
        move, published, seen = np.zeros(law.n_tickers), overnight, overnight
    sign = np.sign(move) * np.where(truth < TRAP_TRUTH, 1.0, -1.0)
    columns = {"ticker": np.arange(law.n_tickers), "published": published, "seen": seen, "sign": sign}
    used = np.flatnonzero((chosen < TRAP_SHARE) & (move != 0))
    return _with_wording({name: column[used] for name, column in columns.items()}, uniforms[used], window, trap=True)


def _delay(uniform: Array) -> NDArray[np.int64]:
    """Return the seconds from a publication until it is seen."""
    return 10 + (uniform * 290).astype(np.int64)


def _with_wording(columns: _Drawn, uniforms: Array, window: _Window, *, trap: bool) -> _Drawn:
    n_rows = len(uniforms)
    constant = {"window": np.full(n_rows, window.number), "trap": np.full(n_rows, trap)}
    names = ("wording", "phrase", "suffix", "publisher")
    return columns | constant | {name: uniforms[:, column] for column, name in enumerate(names, start=6)}


def _expected(law: Law, number: int, state: _State, carried: Array) -> tuple[Array, dict[str, Array]]:
    """Return the mean of the traded leg in standard deviations, and the views that make it."""
    news = np.tanh(state.news) / NEWS_SPREAD
    if law.kind == "decaying":
        # Headlines work from the session after theirs on, so that what is left of them is all that there is.
        news = np.tanh(carried) / LATE_NEWS_SPREAD
    elif law.kind == "relative":
        # What all tickers have is taken away, so that nothing is known of the session's common move.
        news = news - news.mean()
    contrarian = np.zeros(law.n_tickers)
    # `ta` gives the index from its 14th close on; before that nobody knows it and nothing depends on it.
    if number >= RSI_WINDOW:
        with np.errstate(divide="ignore"):
            strength = np.where(state.losses == 0, 100.0, 100 - 100 / (1 + state.gains / state.losses))
        contrarian = -np.clip((strength - 50) / 12, -2.5, 2.5) / 0.85
    by_news, by_contrarian, by_both = law.weights
    side: Array | float = -1.0 if law.kind == "regime" and number >= law.flip_session else 1.0
    if law.kind == "gated":
        side = np.where(contrarian > 0, 1.0, -1.0)
    mean = side * (by_news * news + by_contrarian * contrarian) + by_both * news * contrarian + law.drift
    return mean, {"mean": mean, "news": news, "contrarian": contrarian}


def _t5(law: Law, name: int, session: int) -> Array:
    """Draw a multivariate t with 5 degrees of freedom, unit variances, and one common factor."""
    rng, share = law.stream(name, session), law.common_share
    scale = np.sqrt(3 / rng.chisquare(5))
    common = rng.standard_normal()
    return scale * (np.sqrt(share) * common + np.sqrt(1 - share) * rng.standard_normal(law.n_tickers))


def _trade(state: _State, night: Array, day: Array, pays: NDArray[np.bool_], number: int) -> dict[str, Array]:
    """Move the state through one session; return its as-traded prices and its actions."""
    split = np.where(state.close > SPLIT_ABOVE, 2.0, np.where(state.close < SPLIT_BELOW, 0.25, 1.0))
    before = state.close / split
    dividend = np.where(pays & (number > 0), np.round(before * DIVIDEND_YIELD, 2), 0.0)
    opened = (before - dividend) * (1 + night)
    closed = opened * (1 + day)
    change = state.adjusted * ((1 + night) * (1 + day) - 1)
    # Wilder's average as in `ta`: the first close has no change and starts both averages at 0.
    rise, fall = (np.maximum(change, 0.0), np.maximum(-change, 0.0)) if number else (0 * change, 0 * change)
    state.gains = state.gains + (rise - state.gains) / RSI_WINDOW
    state.losses = state.losses + (fall - state.losses) / RSI_WINDOW
    state.adjusted = state.adjusted + change
    state.close, state.shares = closed, state.shares * split
    state.night, state.day = night, day
    return {"open": opened, "close": closed, "split": split, "dividend": dividend, "return": day}


def _add_range_and_volume(
    rng: np.random.Generator, traded: dict[str, Array], deviation: Array, usual_volume: Array
) -> None:
    above, below = RANGE_SHARE * deviation * np.abs(rng.standard_normal((2, len(deviation))))
    traded["high"] = np.maximum(traded["open"], traded["close"]) * (1 + above)
    traded["low"] = np.minimum(traded["open"], traded["close"]) / (1 + below)
    busy = 0.35 * rng.standard_normal(len(deviation)) + 0.4 * np.abs(traded["return"]) / deviation
    traded["volume"] = np.round(usual_volume * np.exp(busy))
