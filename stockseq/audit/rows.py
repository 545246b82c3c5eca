"""Rows that no cut reaches: every headline, label and fold against the clock, and each feature in its own warm-up."""

from typing import Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

from stockseq.audit.clock import Clock
from stockseq.audit.result import Disorder, Finding, Refusal, Verdict
from stockseq.dataset.dataset import Dataset, Inputs
from stockseq.errors import PluginError
from stockseq.features.history import BAR
from stockseq.market import MarketData
from stockseq.prices import adjust_forward, without_unpayable
from stockseq.testing.causality import check_causal

MOST_CHARACTERS = 60


def examine_instants(data: Dataset, clock: Clock) -> Verdict:
    """Hold every headline and every label to the clock, not those at the cuts alone."""
    return Verdict(
        artefact="instants",
        n_cuts=0,
        n_values=len(data.headlines) + len(data.labels),
        findings=(
            *find_early_headlines(data.headlines, clock=clock),
            *find_early_trades(data.labels, clock=clock),
        ),
    )


def examine_warm_up(market: MarketData, inputs: Inputs, *, n_bars: int, seed: int) -> Verdict:
    """Cut the first bars of each ticker where its features still warm up, whose values there no table holds.

    Parameters
    ----------
    market : MarketData
    inputs : Inputs
        Whose features are computed.
    n_bars : int
        So many of each ticker's first bars are looked at.
    seed : int
        Of the cuts and of the other bars; see `check_causal`.
    """
    n_values, findings = 0, []
    for ticker, bars in market.bars.groupby("ticker"):
        traded = bars[bars["session"].isin(market.calendar.sessions)].sort_values("session", ignore_index=True)
        # The features leave out what can't be paid, too; the account of what was dropped says so.
        payable, _ = without_unpayable(traded, market.actions[market.actions["ticker"] == ticker])
        adjusted = adjust_forward(traded, payable)
        following = market.calendar.next_sessions(adjusted["session"])
        first = adjusted.assign(traded_session=following).set_index("session")[[*BAR, "traded_session"]].iloc[:n_bars]
        for feature in inputs.features:
            try:
                n_values += check_causal(feature, first, seed=seed)
            except PluginError as error:
                refusal = Refusal(kind="feature", reason=str(error))
                findings.append(Finding(artefact="warm-up", column=feature.name, evidence=refusal, ticker=str(ticker)))
    return Verdict(artefact="warm-up", n_cuts=0, n_values=n_values, findings=tuple(findings))


def find_early_headlines(decided: pd.DataFrame, *, clock: Clock) -> tuple[Finding, ...]:
    """Return a finding where a headline counts for a session that was decided before the headline was available.

    Parameters
    ----------
    decided : DataFrame of n_headlines rows
        Headlines with `session`, the traded session that the pipeline gave each; NaT is none.
    clock : Clock

    Examples
    --------
    >>> from stockseq.sessions import DecisionPolicy, TradingCalendar
    >>> calendar = TradingCalendar("XNYS", pd.Timestamp("2024-11-25"), pd.Timestamp("2024-12-06"))
    >>> clock = Clock(calendar, DecisionPolicy(), pd.Timedelta(minutes=15))
    >>> joined_by_date = pd.DataFrame({"ticker": ["A"], "session": pd.to_datetime(["2024-11-29"]), "text": ["A rises"],
    ...     "published_at": pd.to_datetime(["2024-11-29 21:00"], utc=True), "date_only": False,
    ...     "first_seen_at": pd.to_datetime([None], utc=True)})
    >>> finding = find_early_headlines(joined_by_date, clock=clock)[0]
    >>> finding.name, f"{finding.evidence.comes_at:%H:%M}", f"{finding.evidence.decision_at:%H:%M}"
    ('`A rises` of A on 2024-11-29', '21:15', '14:00')
    """
    return _first_disorder("headline", decided, clock.available(decided), clock, column="text")


def find_early_trades(labels: pd.DataFrame, *, clock: Clock) -> tuple[Finding, ...]:
    """Return a finding where a label's trade begins before its session is decided.

    Parameters
    ----------
    labels : Labels of n_labels rows
    clock : Clock

    Examples
    --------
    >>> from stockseq.sessions import DecisionPolicy, TradingCalendar
    >>> calendar = TradingCalendar("XNYS", pd.Timestamp("2024-11-25"), pd.Timestamp("2024-12-06"))
    >>> clock = Clock(calendar, DecisionPolicy(), pd.Timedelta(0))
    >>> from_last_close = pd.DataFrame({"ticker": ["A"], "session": pd.to_datetime(["2024-11-29"]),
    ...     "entry_at": pd.to_datetime(["2024-11-27 21:00"], utc=True)})
    >>> find_early_trades(from_last_close, clock=clock)[0].name
    '`entry_at` of A on 2024-11-29'
    """
    return _first_disorder("trade", labels, labels["entry_at"], clock, column="entry_at")


def find_overlap(
    exit_at: npt.NDArray[np.datetime64], decision_at: npt.NDArray[np.datetime64], *, learnt: str, judged: str
) -> tuple[Finding, ...]:
    """Return a finding where a label that was learnt from ends after the first decision that is judged.

    Parameters
    ----------
    exit_at : datetime64 array of shape (n_learnt,), UTC
        The end of each label of one part of a fold.
    decision_at : datetime64 array of shape (n_judged,), UTC
        The decisions of a later part.
    learnt, judged : str
        The names of the parts, such as "train" and "validation".

    Examples
    --------
    >>> exits = np.array(["2024-11-29T14:30"], dtype="datetime64[us]")
    >>> decisions = np.array(["2024-11-29T14:00"], dtype="datetime64[us]")
    >>> find_overlap(exits, decisions, learnt="train", judged="validation")[0].name
    '`train`'
    """
    if not len(exit_at) or not len(decision_at) or exit_at.max() < decision_at.min():
        return ()
    disorder = Disorder(
        kind="label",
        comes_at=pd.Timestamp(exit_at.max(), tz="UTC"),
        decision_at=pd.Timestamp(decision_at.min(), tz="UTC"),
        judged=judged,
    )
    return (Finding(artefact="fold", column=learnt, evidence=disorder),)


def _first_disorder(
    kind: Literal["headline", "trade"], rows: pd.DataFrame, comes_at: pd.Series, clock: Clock, *, column: str
) -> tuple[Finding, ...]:
    """Return a finding for the first row on the wrong side of its session's decision: news after, a trade before it."""
    decision_at = clock.decided(rows["session"])
    wrong = ((decision_at < comes_at) if kind == "headline" else (comes_at < decision_at)).to_numpy()
    if not wrong.any():
        return ()
    first = int(np.flatnonzero(wrong)[0])
    row = rows.iloc[first]
    return (
        Finding(
            artefact="instants",
            column=str(row["text"])[:MOST_CHARACTERS] if column == "text" else column,
            evidence=Disorder(kind=kind, comes_at=comes_at.iloc[first], decision_at=decision_at.iloc[first]),
            ticker=str(row["ticker"]),
            session=row["session"].date(),
        ),
    )
