"""The store as its callers see it: what is written once, what is refused, and what comes back."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from deltalake import DeltaTable, write_deltalake

from stockseq.errors import DataError, StoreError
from stockseq.schemas import ACTIONS, BARS, HEADLINES, as_headlines
from stockseq.store import TABLES, Store
from tests.store.store_rows import bars, dividends, features, headlines, utc


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "data")


@pytest.mark.parametrize("table", TABLES)
def test_an_empty_store_gives_empty_tables_with_their_types(store: Store, table: str) -> None:
    """The first morning's code is the code of every morning."""
    rows = store.read(table)
    assert rows.empty
    assert {name: str(dtype) for name, dtype in rows.dtypes.items()} == dict(TABLES[table].columns)
    assert store.versions() == {}


@pytest.mark.parametrize(
    ("table", "rows", "columns"),
    [
        ("bars", bars([10.0, 11.0]), BARS),
        ("actions", dividends([0.5], fetched="2024-03-01"), ACTIONS),
        ("headlines", headlines(["b", "a"], seen=None), HEADLINES),
    ],
)
def test_rows_come_back_as_they_went_in(store: Store, table: str, rows: pd.DataFrame, columns: dict[str, str]) -> None:
    """Values, order and dtypes."""
    assert store.append(table, rows).n_rows == len(rows)
    pd.testing.assert_frame_equal(store.read(table), rows)
    assert {name: str(dtype) for name, dtype in store.read(table).dtypes.items()} == columns


@pytest.mark.parametrize(
    ("table", "rows"),
    [
        ("bars", bars([10.0, 11.0])),
        ("actions", dividends([0.5], fetched="2024-03-01")),
        ("headlines", headlines(["a", "b"])),
    ],
)
def test_the_same_rows_again_make_no_commit(store: Store, table: str, rows: pd.DataFrame) -> None:
    """One day run twice changes nothing, not even a version."""
    store.append(table, rows)
    assert store.version(table) == 0
    assert store.append(table, rows).n_rows == 0
    assert store.version(table) == 0


def test_a_call_is_one_commit(store: Store) -> None:
    """However many tickers it brings."""
    store.append("bars", pd.concat([bars([1.0] * 5, ticker=ticker) for ticker in ("A", "B", "C")]))
    store.append("bars", pd.concat([bars([1.0] * 9, ticker=ticker) for ticker in ("A", "B", "C", "D")]))
    assert store.version("bars") == 1
    assert store.read("bars").groupby("ticker").size().to_dict() == {"A": 9, "B": 9, "C": 9, "D": 9}


def test_first_seen_at_is_written_once(store: Store) -> None:
    """A headline seen again next week was known since this week."""
    store.append("headlines", headlines(["a"], seen="2024-02-05 12:00"))
    assert store.append("headlines", headlines(["a", "b"], seen="2024-02-12 12:00")).n_rows == 1
    assert store.read("headlines")["first_seen_at"].tolist() == [utc("2024-02-05 12:00"), utc("2024-02-12 12:00")]


def test_headlines_as_of_are_those_seen_by_then(store: Store) -> None:
    """A backfilled one counts from its publication, for want of better."""
    store.append("headlines", headlines(["late"], seen="2024-02-07 12:00"))
    store.append("headlines", headlines(["old", "older"], seen=None))
    assert store.read("headlines", as_of=utc("2024-02-05 10:30"))["text"].tolist() == ["old"]
    assert store.read("headlines", as_of=utc("2024-02-07 12:00"))["text"].tolist() == ["late", "old", "older"]


def test_other_content_under_a_stored_key_is_refused(store: Store) -> None:
    """Each text is scored once per scorer version: another score needs another version."""
    score = pd.DataFrame(
        {"headline_id": ["x"], "scorer": "vader", "compound": 0.1, "positive": 0.2, "negative": 0.0, "neutral": 0.8}
    )
    assert store.append("scores", score).n_rows == 1
    assert store.append("scores", score).n_rows == 0
    with pytest.raises(StoreError, match=r"`scores` is append-only .* first headline_id x, scorer vader"):
        store.append("scores", score.assign(compound=0.2))
    assert store.read("scores")["compound"].tolist() == [0.1]


def test_reads_are_cut_by_ticker_and_column(store: Store) -> None:
    """And a ticker is a value, never SQL."""
    odd = "O'X; DROP --"
    store.append("bars", pd.concat([bars([1.0, 2.0, 3.0]), bars([4.0, 5.0], ticker=odd)]))
    assert store.read("bars", tickers=[odd])["close"].tolist() == [4.0, 5.0]
    assert store.read("bars", tickers=[]).empty
    assert store.read("bars", columns=["close"]).to_numpy().tolist() == [[1.0], [2.0], [3.0], [4.0], [5.0]]
    assert list(store.read("bars", columns=["close", "ticker"]).columns) == ["close", "ticker"]


def test_an_older_version_stays_readable(store: Store) -> None:
    """A backtest notes the versions that it read."""
    store.append("bars", bars([1.0]))
    noted = store.versions()
    store.append("bars", bars([1.0, 2.0]))
    assert len(store.read("bars", version=noted["bars"])) == 1
    assert len(store.read("bars")) == 2


def test_the_data_version_names_the_content_and_not_its_history(tmp_path: Path) -> None:
    """Two stores that hold the same have the same, in whatever order and commits they got it."""
    first, second = Store(tmp_path / "first"), Store(tmp_path / "second")
    first.append("bars", pd.concat([bars([1.0, 2.0]), bars([3.0], ticker="MSFT")]))
    second.append("bars", bars([3.0], ticker="MSFT"))
    before = second.data_version()
    second.append("bars", bars([1.0, 2.0]))
    assert first.data_version() == second.data_version() != before


@pytest.mark.parametrize(
    ("rows", "says"),
    [
        (bars([1.0]).drop(columns="close"), r"missing \['close'\]"),
        (bars([1.0]).assign(adjusted=1.0), r"unknown \['adjusted'\]"),
        (bars([1.0]).assign(close="high"), "needs the types"),
        (bars([1.0]).assign(close=np.nan), "needs a value in every `close`; 1 of 1 rows lack it, first ticker AAPL"),
        (pd.concat([bars([1.0]), bars([2.0])]), "repeat one, first ticker AAPL, session 2024-02-05"),
        (bars([1.0]).assign(session=pd.Timestamp("2024-02-05 09:30")), "needs a date in `session`"),
    ],
)
def test_rows_that_break_the_schema_are_refused_before_anything_is_written(
    store: Store, rows: pd.DataFrame, says: str
) -> None:
    """Columns, types, missing values, repeated keys, and a session with a time of day."""
    with pytest.raises(DataError, match=says):
        store.append("bars", rows)
    assert store.versions() == {}


def test_questions_that_make_no_sense_are_refused(store: Store) -> None:
    """Each names what would."""
    with pytest.raises(ValueError, match=r"The store has the tables .* not 'prices'"):
        store.read("prices")
    with pytest.raises(ValueError, match="`as_of` is a tz-aware instant"):
        store.read("bars", as_of=pd.Timestamp("2024-02-05"))
    with pytest.raises(ValueError, match=r"`as_of` .* for `scores`"):
        store.read("scores", as_of=utc("2024-02-05"))
    with pytest.raises(ValueError, match="has no text column 'ticker'"):
        store.read("outcomes", tickers=["AAPL"])
    with pytest.raises(ValueError, match="never replaced"):
        store.replace("bars", bars([1.0]))
    with pytest.raises(ValueError, match="is derived"):
        store.append("features", features([1.0]))


def test_a_foreign_delta_table_in_the_way_is_refused(tmp_path: Path) -> None:
    """It would otherwise be extended by columns it doesn't know."""
    write_deltalake(tmp_path / "bars", bars([1.0])[["ticker", "close"]])
    with pytest.raises(StoreError, match="not one of stockseq's"):
        Store(tmp_path).read("bars")


def test_a_root_that_is_a_file_is_refused(tmp_path: Path) -> None:
    """With the path, so that the setting is found."""
    (tmp_path / "data").write_text("")
    with pytest.raises(StoreError, match=r"must be a folder, but .*data is a file"):
        Store(tmp_path / "data")


def test_a_folder_of_other_things_is_refused(tmp_path: Path) -> None:
    """A slip such as DATA=~ must not scatter tables there; what the recipes leave beside the tables is no stranger."""
    (tmp_path / "runs").mkdir()
    (tmp_path / ".cache").mkdir()
    Store(tmp_path)
    home = tmp_path / "home"
    home.mkdir()
    (home / "thesis.tex").write_text("")
    with pytest.raises(StoreError, match=r"holds other things \(thesis.tex\)"):
        Store(home)


def test_compaction_keeps_rows_noted_versions_and_model_bundles(store: Store) -> None:
    """Fourteen files become one, a version that a backtest named still reads, bundles are not Delta's to delete."""
    for day in range(1, 15):
        store.append("bars", bars([1.0] * day))
    store.append("models", _model("m1"))
    bundle = Path(store.root) / "models" / "m1" / "model.keras"
    bundle.parent.mkdir()
    bundle.write_text("network")
    store.compact(retention_hours=0, keep_versions={"bars": [4]})
    assert len(DeltaTable(f"{store.root}/bars").file_uris()) == 1
    assert len(store.read("bars")) == 14
    assert len(store.read("bars", version=4)) == 5
    with pytest.raises(StoreError):
        store.read("bars", version=7)
    assert bundle.read_text() == "network"
    assert store.append("bars", bars([1.0] * 15)).n_rows == 1


def _model(model_id: str) -> pd.DataFrame:
    texts = {column: "" for column, dtype in TABLES["models"].columns.items() if dtype == "str"}
    at, through = utc("2024-02-05"), pd.Timestamp("2024-02-02")
    return pd.DataFrame([{**texts, "model_id": model_id, "at": at, "trained_through": through}])


def test_an_append_that_looks_among_its_tickers_alone_adds_what_the_full_look_adds(tmp_path: Path) -> None:
    """Stored rows of the same tickers are found, those of others are left alone, and counts are by ticker."""
    store = Store(tmp_path)
    stamp = pd.Timestamp("2024-12-02T15:00Z")
    rows = pd.DataFrame({"headline_id": ["a", "b", "c"], "ticker": ["A", "M", "Z"], "text": "Words", "source": "files"})
    rows = as_headlines(rows.assign(published_at=stamp, first_seen_at=stamp, date_only=False, publisher="", url=""))
    assert store.append("headlines", rows[:2], alike="ticker").n_rows == 2
    assert store.append("headlines", rows, alike="ticker").rows["headline_id"].tolist() == ["c"]
    assert store.append("headlines", rows, alike="ticker").n_rows == 0
    assert store.count("headlines") == {"A": 1, "M": 1, "Z": 1}
    assert store.count("headlines", "source") == {"files": 3}
    assert store.count("headlines", as_of=stamp - pd.Timedelta(seconds=1)) == {}
    with pytest.raises(ValueError, match="keeps what came first"):
        store.append("scores", pd.DataFrame(), alike="ticker")
