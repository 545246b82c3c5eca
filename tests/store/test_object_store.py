"""The same store on an object store: moto's S3 server on loopback, in a process of its own."""

from concurrent.futures import ThreadPoolExecutor

import pandas as pd
import pytest

from stockseq.errors import StoreError
from stockseq.forecast_ledger import verify
from stockseq.store import Store
from tests.campaign.cutting_proxy import KEYS, object_store
from tests.store.store_rows import bars, features, headlines


@pytest.fixture(scope="module")
def options() -> dict[str, str]:
    """Storage options of a running server with one bucket."""
    return {**KEYS, "AWS_ENDPOINT_URL": object_store().url, "AWS_ALLOW_HTTP": "true"}


def test_rows_vintages_and_features_are_kept_as_in_a_folder(options: dict[str, str]) -> None:
    """Append, revise, repeat, replace, read as of, compact."""
    store = Store("s3://stockseq/first", storage_options=options)
    assert store.versions() == {}
    assert verify(store).n_rows == 0
    assert store.append("bars", bars([10.0, 11.0], fetched="2024-03-01")).n_rows == 2
    assert store.append("bars", bars([10.0, 11.5], fetched="2024-03-02")).n_rows == 1
    assert store.append("bars", bars([10.0, 11.5], fetched="2024-03-03")).n_rows == 0
    assert store.read("bars")["close"].tolist() == [10.0, 11.5]
    assert store.read("bars", as_of=pd.Timestamp("2024-03-01", tz="UTC"))["close"].tolist() == [10.0, 11.0]
    store.replace("features", features([1.0, 2.0]))
    assert store.replace("features", features([1.0, 2.5])) == 1
    store.compact(retention_hours=0)
    assert store.read("features")["momentum"].tolist() == [1.0, 2.5]
    assert Store("s3://stockseq/first/", storage_options=options).data_version() == store.data_version()


def test_writers_at_once_lose_and_double_nothing(options: dict[str, str]) -> None:
    """A commit is a conditional put: of two with one number, one fails and is made anew."""

    def write(name: str) -> None:
        store = Store("s3://stockseq/second", storage_options=options)
        for number in range(4):
            store.append("headlines", headlines([f"{name} {number}", f"shared {number}"]))

    names = ("first", "second", "third")
    with ThreadPoolExecutor(3) as pool:
        list(pool.map(write, names))
    ids = Store("s3://stockseq/second", storage_options=options).read("headlines")["headline_id"]
    assert sorted(ids) == sorted(f"{name} {number}" for name in (*names, "shared") for number in range(4))


def test_a_bucket_that_is_not_there_is_one_sentence(options: dict[str, str]) -> None:
    """With the URL, so that the setting is found."""
    store = Store("s3://missing/data", storage_options=options)
    with pytest.raises(StoreError, match=r"`bars` at s3://missing/data/bars could not be read: .*does not exist"):
        store.append("bars", bars([10.0]))
