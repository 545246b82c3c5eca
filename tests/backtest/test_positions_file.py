"""A file of positions is read as it says, or refused with the line and what stands there."""

from pathlib import Path

import pytest

from stockseq.backtest.account import Account
from stockseq.backtest.positions_file import read_positions
from stockseq.backtest.simulator import Holdings
from stockseq.errors import DataError


def read(folder: Path, content: str | bytes, *, lot: int = 1) -> Holdings:
    """Write a file and read it."""
    path = folder / "mine.csv"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return read_positions(path, account=Account(lot=lot))


def test_columns_stand_in_any_order_beside_others(tmp_path: Path) -> None:
    """As a spreadsheet saves it: a mark of UTF-8, Windows' line ends, blank lines, spaces; a short is negative."""
    text = '\ufeffNote,Shares,Ticker\r\n"bought, cheap",20,AAPL\r\n,,\r\n, -5 ,BRK-B\r\n,1500.25,$CASH\r\n'
    assert read(tmp_path, text) == Holdings({"AAPL": 20.0, "BRK-B": -5.0}, 1500.25)


def test_cash_alone_is_an_account_without_positions(tmp_path: Path) -> None:
    """Whoever holds nothing says so."""
    assert read(tmp_path, "ticker,shares\n$CASH,0\n") == Holdings({}, 0.0)


def test_fractions_of_a_share_need_a_lot_of_0(tmp_path: Path) -> None:
    """An order of whole shares can't end at a fraction."""
    assert read(tmp_path, "ticker,shares\nAAPL,1.5\n$CASH,0\n", lot=0).shares == {"AAPL": 1.5}


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("ticker,shares\nAAPL,1.5\n$CASH,0\n", "line 2: the shares of AAPL must be whole, received '1.5'"),
        ("ticker,shares\nAAPL,20\n", "has no row $CASH"),
        ("ticker,shares\nAAPL,20\n$CASH,1\nAAPL,3\n", "line 4: AAPL stands in line 2 already"),
        ('ticker,shares\nAAPL,"1,000"\n$CASH,1\n', "line 2: the shares of AAPL must be a plain number"),
        ("ticker,shares\nAAPL,nan\n$CASH,1\n", "received 'nan'"),
        ("ticker,shares\nAAPL,inf\n$CASH,1\n", "received 'inf'"),
        ("ticker,shares\nAAPL,1e400\n$CASH,1\n", "received '1e400'"),
        ("ticker,shares\nAAPL,\u0661\n$CASH,1\n", "must be a plain number"),
        ("ticker,shares\nAAPL,\n$CASH,1\n", "received ''"),
        ("ticker,shares\naapl,2\n$CASH,1\n", "received 'aapl'"),
        ("ticker,shares\n=HYPERLINK(1),2\n$CASH,1\n", "received '=HYPERLINK(1)'"),
        ("ticker,shares\nAA\u202eB,2\n$CASH,1\n", "received 'AA\\u202eB'"),
        ("ticker,shares\nAAPL\n$CASH,1\n", "line 2: 'AAPL' has 1 cells"),
        ('ticker,shares\n"AAPL,2\n$CASH,1\n', "isn't a row of CSV"),
        ("symbol,quantity\nAAPL,2\n", "received 'symbol,quantity'"),
        ("ticker,shares,shares\nAAPL,2,3\n", "once each"),
        ("", "must begin with a header"),
        (b"ticker,shares\nAAPL,\xff\n", "holds the byte 0xff"),
        (b"ticker,shares\nAA\0PL,2\n$CASH,1\n", "received 'AA\\x00PL'"),
        (b"x" * 1_000_001, "has more than 1,000,000 bytes"),
    ],
)
def test_what_can_not_be_read_is_named_with_its_line(tmp_path: Path, content: str | bytes, said: str) -> None:
    """Nothing is guessed: a share more or less is somebody's money."""
    with pytest.raises(DataError) as error:
        read(tmp_path, content)
    assert said in str(error.value)
    assert str(error.value).isprintable()


def test_a_missing_file_is_an_error_with_its_setting(tmp_path: Path) -> None:
    """So are a folder and a device, which would never end."""
    for path in (tmp_path / "none.csv", tmp_path, Path("/dev/zero")):
        with pytest.raises(DataError, match=r"daily.positions can't be read"):
            read_positions(path, account=Account())
