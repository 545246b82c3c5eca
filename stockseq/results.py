"""The base of every result that ends in `metrics.json`."""

import html
from collections.abc import Mapping
from typing import Any, Self

from pydantic import BaseModel, ConfigDict

# More figures than these make no short line.
N_SHOWN = 8


class Result(BaseModel):
    """Figures that belong together, each under the key that it has in `metrics.json`.

    A result never changes and never holds a NaN or an infinity: what can't be computed is None. A key that was never
    set stays absent from `to_dict`, so that an old file is written as it was read.

    Examples
    --------
    >>> class Drawdown(Result):
    ...     most: float
    ...     n_sessions: int | None = None
    >>> drawdown = Drawdown.from_dict({"most": -0.25, "written_by": "an older version"})
    >>> drawdown, drawdown.n_sessions, drawdown.to_dict()
    (Drawdown(most=-0.25), None, {'most': -0.25})
    """

    model_config = ConfigDict(frozen=True, extra="ignore", allow_inf_nan=False)

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Self:
        """Return the result that `to_dict` gave; a missing key takes its default, an unknown one is left out.

        Raises
        ------
        pydantic.ValidationError
            If a key without a default is missing, or a value is not what it must be (a NaN is no number).
        """
        return cls.model_validate(dict(values))

    def to_dict(self) -> dict[str, Any]:
        """Return the keys that were set as plain lists, numbers and text, ready for JSON."""
        return self.model_dump(mode="json", exclude_unset=True)

    def __repr__(self) -> str:
        shown = [f"{name}={_shown(value)}" for name, value in self if value is not None]
        return f"{type(self).__name__}({', '.join([*shown[:N_SHOWN], *(['...'] if len(shown) > N_SHOWN else [])])})"

    def __str__(self) -> str:
        return repr(self)

    def _repr_html_(self) -> str:
        return html_table(type(self).__name__, dict(self))


def html_table(title: str, values: Mapping[str, object]) -> str:
    """Return named values as a table of two columns for a notebook, escaped; what is None is left out.

    Examples
    --------
    >>> html_table("Drawdown", {"most": -0.25})
    '<table><caption>Drawdown</caption><tr><th>most</th><td>-0.25</td></tr></table>'
    """
    rows = "".join(
        f"<tr><th>{html.escape(name)}</th><td>{html.escape(_shown(value))}</td></tr>"
        for name, value in values.items()
        if value is not None
    )
    return f"<table><caption>{html.escape(title)}</caption>{rows}</table>"


def _shown(value: object) -> str:
    """Return a value short enough for a line: a number to four digits, long text and long lists by their length."""
    if isinstance(value, float):
        return f"{value:.4g}"
    if isinstance(value, Mapping) or (isinstance(value, (list, tuple)) and len(value) > 3):
        return f"<{len(value)} items>"
    if isinstance(value, (list, tuple)):
        return f"({', '.join(map(_shown, value))})"
    return f"<{len(value)} characters>" if isinstance(value, str) and len(value) > 60 else repr(value)
