"""Why a forecast is what it is: the parts that its probability of up is made of, and their table."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal, get_args

import pandas as pd

from stockseq.schemas import INSTANT, NUMBER, SESSION, TEXT

Kind = Literal["group", "headline", "rest"]
WHY = {
    "ticker": TEXT,
    "session": SESSION,
    "base": NUMBER,
    "probability_up": NUMBER,
    "n_left_out": "int64",
    "kind": TEXT,
    "name": TEXT,
    "contribution": NUMBER,
    "feature": TEXT,
    "value": NUMBER,
    "text": TEXT,
    "url": TEXT,
    "published_at": INSTANT,
}


@dataclass(frozen=True)
class Part:
    """What one thing added to the probability of up.

    Parameters
    ----------
    kind : {"group", "headline", "rest"}
    name : str
        Of the group of indicators (see `features.groups`), the headline's id, or "rest".
    contribution : float
        A fraction: 0.05 is 5 points of probability.
    feature, value : str, float or None
        The indicator of a group that tells a reader most, and what it was at the decision; "" and None without one.
    text, url : str
        Of a headline; untrusted.
    published_at : Timestamp or None
        Of a headline.
    """

    kind: Kind
    name: str
    contribution: float
    feature: str = ""
    value: float | None = None
    text: str = ""
    url: str = ""
    published_at: pd.Timestamp | None = None


@dataclass(frozen=True)
class Why:
    """What moved one forecast.

    It tells of the model and not of the market: what this ensemble made of what it read, whether or not that is so.

    Parameters
    ----------
    ticker : str
    session : Timestamp
    base : float
        What the same ensemble says where nothing is known of the window: every indicator at its mean over the training
        windows, and no headline. The same for all forecasts of a model.
    probability_up : float
        The forecast.
    parts : tuple of Part
        They sum to `probability_up` less `base`. A group's is its Shapley value: the mean, over all orders in which
        the groups may become known, of what knowing it changes. A headline's is exact: the forecast less the forecast
        without that headline. The rest is what the news adds beyond each headline alone: what several say together,
        those that are older than the window, those that were not taken out by themselves, and that there is none.
    n_left_out : int, default=0
        Headlines of the window that were not taken out by themselves; they are in the rest.
    """

    ticker: str
    session: pd.Timestamp
    base: float
    probability_up: float
    parts: tuple[Part, ...]
    n_left_out: int = 0

    @property
    def strongest(self) -> tuple[Part, ...]:
        """The groups and headlines that moved the forecast, the strongest first."""
        moved = [part for part in self.parts if part.kind != "rest" and part.contribution]
        return tuple(sorted(moved, key=lambda part: -abs(part.contribution)))

    def __repr__(self) -> str:
        return (
            f"Why({self.ticker} on {self.session:%Y-%m-%d}: {self.probability_up:.4f} from {self.base:.4f} by "
            f"{len(self.parts)} parts)"
        )


def tabulate_why(explained: Iterable[Why]) -> pd.DataFrame:
    """Return a row for each part of each forecast, as `read_why` reads it.

    Examples
    --------
    >>> why = Why("ACME", pd.Timestamp("2024-11-29"), 0.5, 0.53, (Part("rest", "rest", 0.03),))
    >>> tabulate_why([why])[["ticker", "kind", "contribution"]].values.tolist()
    [['ACME', 'rest', 0.03]]
    >>> read_why(tabulate_why([why])) == (why,)
    True
    """
    rows = [
        {
            "ticker": why.ticker,
            "session": why.session,
            "base": why.base,
            "probability_up": why.probability_up,
            "n_left_out": why.n_left_out,
            **vars(part),
        }
        for why in explained
        for part in why.parts
    ]
    return pd.DataFrame(rows, columns=list(WHY)).astype(WHY)


def read_why(table: pd.DataFrame) -> tuple[Why, ...]:
    """Return what `tabulate_why` tabulated, in its order.

    Raises
    ------
    ValueError
        If a part is of no kind that there is.
    """
    wrong = sorted(set(table["kind"]) - set(get_args(Kind)))
    if wrong:
        raise ValueError(f"A part is one of {get_args(Kind)}, received {wrong[0]!r}.")
    return tuple(_why(rows) for _, rows in table.groupby(["ticker", "session"], sort=False))


def _why(rows: pd.DataFrame) -> Why:
    first = rows.iloc[0]
    return Why(
        ticker=str(first["ticker"]),
        session=pd.Timestamp(first["session"]),
        base=float(first["base"]),
        probability_up=float(first["probability_up"]),
        parts=tuple(_part(row) for row in rows.to_dict("records")),
        n_left_out=int(first["n_left_out"]),
    )


def _part(row: Mapping[Any, Any]) -> Part:
    fields = {name: row[name] for name in Part.__dataclass_fields__}
    for name in ("value", "published_at"):
        fields[name] = None if pd.isna(fields[name]) else fields[name]
    return Part(**fields)
