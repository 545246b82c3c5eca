"""Whole recipes on a cluster with their tables on S3 give what they give in this process, to the bit."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from pipelines.ablation import run_ablation
from pipelines.backtest import run_backtest
from pipelines.exam import run_exam
from pipelines.news import run_news
from stockseq.config import Settings, load_settings
from stockseq.errors import StockseqError
from stockseq.exam.market_run import ExamPlan
from stockseq.store import TABLES, Store
from tests.campaign.cutting_proxy import KEYS, object_store
from tests.campaign.played_services import NOW, SERVICES, TICKERS
from tests.pipelines.dask_cluster import DaskCluster
from tests.pipelines.small import SMALL

pytestmark = [
    *(pytest.mark.slow, pytest.mark.timeout(3600), pytest.mark.filterwarnings("ignore")),
    pytest.mark.usefixtures("own_folders"),
]

PLAN = ExamPlan(n_train=120, n_test=60, n_tickers=6, n_settling=20, rolling_train=50, rolling_test=30, rolling_epochs=1)
VARIANTS = {"gate": {"network": {"within": "news_gate"}}, "mute": {"without": ["sentiment"]}}


def both(settings: Settings, cluster: DaskCluster, name: str) -> tuple[Settings, Settings]:
    """Return the settings for a folder here, and for S3 and the cluster."""
    options = {**KEYS, "AWS_ENDPOINT_URL": object_store().url, "AWS_ALLOW_HTTP": "true"}
    there = {"data": f"s3://stockseq/{name}", "storage_options": options, "scheduler": cluster.address}
    return settings.model_copy(update={"data": name}), settings.model_copy(update=there)


def same_tables(one: Settings, other: Settings) -> None:
    """Hold every table of two stores to be the same, bit for bit."""
    stores = [Store(each.data, storage_options=each.storage_options or None) for each in (one, other)]
    assert stores[0].versions().keys() == stores[1].versions().keys()
    for table in TABLES:
        rows = [store.read(table) for store in stores]
        if table == "trials":
            # The settings name the data root.
            rows = [each.drop(columns=["settings", "trial_id"]) for each in rows]
        pd.testing.assert_frame_equal(*rows, check_exact=True, obj=table)


def same_files(folders: tuple[Path, Path]) -> None:
    """Hold the tables of two runs' folders to be the same, bit for bit."""
    names = [sorted(path.name for path in folder.glob("*.parquet")) for folder in folders]
    assert names[0] == names[1] != []
    for name in names[0]:
        frames = [pd.read_parquet(folder / name) for folder in folders]
        pd.testing.assert_frame_equal(*frames, check_exact=True, obj=name)


@pytest.mark.parametrize(("recipe", "name"), [(run_backtest, "backtest"), (run_ablation, "ablation")])
def test_a_run_gives_the_same_tables(
    recipe: Callable[[Settings, pd.Timestamp], Path],
    name: str,
    cluster: DaskCluster,
    mornings: list[pd.Timestamp],
) -> None:
    """Features, forecasts, fills, balances: all that the store and the run's folder hold."""
    settings = load_settings(overrides={**SMALL, "ablation.variants": VARIANTS})
    one, other = both(settings, cluster, name)
    same_files((recipe(one, mornings[-1]), recipe(other, mornings[-1])))
    same_tables(one, other)


def test_an_exam_gives_the_same_answers(cluster: DaskCluster) -> None:
    """Though the workers run in folders of their own, which they leave empty."""
    answered = []
    for settings in both(load_settings(overrides=SMALL), cluster, "exam"):
        # So small a product answers some questions wrongly.
        with pytest.raises(StockseqError, match="The exam isn't passed"):
            run_exam(settings, n_markets="1", plan=PLAN)
        answered.append(Path("data/s3/stockseq_exam" if "://" in settings.data else settings.data))
    assert (answered[0] / "exam.json").read_text() == (answered[1] / "exam.json").read_text()
    for market in [path for path in answered[0].iterdir() if path.is_dir()]:
        same_files((market, answered[1] / market.name))
    assert all(path.name in ("log", "dask-scratch-space") for path in (cluster.folder / "first").iterdir())


def test_a_backfill_of_news_gives_the_same_tables(cluster: DaskCluster, monkeypatch: pytest.MonkeyPatch) -> None:
    """One machine asks the service; no two ask it for one thing."""
    played = SERVICES["tiingo"]
    for variable, key in played.keys.items():
        monkeypatch.setenv(variable, key)
    with played.serve() as server:
        named = {f"tiingo.{name}": value for name, value in {**played.settings, "url": server.url}.items()}
        settings = load_settings(
            overrides={
                **named,
                "tiingo.requests_per_second": 1000.0,
                "tickers": list(TICKERS),
                "headlines_from": ["tiingo"],
            }
        )
        one, other = both(settings, cluster, "news")
        for each in (one, other):
            run_news(each, NOW, since="2024-09-02")
    assert len(Store(one.data).headlines()) == 138
    same_tables(one, other)


def test_two_machines_do_no_morning_twice(
    cluster: DaskCluster, mornings: list[pd.Timestamp], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The second finds the forecasts of the first, and the bundle where it is copied to."""
    from pipelines.daily import run_daily

    _, settings = both(load_settings(overrides=SMALL), cluster, "morning")
    run_daily(settings, mornings[0], quiet=True)
    first = Store(settings.data, storage_options=settings.storage_options).read("forecasts")
    second = tmp_path / "second"
    shutil.copytree(
        tmp_path / "data" / "s3" / "stockseq_morning" / "models", second / "data/s3/stockseq_morning/models"
    )
    monkeypatch.chdir(second)
    run_daily(settings, mornings[0], quiet=True)
    again = Store(settings.data, storage_options=settings.storage_options).read("forecasts")
    pd.testing.assert_frame_equal(first, again)
