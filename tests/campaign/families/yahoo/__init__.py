"""Faults of Yahoo on the wire, in charts, events, news, cookies and clocks, alone and in pairs, and how they heal."""

import functools
from pathlib import Path

from tests.campaign.case import Case
from tests.campaign.families.yahoo.charts import chart_faults
from tests.campaign.families.yahoo.clocks import clock_cases, date_faults
from tests.campaign.families.yahoo.cookies import cookie_faults
from tests.campaign.families.yahoo.fault import YahooFault
from tests.campaign.families.yahoo.mornings import MOST_FAULTS, judge_batch
from tests.campaign.families.yahoo.news import news_faults
from tests.campaign.families.yahoo.wire import wire_faults


@functools.cache
def _batches() -> tuple[tuple[YahooFault, ...], ...]:
    """Return all faults, those that bear company seven to a market, so that each takes a second."""
    faults = [*wire_faults(), *chart_faults(), *news_faults(), *date_faults(), *cookie_faults()]
    faults += _pairs(faults)
    alone = [(fault,) for fault in faults if fault.alone]
    # Those of the short form come first, and so share one market.
    shared = sorted((fault for fault in faults if not fault.alone), key=lambda fault: not fault.short)
    return (*(tuple(shared[at : at + MOST_FAULTS]) for at in range(0, len(shared), MOST_FAULTS)), *alone)


def _pairs(faults: list[YahooFault]) -> list[YahooFault]:
    """Return every seventh fault of the bars beside one of the news, and some beside a cookie page that is down."""
    of_bars = [fault for fault in faults if fault.bars != "whole" and not fault.alone and "redirect" not in fault.name]
    of_news = [fault for fault in faults if fault.news in ("failed", "fewer") and "redirect" not in fault.name]
    of_cookies = [fault for fault in faults if fault.alone and fault.bars == "whole"]
    pairs = [bars.with_other(news) for bars, news in zip(of_bars[::7], of_news[::2], strict=False)]
    return pairs + [bars.with_other(cookie) for bars, cookie in zip(of_bars[3::40], of_cookies[::9], strict=False)]


def cases() -> list[Case]:
    """Return every fault alone, and some in pairs."""
    return [*(_case(fault, batch) for batch in _batches() for fault in batch), *clock_cases()]


def _case(fault: YahooFault, batch: tuple[YahooFault, ...]) -> Case:
    def run(folder: Path, seed: int) -> str:
        said = judge_batch(batch)[fault.name]
        if isinstance(said, AssertionError):
            raise said
        return said

    return Case(fault.name, run, n_inputs=1 if fault.alone else 2, short=fault.short)
