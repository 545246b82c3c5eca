"""Rules between instants that every row must keep, with or without a cut."""

import numpy as np
import numpy.typing as npt
import pandas as pd

from stockseq.evaluate.lookahead.clock import Clock
from stockseq.evaluate.lookahead.compare import Finding


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
    >>> find_early_headlines(joined_by_date, clock=clock)[0].sentence
    "instants: `A rises` of A on 2024-11-29 is used by the decision of 2024-11-29 14:00 UTC, but was available from
    2024-11-29 21:15 UTC: the forecast would read tomorrow's news."
    """
    available, decision = clock.available(decided), clock.decided(decided["session"])
    early = (decision < available).to_numpy()
    if not early.any():
        return ()
    row, place = decided[early].iloc[0], int(np.flatnonzero(early)[0])
    what = (
        f"is used by the decision of {decision.iloc[place]:%Y-%m-%d %H:%M} UTC, but was available from "
        f"{available.iloc[place]:%Y-%m-%d %H:%M} UTC"
    )
    return (
        Finding(
            "instants",
            str(row["text"])[:60],
            str(row["ticker"]),
            row["session"],
            what,
            "the forecast would read tomorrow's news",
        ),
    )


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
    >>> find_early_trades(from_last_close, clock=clock)[0].column
    'entry_at'
    """
    decision = clock.decided(labels["session"])
    early = (labels["entry_at"] < decision).to_numpy()
    if not early.any():
        return ()
    row, place = labels[early].iloc[0], int(np.flatnonzero(early)[0])
    what = f"is {row['entry_at']:%Y-%m-%d %H:%M} UTC, before the decision of {decision.iloc[place]:%Y-%m-%d %H:%M} UTC"
    why = "nobody could make that trade on that forecast"
    return (Finding("instants", "entry_at", str(row["ticker"]), row["session"], what, why),)


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
    >>> find_overlap(exits, decisions, learnt="train", judged="validation")[0].sentence
    'fold: `train` ends with a label of 2024-11-29 14:30 UTC, but the first decision of validation is of 2024-11-29
    14:00 UTC: what is judged there would partly have been learnt.'
    """
    if not len(exit_at) or not len(decision_at) or exit_at.max() < decision_at.min():
        return ()
    last, first = pd.Timestamp(exit_at.max()), pd.Timestamp(decision_at.min())
    what = (
        f"ends with a label of {last:%Y-%m-%d %H:%M} UTC, but the first decision of {judged} is of "
        f"{first:%Y-%m-%d %H:%M} UTC"
    )
    return (Finding("fold", learnt, "", None, what, "what is judged there would partly have been learnt"),)
