"""A file of what somebody holds: a row a ticker with its shares, and one of cash. Nothing in it is guessed."""

import csv
import re
from collections.abc import Iterator
from pathlib import Path

from stockseq.backtest.account import Account
from stockseq.backtest.simulator import Holdings
from stockseq.errors import DataError
from stockseq.printable import shown
from stockseq.schemas import TICKER_FORM, valid_ticker

# No listing is called that, while CASH is one.
CASH = "$CASH"
COLUMNS = ("ticker", "shares")
MOST_BYTES = 1_000_000
MOST = 1e12
_AMOUNT = re.compile(r"[+-]?\d{1,15}(\.\d{0,12})?", re.ASCII)


def read_positions(path: str | Path, *, account: Account) -> Holdings:
    """Return the shares and the cash of a file of positions.

    Parameters
    ----------
    path : str or Path
        CSV in UTF-8 with the columns `ticker` (as Yahoo writes it) and `shares` (negative for a short), in any order;
        others aren't read. One row is `$CASH` with the cash, in the account's currency, in place of shares.
    account : Account
        Where its lot isn't 0, shares are whole.

    Raises
    ------
    DataError
        If there is no such file, or it isn't text, or a row isn't as above; with the line and what stands there.

    Examples
    --------
    >>> import tempfile
    >>> path = Path(tempfile.mkdtemp()) / "positions.csv"
    >>> _ = path.write_text("ticker,shares\\nAAPL,20\\n$CASH,1500.50\\n")
    >>> read_positions(path, account=Account())
    Holdings(shares={'AAPL': 20.0}, cash=1500.5)
    """
    amounts: dict[str, float] = {}
    lines: dict[str, int] = {}
    for line, ticker, text in _rows(Path(path)):
        where = f"{path}, line {line}"
        if ticker != CASH and (not valid_ticker(ticker) or ticker != ticker.upper()):
            raise DataError(
                f"{where}: a ticker is {TICKER_FORM} in capitals, as Yahoo writes it, or {CASH} for the row of cash; "
                f"received {shown(ticker)}. Correct it."
            )
        if ticker in lines:
            raise DataError(
                f"{where}: {ticker} stands in line {lines[ticker]} already; write one row a ticker, with their sum."
            )
        lines[ticker], amounts[ticker] = line, _amount(text, ticker, where, whole=ticker != CASH and account.lot > 0)
    if CASH not in amounts:
        raise DataError(
            f"{path} must say how much cash there is, in a row such as {CASH},1500.50, and has no row {CASH}; add it, "
            f"with 0 where there is none."
        )
    return Holdings({ticker: amount for ticker, amount in amounts.items() if ticker != CASH}, amounts[CASH])


def _amount(text: str, ticker: str, where: str, *, whole: bool) -> float:
    what = f"the {'cash' if ticker == CASH else f'shares of {ticker}'}"
    if _AMOUNT.fullmatch(text) is None or abs(float(text)) > MOST:
        raise DataError(
            f"{where}: {what} must be a plain number such as 20 or -1500.5, up to {MOST:.0e}, received {shown(text)}. "
            "Write it without thousands separators, currency or percent."
        )
    amount = float(text)
    if whole and not amount.is_integer():
        raise DataError(
            f"{where}: {what} must be whole, received {shown(text)}; round them, or set account.lot=0 to allow "
            "fractions of a share."
        )
    return amount


def _rows(path: Path) -> Iterator[tuple[int, str, str]]:
    """Yield line, ticker and amount of every row, stripped; blank lines are none."""
    try:
        # A device has no size and no end.
        if path.exists() and not path.is_file():
            raise IsADirectoryError(None, "it is no file")
        with path.open("rb") as file:
            content = file.read(MOST_BYTES + 1)
        if len(content) > MOST_BYTES:
            raise DataError(
                f"{path} has more than {MOST_BYTES:,} bytes, the most of a file of positions; name another in "
                "daily.positions."
            )
        text = content.decode("utf-8-sig")
    except OSError as error:
        raise DataError(
            f"The positions of daily.positions can't be read: {path}: {error.strerror}. Name a CSV file with the "
            f"columns {' and '.join(COLUMNS)}, or none to follow the ledger's own paper account."
        ) from error
    except UnicodeDecodeError as error:
        raise DataError(
            f"{path} must be text in UTF-8, and holds the byte 0x{error.object[error.start]:02x}; save it so."
        ) from error
    reader = csv.reader(text.splitlines(), strict=True)
    places: list[int] | None = None
    try:
        for cells in reader:
            cells = [cell.strip() for cell in cells]
            if not any(cells):
                continue
            if places is None:
                places = _places(path, [cell.lower() for cell in cells])
            elif max(places) >= len(cells):
                raise DataError(
                    f"{path}, line {reader.line_num}: {shown(','.join(cells))} has {len(cells)} cells, too few for "
                    f"{' and '.join(COLUMNS)}; complete it."
                )
            else:
                ticker, amount = (cells[place] for place in places)
                yield reader.line_num, ticker, amount
    except csv.Error as error:
        raise DataError(f"{path}, line {reader.line_num} isn't a row of CSV: {error}. Close its quotes.") from error
    if places is None:
        _places(path, [])


def _places(path: Path, header: list[str]) -> list[int]:
    if any(header.count(name) != 1 for name in COLUMNS):
        raise DataError(
            f"{path} must begin with a header that names {' and '.join(COLUMNS)} once each, received "
            f"{shown(','.join(header))}."
        )
    return [header.index(name) for name in COLUMNS]
