"""Numbers as exports write them: a column is read by the one notation that all of it admits, or not at all."""

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from decimal import Decimal as DecimalNumber
from numbers import Real
from typing import Literal

import numpy as np
import pandas as pd

from stockseq.errors import SourceError
from stockseq.schemas import NUMBER

LONGEST_NUMBER = 64
Decimal = Literal[".", ","]
BLANKS = frozenset(
    {"", "-", "--", "\u2013", "\u2014", ".", "na", "n/a", "#n/a", "nan", "<na>", "null", "none", "nil", "n.a."}
)
POWERS = {"k": 1e3, "m": 1e6, "b": 1e9, "t": 1e12, "mio": 1e6, "mrd": 1e9, "tsd": 1e3, "mn": 1e6, "bn": 1e9}
_CURRENCY = r"(?:US\$|[$\u20ac\u00a3\u00a5\u20b9]|USD|EUR|GBP|GBX|GBp|CHF|JPY|INR|Rs\.?)"
# Money and signs around the digits, the digits, and a power of ten or a percent sign behind them.
_TOKEN = re.compile(
    rf"(?P<open>\()?\s*(?P<sign>[+-]?)\s*{_CURRENCY}?\s*(?P<sign2>[+-]?)\s*(?P<digits>[\d.,'\s]*\d[\d.,'\s]*?|inf(?:inity)?)"
    rf"\s*(?P<exponent>[eE][+-]?\d+)?\s*(?P<power>Mio\.?|Mrd\.?|Tsd\.?|mn|bn|[KMBTkmbt])?\s*{_CURRENCY}?\s*"
    r"(?P<percent>%)?\s*(?P<close>\))?",
    re.IGNORECASE,
)
_GROUPS = {
    ".": re.compile(r"[1-9]\d{0,2}(?P<group>[,'\s])\d{3}(?:(?P=group)\d{3})*(?:\.\d*)?|\d*\.?\d+|\d+\."),
    ",": re.compile(r"[1-9]\d{0,2}(?P<group>[.'\s])\d{3}(?:(?P=group)\d{3})*(?:,\d*)?|\d*,?\d+|\d+,"),
}
# India writes 12,34,567.89: pairs above the last three digits.
_LAKHS = re.compile(r"[1-9]\d?(?:,\d{2})+,\d{3}(?:\.\d*)?")


@dataclass(frozen=True)
class Numbers:
    """A column of numbers.

    Parameters
    ----------
    amounts : Series of shape (n_rows,)
        float64; NaN where the cell is blank or can't be read.
    faults : Series of shape (n_rows,)
        Why a cell can't be read, with the first example of its kind; None where it is read or blank.
    converted : str
        What was written otherwise than as plain digits, with an example; empty where nothing was.
    """

    amounts: pd.Series
    faults: pd.Series
    converted: str


def read_columns(
    frame: pd.DataFrame, blocks: Sequence[Collection[str]], *, decimal: Decimal | None = None, path: str = ""
) -> dict[str, Numbers]:
    """Read the columns of numbers of one table.

    The columns of a block are of one quantity, such as the four prices, and are judged as one. A block that admits two
    readings of different value, such as volumes of `1.205` and `980`, is read as thousands where the rest of the table
    writes its decimals with the other sign, and is refused otherwise: a size never decides.

    Parameters
    ----------
    frame : DataFrame
        Numbers, or text as exports write it: `1,005.00`, `1.005,00`, `1.25K`, `3.4M`, `$0.22`, `(5)`.
    blocks : sequence of collection of str
        Names of columns; those that the frame lacks are passed over.
    decimal : "." or ",", optional
        The decimal sign of the whole table, for what can't be told.
    path : str
        Names the file in errors.

    Returns
    -------
    dict of column to Numbers

    Raises
    ------
    SourceError
        If a block mixes notations, or admits two.

    Examples
    --------
    >>> table = pd.DataFrame({"close": ["29,71", "1.028,59"], "volume": ["1.234", "980"]})
    >>> read = read_columns(table, [["close"], ["volume"]])
    >>> read["close"].amounts.tolist(), read["volume"].amounts.tolist()
    ([29.71, 1028.59], [1234.0, 980.0])
    """
    present = [[name for name in block if name in frame] for block in blocks]
    tokens = {name: _tokens(frame[name]) for block in present for name in block}
    admitted = [_admitted([tokens[name] for name in block]) for block in present]
    decided = {next(iter(signs)) for signs in admitted if len(signs) == 1}
    others: Decimal | None = decimal or (next(iter(decided)) if len(decided) == 1 else None)
    read: dict[str, Numbers] = {}
    for block, signs in zip(present, admitted, strict=True):
        if not block:
            continue
        texts = pd.concat([tokens[name] for name in block])
        sign = decimal or _decide(texts, signs, others, names=block, path=path)
        read |= {name: _read(frame[name], tokens[name], sign, name) for name in block}
    return read


def _tokens(column: pd.Series) -> pd.Series:
    """Return the distinct texts of a column that are no plain numbers, without blanks."""
    if pd.api.types.is_numeric_dtype(column.dtype):
        return pd.Series([], dtype=object)
    # Not through `unique`: a cell of JSON may be a list.
    texts = dict.fromkeys(value for value in column if isinstance(value, str))
    clean = {text: _clean(text) for text in texts}
    return pd.Series({text: token for text, token in clean.items() if token.lower() not in BLANKS}, dtype=object)


def _clean(text: str) -> str:
    plain = text.replace("\u2212", "-").replace("\u2019", "'").replace("\u00a0", " ").replace("\u202f", " ")
    return plain.replace("\u2009", " ").strip()


def _parts(token: str) -> re.Match[str] | None:
    # No amount is longer, and on a long text the pattern takes minutes.
    match = _TOKEN.fullmatch(token) if len(token) <= LONGEST_NUMBER else None
    # Nobody can tell what "--5" or "(-5)" means.
    return None if match is None or sum(map(bool, match.group("open", "sign", "sign2"))) > 1 else match


def _digits(token: str) -> str | None:
    match = _parts(token)
    if match is None or bool(match["open"]) != bool(match["close"]):
        return None
    return match["digits"].strip()


def _fits(digits: str, sign: Decimal) -> bool:
    return _GROUPS[sign].fullmatch(digits) is not None or (sign == "." and _LAKHS.fullmatch(digits) is not None)


def _admitted(columns: Sequence[pd.Series]) -> frozenset[Decimal]:
    """Return the decimal signs under which every readable cell has a value; none where cells contradict each other.

    Both where they make no difference, or where nothing tells.
    """
    digits = [found for column in columns for token in column if (found := _digits(token)) is not None]
    signs: list[Decimal] = [".", ","]
    needs = [frozenset(sign for sign in signs if _fits(found, sign)) for found in digits]
    told = frozenset.intersection(*(fit for fit in needs if fit)) if any(needs) else frozenset(signs)
    return frozenset(told)


def _decide(
    texts: pd.Series, signs: frozenset[Decimal], others: Decimal | None, *, names: Sequence[str], path: str
) -> Decimal:
    what = ", ".join(names)
    if not signs:
        points, commas = (_example(texts, sign) for sign in (".", ","))
        raise SourceError(
            f"{path}: {what} mixes decimal points ({points!r}) with decimal commas ({commas!r}), so no reading "
            "holds for the whole column; write one of them throughout."
        )
    if len(signs) == 1:
        return next(iter(signs))
    unclear = next(((text, token) for text, token in texts.items() if _differs(token)), None)
    if unclear is None:
        return "."
    text, token = unclear
    # Thousands beside decimals of the other sign are one notation; three decimals beside decimals might be thousands.
    if others is not None and (_grouped_under(texts, others) or "volume" not in names):
        return others
    point, comma = _value(token, "."), _value(token, ",")
    raise SourceError(
        f"{path}: {what} can be read in two ways: {text!r} is {point:.12g} with a decimal point and {comma:.12g} with "
        'a decimal comma, and no row tells which. Set files.decimal to "." or ",".'
    )


def _example(texts: pd.Series, sign: Decimal) -> str:
    other: Decimal = "," if sign == "." else "."
    found = {str(text): _digits(token) for text, token in texts.items()}
    return next(
        (text for text, digits in found.items() if digits and _fits(digits, sign) and not _fits(digits, other)), ""
    )


def _differs(token: str) -> bool:
    digits = _digits(token)
    return digits is not None and _fits(digits, ".") and _fits(digits, ",") and _value(token, ".") != _value(token, ",")


def _grouped_under(texts: pd.Series, sign: Decimal) -> bool:
    """Return whether the unclear cells are whole numbers of thousands, or have a power, under this decimal sign."""
    return all(sign not in token or _parts(token)["power"] for token in texts if _differs(token))  # type: ignore[index]


def _value(token: str, sign: Decimal) -> float:
    """Return what a token is worth; NaN where it can't be read under this decimal sign."""
    match = _parts(token)
    digits = _digits(token)
    if match is None or digits is None:
        return np.nan
    if digits.lower().startswith("inf"):
        value = np.inf
    elif _fits(digits, sign):
        value = float(re.sub(r"[,'\s]" if sign == "." else r"[.'\s]", "", digits).replace(",", "."))
    else:
        return np.nan
    value = float(f"{value!r}{match['exponent']}") if match["exponent"] else value
    value *= POWERS[match["power"].lower().rstrip(".")] if match["power"] else 1.0
    return -value if "-" in (match["sign"], match["sign2"]) or match["open"] else value


def _read(column: pd.Series, tokens: pd.Series, sign: Decimal, name: str) -> Numbers:
    faults = pd.Series(None, index=column.index, dtype=object)
    if pd.api.types.is_numeric_dtype(column.dtype) and not pd.api.types.is_bool_dtype(column.dtype):
        return Numbers(column.astype(NUMBER), faults, "")
    values = column.astype(object).map(_number)
    percent = {text for text, token in tokens.items() if "%" in token}
    known = {text: _value(token, sign) for text, token in tokens.items() if text not in percent}
    texts = column.map(lambda cell: cell if isinstance(cell, str) else None)
    values = values.astype(NUMBER).fillna(texts.map(known).astype(NUMBER))
    unread = (
        values.isna()
        & column.notna()
        & ~texts.map(lambda text: isinstance(text, str) and text not in tokens.index).astype(bool)
    )
    written = texts.isin(
        [text for text, value in known.items() if not np.isnan(value) and not _plain(str(text), value)]
    )
    for cells, reason in (
        (unread & texts.isin(percent), f"{name} is a percentage, no amount"),
        (unread & ~texts.isin(percent), f"{name} is not a number"),
    ):
        if cells.any():
            faults[cells] = f"{reason}, such as {str(column[cells].iloc[0])[:20]!r}"
    first = column[written].iloc[0] if written.any() else None
    return Numbers(values, faults, "" if first is None else f"{name} {first!r} is {values[written].iloc[0]:.12g}")


def _number(cell: object) -> float:
    """Return a cell that is a number already; NaN for texts, for flags, and for what else JSON and Parquet hold."""
    if isinstance(cell, bool | np.bool_) or not isinstance(cell, Real | DecimalNumber):
        return np.nan
    return float(cell)


def _plain(text: str, value: float) -> bool:
    try:
        return float(text) == value and "_" not in text
    except ValueError:
        return False
