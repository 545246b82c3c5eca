"""The same store on an object store: moto's S3 server on loopback."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import boto3
import pandas as pd
import pytest
from moto.server import ThreadedMotoServer

from stockseq.errors import StoreError
from stockseq.forecast_ledger import verify
from stockseq.store import Store
from tests.store.store_rows import bars, features, headlines

KEYS = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "AWS_REGION": "us-east-1"}


@pytest.fixture(scope="module")
def options() -> Iterator[dict[str, str]]:
    """Storage options of a running server with one bucket."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    endpoint = f"http://{host}:{port}"
    client = boto3.client(
        "s3",
        endpoint_url=endpoint,
        region_name=KEYS["AWS_REGION"],
        aws_access_key_id=KEYS["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=KEYS["AWS_SECRET_ACCESS_KEY"],
    )
    client.create_bucket(Bucket="stockseq")
    yield {**KEYS, "AWS_ENDPOINT_URL": endpoint, "AWS_ALLOW_HTTP": "true"}
    server.stop()


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
