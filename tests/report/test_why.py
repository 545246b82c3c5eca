"""What moved a forecast, as the page shows it: base and bars sum to the forecast as it is shown."""

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stockseq.models.why import Part, Why
from stockseq.report.format import MINUS
from stockseq.report.why import MOST_BARS, build_why


def why_of(base: float, *contributions: float, rest: float = 0.0, n_left_out: int = 0) -> Why:
    """A forecast of headlines with these contributions."""
    parts = [Part("headline", f"h{n}", value, text=f"Story {n}") for n, value in enumerate(contributions)]
    total = base + sum(contributions) + rest
    whole = (*parts, Part("rest", "rest", rest))
    return Why("ACME", pd.Timestamp("2024-11-29"), base, total, whole, n_left_out)


def tenths(text: str) -> int:
    return round(10 * float(text.replace(MINUS, "-").rstrip("%")))


def test_bars_lead_from_the_base_to_the_forecast() -> None:
    """By hand: 50 - 6 + 4 = 48; of 44 to 50 the base lies at the upper end."""
    view = build_why(why_of(0.5, 0.04, -0.06))
    assert [(bar.points, bar.words, bar.direction) for bar in view.bars] == [
        (f"{MINUS}6.0", "'Story 1'", "down"),
        ("+4.0", "'Story 0'", "up"),
    ]
    # The stronger comes first: 50 to 44, then to 48.
    assert [(bar.start, bar.width) for bar in view.bars] == [(0.0, 100.0), (0.0, 66.7)]
    assert (view.base, view.base_at, view.forecast) == ("50.0%", 100.0, "48.0%")


def test_what_is_not_shown_is_one_bar_that_says_so() -> None:
    """Seven headlines of a point each: one and the rest go together."""
    view = build_why(why_of(0.5, *[0.01] * (MOST_BARS + 1), rest=0.002, n_left_out=3))
    assert view.bars[-1].points == "+1.2"
    assert view.bars[-1].words == (
        "everything else: 1 smaller part, what the news says beyond each headline alone, 3 headlines not taken out one "
        "by one"
    )


def test_a_forecast_that_nothing_moved_has_no_bar() -> None:
    """Base and forecast alone, and no division by nothing."""
    assert build_why(why_of(0.5)).bars == []


@given(
    base=st.floats(0.3, 0.7),
    contributions=st.lists(st.floats(-0.05, 0.05), max_size=12),
    rest=st.floats(-0.02, 0.02),
)
def test_what_is_shown_sums_up_to_the_tenth(base: float, contributions: list[float], rest: float) -> None:
    """A reader who adds up must never be off by what was rounded."""
    view = build_why(why_of(base, *contributions, rest=rest))
    assert tenths(view.base) + sum(tenths(bar.points) for bar in view.bars) == tenths(view.forecast)
    assert all(0.0 <= bar.start <= 100.0 and 0.0 <= bar.width <= 100.1 for bar in view.bars)
    assert len(view.bars) <= MOST_BARS + 1


@pytest.mark.parametrize("text", ["</script><img src=x onerror=alert(1)>", "a\u202eb"])
def test_a_headline_stays_text(text: str) -> None:
    """Escaping is the template's work; what turns a line is made visible here."""
    why = Why("A", pd.Timestamp("2024-11-29"), 0.5, 0.6, (Part("headline", "h", 0.1, text=text),))
    assert "\u202e" not in build_why(why).bars[0].words
