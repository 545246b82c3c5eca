"""An indicator's place is among the tickers of its own session, and of nothing else."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from stockseq.dataset.panel import Panel
from stockseq.models.cross_section import read_indicators, with_cross_section
from stockseq.models.training import fit_model
from tests.models.model_rows import FAST, SMALL, TinyMarket, first

NAMES = ("momentum", "momentum_in_session")


def make_panel(*sessions: list[float]) -> Panel:
    """Return a panel of one feature whose values are given by session, ticker by ticker."""
    days = pd.bdate_range("2024-11-25", periods=len(sessions))
    rows = [(f"T{k}", day, value) for day, values in zip(days, sessions, strict=True) for k, value in enumerate(values)]
    keys = pd.DataFrame(rows, columns=["ticker", "session", "value"]).sort_values(["ticker", "session"])
    keys = keys.reset_index(drop=True)
    values = keys.pop("value").to_numpy(dtype=np.float32)[:, None]
    return Panel(keys, values, ("momentum",), ((),) * len(keys))


def places(panel: Panel, session: int = 0) -> list[float]:
    """Return the places of the tickers on one session."""
    days = panel.keys["session"]
    rows = np.flatnonzero(days == sorted(days.unique())[session])
    return [float(value) for value in read_indicators(panel, rows, NAMES)[:, 1]]


def test_a_place_is_counted_in_the_sessions_standard_deviations() -> None:
    """By hand: -2 -1 0 1 2 has the standard deviation sqrt(2); adding 10 and doubling change nothing."""
    calm = [-2.0, -1.0, 0.0, 1.0, 2.0]
    panel = make_panel(calm, [10 + 2 * value for value in calm])
    expected = [value / np.sqrt(2) for value in calm]
    assert places(panel, 0) == pytest.approx(expected, abs=1e-6)
    assert places(panel, 1) == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize("values", [[1.0, 2.0, 3.0, 4.0], [0.1] * 6])
def test_few_tickers_and_equals_have_no_place(values: list[float]) -> None:
    """Four tickers say more of themselves than of the market, and equals differ by rounding alone."""
    assert places(make_panel(values)) == [0.0] * len(values)


def test_other_sessions_and_tickers_listed_later_play_no_part() -> None:
    """To the last bit: the first session's places stay when a sixth ticker and a wild session come."""
    alone = make_panel([3.0, 1.0, 4.0, 1.5, 9.0])
    later = make_panel([3.0, 1.0, 4.0, 1.5, 9.0], [1e6, -1e6, np.nan, 5.0, 7.0, 8.0])
    assert places(later) == places(alone)


def test_the_plain_indicator_stands_beside_its_place() -> None:
    """In the order of the names; a feature that the panel lacks is named without its ending."""
    panel = make_panel([1.0, 2.0, 3.0, 4.0, 5.0])
    assert with_cross_section(["momentum"]) == NAMES
    assert read_indicators(panel, np.array([1, 3]), NAMES)[:, 0].tolist() == [2.0, 4.0]
    with pytest.raises(ValueError, match=r"trained with the features \['strength'\], which the panel lacks"):
        read_indicators(panel, np.array([0]), ["strength_in_session"])


def test_a_model_reads_places_of_its_windows_sessions_alone(market: TinyMarket) -> None:
    """Every row of a later session is replaced by nonsense; forecasts of earlier ones stay, bit for bit."""
    network = SMALL.model_copy(update={"cross_section": True})
    training = FAST.model_copy(update={"n_seeds": 1, "epochs": 1})
    model = fit_model(market.panel, market.samples, market.fold, network=network, training=training)
    assert model.names == with_cross_section(market.panel.names)
    session = market.fold.test[3]
    windows = market.samples.on(pd.DatetimeIndex([session]))
    later = (market.panel.keys["session"] > session).to_numpy()
    poisoned = replace(market.panel, indicators=np.where(later[:, None], np.float32(np.nan), market.panel.indicators))
    expected = model.forecast(market.panel, windows)
    assert model.forecast(poisoned, windows).equals(expected)
    # One ticker alone is forecast as it is among all.
    assert model.forecast(market.panel, first(windows, 1)).equals(expected.head(1))
