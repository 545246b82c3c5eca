"""The simulated market against its own law, worked out from its public tables, and the source that serves it."""

import numpy as np
import pandas as pd
import pytest
from ta.momentum import RSIIndicator

from stockseq.errors import SettingsError
from stockseq.sessions import CLOSE_LAG, DecisionPolicy
from stockseq.sources.simulated import SimulatedMarket, SimulatedSettings, SimulatedSource
from stockseq.sources.simulated.market import optimum

LEAKS = ["leak_recap", "leak_overnight", "leak_backdated"]


@pytest.fixture(scope="module")
def market() -> SimulatedMarket:
    return SimulatedMarket(n_sessions=600, n_tickers=10, seed=3)


@pytest.fixture(scope="module")
def source() -> SimulatedSource:
    return SimulatedSource(SimulatedSettings(n_sessions=60, n_tickers=4, seed=5))


def wide(market: SimulatedMarket, column: str) -> pd.DataFrame:
    return market.bars.pivot(index="session", columns="ticker", values=column)


def total_return_index(market: SimulatedMarket) -> pd.DataFrame:
    """Adjusted closes from the public bars and actions alone: EVALUATION 1.4 run forward in time."""
    closes = wide(market, "close")
    actions = market.actions
    by_kind = {
        kind: actions[actions["kind"] == kind]
        .pivot(index="session", columns="ticker", values="value")
        .reindex_like(closes)
        for kind in ("split", "dividend")
    }
    before = closes.shift(1) / by_kind["split"].fillna(1.0)
    growth = closes / (before - by_kind["dividend"].fillna(0.0))
    return growth.fillna(1.0).cumprod()


def meanings(market: SimulatedMarket) -> pd.DataFrame:
    """What each headline means for the next session, how it is worded, and whether it is a trap: no table says so."""
    return market._meant_headlines[["headline_id", "sign", "wording", "trap"]]


def decided(market: SimulatedMarket) -> pd.DataFrame:
    """Headlines with the session whose decision may use them first, at the default latency of 900 s."""
    headlines = market.headlines.merge(meanings(market)[["headline_id", "sign", "trap"]], on="headline_id")
    late = headlines["published_at"] + pd.Timedelta(seconds=900)
    available_at = late.where(late > headlines["first_seen_at"], headlines["first_seen_at"])
    return headlines.assign(session=market.calendar.decided_session(available_at, DecisionPolicy()))


def test_the_same_settings_give_the_same_market(market):
    """A run can be repeated."""
    again = SimulatedMarket(n_sessions=600, n_tickers=10, seed=3)
    pd.testing.assert_frame_equal(again.bars, market.bars, check_exact=True)
    pd.testing.assert_frame_equal(again.headlines, market.headlines)


def test_another_seed_gives_another_market(market):
    """Seeds are independent draws of the same law."""
    other = SimulatedMarket(n_sessions=600, n_tickers=10, seed=4)
    assert not np.isclose(other.bars["close"], market.bars["close"]).any()


@pytest.mark.parametrize("kind", ["signal", "relative", "leak_backdated", "regime", "decaying", "gated"])
def test_a_longer_market_repeats_a_shorter_one_bit_for_bit(kind):
    """A live demo can go on from day to day."""
    short, long = (SimulatedMarket(kind, n_sessions=n, n_tickers=5, seed=9, flip_session=50) for n in (80, 120))
    sessions = short.sessions[:80]
    for name in ("bars", "actions"):
        rows = getattr(long, name)
        pd.testing.assert_frame_equal(
            rows[rows["session"].isin(sessions)].reset_index(drop=True), getattr(short, name), check_exact=True
        )
    by_then = long.headlines["first_seen_at"] <= short.truth["decision_at"].max()
    pd.testing.assert_frame_equal(long.headlines[by_then].reset_index(drop=True), short.headlines)
    truth = long.truth[long.truth["session"].isin(short.sessions)].reset_index(drop=True)
    forecastable = short.truth.drop(columns=["realised_return", "realised_variance"])
    pd.testing.assert_frame_equal(truth[forecastable.columns], forecastable, check_exact=True)


def test_the_label_of_the_bars_is_the_return_of_the_law(market):
    """Open to close of the traded session, as EVALUATION 1.3 defines the label."""
    truth = market.truth.dropna(subset="realised_return").reset_index(drop=True)
    np.testing.assert_allclose(market.bars["close"] / market.bars["open"] - 1, truth["realised_return"], atol=1e-12)


def test_the_news_of_the_truth_follows_from_the_headlines_by_instant(market):
    """Nothing that a legal aligner can't see moves the market: m_k = .5 m_(k-1) + sum of signs, tanh(m) / .57."""
    signs = decided(market).groupby(["session", "ticker"])["sign"].sum().unstack(fill_value=0)
    signs = signs.reindex(index=market.sessions, columns=list(market.tickers), fill_value=0)
    level = signs.to_numpy(dtype=float).copy()
    for k in range(1, len(level)):
        level[k] += 0.5 * level[k - 1]
    news = market.truth.pivot(index="session", columns="ticker", values="news")[list(market.tickers)]
    np.testing.assert_allclose(np.tanh(level) / 0.57, news, atol=1e-12)


def test_the_contrarian_view_follows_from_the_bars_as_ta_computes_it(market):
    """RSI 14 of `ta` 0.11.0 on the adjusted close of the session before, clipped at 2.5 times 12 points."""
    index = total_return_index(market)
    strength = index.apply(lambda closes: RSIIndicator(closes, window=14).rsi())
    expected = (-np.clip((strength - 50) / 12, -2.5, 2.5) / 0.85).fillna(0.0).to_numpy()
    view = market.truth.pivot(index="session", columns="ticker", values="contrarian")[list(index.columns)].to_numpy()
    np.testing.assert_allclose(view[1:], expected, atol=1e-9)


def test_the_mean_is_the_stated_sum_of_the_views(market):
    """.16 news + .11 contrarian + .10 of their product, at strength 1."""
    truth = market.truth
    expected = 0.16 * truth["news"] + 0.11 * truth["contrarian"] + 0.10 * truth["news"] * truth["contrarian"]
    np.testing.assert_allclose(truth["mean"], expected, atol=1e-12)
    np.testing.assert_allclose(truth["expected_return"], expected * truth["volatility"], atol=1e-12)


def test_in_the_decaying_market_news_works_late_and_halves_by_the_calendar_day():
    """By instant and calendar: m_k = (m_(k-1) + the last signs) / 2^days, tanh(m) / .32; .2 of it, .2 contrarian."""
    market = SimulatedMarket("decaying", n_sessions=200, n_tickers=5, seed=3)
    signs = decided(market).groupby(["session", "ticker"])["sign"].sum().unstack(fill_value=0)
    signs = signs.reindex(index=market.sessions, columns=list(market.tickers), fill_value=0).to_numpy(dtype=float)
    days = np.diff(market.sessions.to_numpy()) / np.timedelta64(1, "D")
    assert set(days) == {1, 2, 3, 4}
    level = np.zeros_like(signs)
    for k in range(1, len(level)):
        level[k] = (level[k - 1] + signs[k - 1]) / 2 ** days[k - 1]
    truth = market.truth
    news = truth.pivot(index="session", columns="ticker", values="news")[list(market.tickers)]
    np.testing.assert_allclose(np.tanh(level) / 0.32, news, atol=1e-12)
    np.testing.assert_allclose(truth["mean"], 0.2 * truth["news"] + 0.2 * truth["contrarian"], atol=1e-12)


def test_in_the_gated_market_the_strength_index_turns_the_news_round():
    """.25 of the news, followed after a fall and reversed after a rise."""
    truth = SimulatedMarket("gated", n_sessions=200, n_tickers=5, seed=3).truth
    followed = np.where(truth["contrarian"] > 0, 1, -1)
    np.testing.assert_allclose(truth["mean"], 0.25 * truth["news"] * followed, atol=1e-12)
    assert 0.2 < (followed > 0).mean() < 0.8


def test_the_best_forecast_is_right_as_often_as_its_probability_says(market):
    """Calibration of the whole law: hits against their expectation, clustered by date (three standard errors)."""
    truth = market.truth.dropna(subset="realised_return")
    surprise = (truth["realised_return"] > 0) - truth["probability_up"]
    by_date = (surprise * np.sign(truth["probability_up"] - 0.5)).groupby(truth["session"]).sum()
    assert abs(by_date.sum()) < 3 * np.sqrt((by_date**2).sum())


def test_noise_is_t5_with_unit_variance_and_a_common_factor(market):
    """Standardised surprises: variance 1, correlation .3 between tickers, fatter tails than the normal's."""
    truth = market.truth.dropna(subset="realised_return")
    noise = (
        (truth["realised_return"] / truth["volatility"] - truth["mean"])
        .to_frame("noise")
        .assign(session=truth["session"], ticker=truth["ticker"])
    )
    table = noise.pivot(index="session", columns="ticker", values="noise")
    assert 0.85 < noise["noise"].var() < 1.15
    off_diagonal = table.corr().to_numpy()[~np.eye(10, dtype=bool)]
    assert abs(off_diagonal.mean() - 0.3) < 0.08
    # P(|t5| > 3 sqrt(5/3)) is .0117.
    assert 0.006 < (noise["noise"].abs() > 3).mean() < 0.018


@pytest.mark.parametrize(
    ("kind", "probability"), [("null", 0.5), ("null_drift", 0.56), *((leak, 0.5) for leak in LEAKS)]
)
def test_nothing_can_be_known_in_the_kinds_without_signal(kind, probability):
    """The truth says so for every row."""
    truth = SimulatedMarket(kind, n_sessions=30, n_tickers=3).truth
    np.testing.assert_allclose(truth["probability_up"], probability, atol=1e-9)


def test_half_strength_halves_the_mean(market):
    """Strength scales the three weights."""
    views = SimulatedMarket(n_sessions=60, n_tickers=3, seed=3, strength=0.5).truth
    assert np.allclose(views["mean"], 0.08 * views["news"] + views["contrarian"] * (0.055 + 0.05 * views["news"]))


def test_the_regime_flips_the_two_weights_and_leaves_the_past():
    """Up to the flip it is the signal market, bit for bit; from it on, two weights are negative."""
    signal = SimulatedMarket("signal", n_sessions=100, n_tickers=4, seed=2).truth
    regime = SimulatedMarket("regime", n_sessions=100, n_tickers=4, seed=2).truth
    first_flipped = np.sort(regime["session"].unique())[60]
    before = regime["session"] < first_flipped
    pd.testing.assert_frame_equal(regime[before], signal[before], check_exact=True)
    after = regime[~before]
    expected = -0.16 * after["news"] - 0.11 * after["contrarian"] + 0.10 * after["news"] * after["contrarian"]
    np.testing.assert_allclose(after["mean"], expected, atol=1e-12)


def test_splits_follow_the_prices_and_move_no_wealth():
    """2:1 above 110, 1:4 below 14, at the next session; the total return across them is the drawn one."""
    market = SimulatedMarket("null_drift", n_sessions=500, n_tickers=10, seed=1)
    closes = wide(market, "close")
    splits = market.actions[market.actions["kind"] == "split"]
    assert {2.0} <= set(splits["value"]) <= {2.0, 0.25}
    for split in splits.itertuples():
        before = closes[split.ticker].shift(1)[split.session]
        assert before > 110 if split.value == 2 else before < 14
    crossings = ((closes > 110) | (closes < 14)).iloc[:-1].to_numpy().sum()
    assert crossings == len(splits)
    assert total_return_index(market).pct_change().abs().max().max() < 0.5


def test_dividends_are_quarterly_and_small(market):
    """Four tenths of a percent of the price, every 63 sessions, for some of the tickers."""
    dividends = market.actions[market.actions["kind"] == "dividend"]
    closes = wide(market, "close").shift(1)
    relative = [row.value / closes.loc[row.session, row.ticker] for row in dividends.itertuples()]
    position = dividends["session"].map({session: k for k, session in enumerate(market.sessions)})
    gaps = position.groupby(dividends["ticker"]).diff().dropna()
    assert (gaps == 63).all()
    assert 0 < dividends["ticker"].nunique() < 10
    assert np.median(relative) == pytest.approx(0.004, rel=0.05)


def test_headlines_arrive_at_the_stated_rate_and_in_the_stated_shares():
    """Poisson .9 per ticker and window; 35 % neutral; of the rest 45 % lexicon, 45 % outside, 10 % inverted."""
    market = SimulatedMarket(n_sessions=400, n_tickers=20, seed=8)
    truth = meanings(market)
    assert len(truth) / (401 * 20) == pytest.approx(0.9, abs=0.04)
    assert (truth["sign"] == 0).mean() == pytest.approx(0.35, abs=0.02)
    shares = truth.loc[truth["sign"] != 0, "wording"].value_counts(normalize=True)
    assert shares["lexicon"] == pytest.approx(0.45, abs=0.03)
    assert shares["outside"] == pytest.approx(0.45, abs=0.03)
    assert shares["inverted"] == pytest.approx(0.10, abs=0.02)


def test_headlines_come_at_night_and_on_weekends_too(market):
    """An aligner by calendar date or by session hours would lose them."""
    exchange_time = market.headlines["published_at"].dt.tz_convert("America/New_York")
    in_hours = exchange_time.dt.hour.between(10, 15) & (exchange_time.dt.dayofweek < 5)
    assert 0.4 < in_hours.mean() < 0.75
    assert (exchange_time.dt.dayofweek >= 5).mean() > 0.05


def test_every_headline_is_known_at_the_decision_of_its_window(market):
    """At the default latency no headline slips past the decision that the truth gave it to."""
    headlines = decided(market)
    decision_at = headlines["session"].map(market.calendar.decision_at(DecisionPolicy()))
    assert headlines["session"].notna().all()
    assert (headlines["published_at"] + pd.Timedelta(minutes=15) <= decision_at).all()
    assert (headlines["first_seen_at"] > headlines["published_at"]).all()


def share_foretold(market: SimulatedMarket, session: pd.Series, realised: pd.DataFrame) -> float:
    """Share of trap headlines whose sign is the realised one of the session that an aligner gives them to."""
    headlines = market.headlines.merge(meanings(market)[["headline_id", "sign", "trap"]], on="headline_id")
    rows = headlines.assign(session=session.to_numpy())
    rows = rows[rows["trap"]].merge(realised, on=["ticker", "session"])
    assert len(rows) > 500
    return float((np.sign(rows["realised_return"]) == rows["sign"]).mean())


@pytest.mark.parametrize("kind", ["leak_recap", "leak_backdated"])
def test_an_aligner_by_calendar_date_falls_into_the_traps(kind):
    """The traps bite: the news of the date tells the return of the date nine times in ten."""
    market = SimulatedMarket(kind, n_sessions=250, n_tickers=10, seed=6)
    local = market.headlines["published_at"].dt.tz_convert("America/New_York").dt.tz_localize(None)
    if kind == "leak_recap":
        by_stamp = local.dt.normalize().astype("datetime64[us]")
    else:
        by_stamp = market.calendar.decided_session(market.headlines["published_at"], DecisionPolicy())
    assert share_foretold(market, by_stamp, market.truth) > 0.85


@pytest.mark.parametrize("kind", LEAKS)
def test_an_aligner_by_instant_learns_nothing_from_the_traps(kind):
    """Used when they are known, the traps are noise (four standard errors of a fair coin, clustered generously)."""
    market = SimulatedMarket(kind, n_sessions=250, n_tickers=10, seed=6)
    assert share_foretold(market, decided(market)["session"], market.truth) == pytest.approx(0.5, abs=0.08)


def test_the_night_trap_tells_the_night():
    """A label that starts at the close before would have it."""
    market = SimulatedMarket("leak_overnight", n_sessions=250, n_tickers=10, seed=6)
    index = total_return_index(market)
    night = index / index.shift(1) / (wide(market, "close") / wide(market, "open")) - 1
    long = night.stack().rename("realised_return").reset_index()
    assert share_foretold(market, decided(market)["session"], long) > 0.85


def test_the_optimum_is_worked_by_hand():
    """Two rows at .6 and .3: accuracy (.6 + .7) / 2, Brier (.24 + .21) / 2; a spread of 1 is ic 1/sqrt 2."""
    direction = {"session": [1, 2], "probability_up": [0.6, 0.3], "mean": [1.0, -1.0]}
    others = dict.fromkeys(("relative", "realised_variance", "expected_variance"), 1.0)
    truth = pd.DataFrame({**direction, **others})
    best = optimum(truth)
    assert best.accuracy == pytest.approx(0.65)
    assert best.brier == pytest.approx(0.225)
    assert best.log_loss == pytest.approx((0.673011667 + 0.610864302) / 2)
    assert best.ic == pytest.approx(0.707106781)
    assert optimum(truth, [2]).accuracy == pytest.approx(0.7)
    with pytest.raises(ValueError, match="at least one row"):
        optimum(truth, [3])


@pytest.mark.parametrize("wrong", [{"kind": "sgnal"}, {"n_sessions": 1}, {"strength": -1.0}, {"tickers": 3}])
def test_settings_out_of_range_are_refused(wrong):
    """A typo must not give another market."""
    with pytest.raises(SettingsError):
        SimulatedSettings(**wrong)


def test_a_market_checks_what_the_settings_check():
    """The market can be built without the source."""
    with pytest.raises(SettingsError):
        _ = SimulatedMarket("sgnal", n_sessions=5).bars


def test_the_source_serves_no_bar_before_it_is_final(source):
    """The session's own bar appears when its close is half an hour past."""
    session = source.market.sessions[20]
    final_at = source.market.calendar.schedule.loc[session, "close"] + CLOSE_LAG
    first_sessions = {"BANVEX": source.market.sessions[0]}
    early = source.fetch_bars(first_sessions, now=final_at - pd.Timedelta(seconds=1))
    late = source.fetch_bars(first_sessions, now=final_at)
    assert (len(early.bars), len(late.bars)) == (20, 21)
    assert late.bars["session"].max() == session
    assert (late.bars["fetched_at"] == final_at).all()


def test_the_source_starts_where_it_is_asked_to(source):
    """An incremental fetch brings only what is new."""
    sessions = source.market.sessions
    fetched = source.fetch_bars({"BANVEX": sessions[50], "BELDANE": sessions[59]}, now=source.default_now)
    assert fetched.bars["ticker"].value_counts().to_dict() == {"BANVEX": 10, "BELDANE": 1}
    nothing = source.fetch_bars({"BANVEX": sessions[60]}, now=source.default_now)
    assert nothing.outcomes["BANVEX"].status == "nothing_new"


def test_a_ticker_that_is_not_listed_is_unknown(source):
    """With the range that is listed, so that the user sees what to write."""
    tickers = ["AAPL", "BANVEX"]
    bars = source.fetch_bars(dict.fromkeys(tickers, pd.Timestamp("2018-01-01")), now=source.default_now)
    news = source.fetch_headlines(tickers, since=None, now=source.default_now)
    for outcomes in (bars.outcomes, news.outcomes):
        assert {ticker: outcome.status for ticker, outcome in outcomes.items()} == {
            "AAPL": "unknown",
            "BANVEX": "updated",
        }
        assert "BANVEX" in outcomes["AAPL"].reason


def test_days_fetched_one_by_one_equal_all_fetched_at_once(source):
    """No headline is lost or repeated between two days, whatever its stamp says."""
    source = SimulatedSource(SimulatedSettings(kind="leak_backdated", n_sessions=30, n_tickers=3))
    nows = [source.decision_at(session) for session in source.market.sessions]
    parts = [
        source.fetch_headlines(source.tickers, since=since, now=now).headlines
        for since, now in zip([None, *nows[:-1]], nows, strict=True)
    ]
    ids = pd.concat(parts)["headline_id"]
    assert ids.is_unique
    assert set(ids) == set(source.market.headlines["headline_id"])


def test_default_now_is_the_last_decision(source):
    """All bars are final and the next session is about to be forecast."""
    assert source.default_now == source.truth["decision_at"].max()
    fetched = source.fetch_bars(dict.fromkeys(source.tickers, pd.Timestamp("2018-01-01")), now=source.default_now)
    assert len(fetched.bars) == 4 * 60


@pytest.mark.slow
@pytest.mark.parametrize(
    ("strength", "accuracy", "ic"), [(1.0, 0.579, 0.210), (0.5, 0.543, 0.111), (0.25, 0.522, 0.058)]
)
def test_the_attainable_accuracy_is_what_the_specification_measured(strength, accuracy, ic):
    """Means of six seeds over 500 sessions after 1,000, from an independent construction of the same law."""
    markets = [SimulatedMarket(seed=seed, strength=strength) for seed in range(100, 106)]
    best = pd.DataFrame([dict(optimum(market.truth, market.sessions[1000:1500])) for market in markets]).mean()
    assert best.accuracy == pytest.approx(accuracy, abs=0.003)
    assert best.ic == pytest.approx(ic, abs=0.01)
