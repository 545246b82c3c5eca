"""Count what a stage left out, by ticker and reason."""

import pandas as pd

from stockseq.schemas import Dropped


def count_dropped(stage: str, tickers: pd.Series, reasons: pd.Series | str) -> tuple[Dropped, ...]:
    """Return one `Dropped` per ticker and reason, in that order; a row without a reason isn't counted.

    Parameters
    ----------
    stage : str
    tickers : Series of shape (n_rows,)
    reasons : Series of shape (n_rows,), or one for all
        Words, or None where the row was kept.

    Examples
    --------
    >>> count_dropped("labels", pd.Series(["A", "A", "B"]), pd.Series(["halt", "halt", None]))
    (Dropped(stage='labels', ticker='A', reason='halt', n_rows=2),)
    """
    rows = pd.DataFrame({"ticker": tickers, "reason": reasons})
    counts = rows.groupby(["ticker", "reason"]).size().reset_index(name="n")
    return tuple(
        Dropped(stage, str(ticker), str(reason), int(n))
        for ticker, reason, n in zip(counts["ticker"], counts["reason"], counts["n"], strict=True)
    )
