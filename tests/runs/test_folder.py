"""Every run is found again."""

import pandas as pd
import pytest

from stockseq.errors import StockseqError
from stockseq.runs.folder import clear_drafts, find_run, named_versions, run_names


def test_runs_of_one_instant_are_in_the_order_they_were_made(tmp_path):
    """By letters the tenth would come before the second, and the newest would be another."""
    names = [
        "20240103T000000Z-daily",
        "20240104T000000Z-backtest",
        *(f"20240104T000000Z-backtest-{n}" for n in (2, 10)),
    ]
    for name in reversed(names):
        folder = tmp_path / "runs" / name
        folder.mkdir(parents=True)
        (folder / "manifest.json").touch()
    assert run_names(tmp_path) == names
    assert find_run(tmp_path, None).name == names[-1]


def test_an_earlier_instant_sees_no_later_run(tmp_path):
    """What was made since is not there yet; the instant of a run itself counts."""
    for name in ("20240103T000000Z-daily", "20240104T120000Z-daily"):
        (tmp_path / "runs" / name).mkdir(parents=True)
        (tmp_path / "runs" / name / "manifest.json").touch()
    noon = pd.Timestamp("2024-01-04 12:00", tz="UTC")
    assert len(run_names(tmp_path, now=noon)) == 2
    assert run_names(tmp_path, now=noon - pd.Timedelta(seconds=1)) == ["20240103T000000Z-daily"]
    assert find_run(tmp_path, None, now=pd.Timestamp("2024-01-04 13:00+02:00")).name == "20240103T000000Z-daily"
    with pytest.raises(StockseqError, match="No run as of 2024-01-02 00:00:00 UTC"):
        find_run(tmp_path, None, now=pd.Timestamp("2024-01-02", tz="UTC"))


def test_a_run_that_was_being_replaced_is_put_back(tmp_path):
    """A kill between the two renames must not cost the run that stood there; after them it costs the old one."""
    runs = tmp_path / "runs"
    for draft, name in ((".draft-a", "20240103T000000Z-daily"), (".draft-b", "20240104T000000Z-daily")):
        (runs / draft / "replaced").mkdir(parents=True)
        (runs / draft / "replaced" / "manifest.json").write_text("old")
        (runs / draft / name).mkdir()
    (runs / ".draft-b" / "20240104T000000Z-daily").rename(runs / "20240104T000000Z-daily")
    (runs / "20240104T000000Z-daily" / "manifest.json").write_text("new")
    clear_drafts(tmp_path)
    found = {path.name: (path / "manifest.json").read_text() for path in runs.iterdir()}
    assert found == {"20240103T000000Z-daily": "old", "20240104T000000Z-daily": "new"}


def test_a_bundle_that_was_being_replaced_is_put_back(tmp_path):
    """A champion without its networks could forecast nothing until it is trained again."""
    models = tmp_path / "models"
    for folder in (".bundle-replaced-m1", ".bundle-replaced-m2", "m2", ".bundle-x"):
        (models / folder).mkdir(parents=True)
        (models / folder / "from").write_text(folder)
    clear_drafts(tmp_path)
    assert {path.name: (path / "from").read_text() for path in models.iterdir()} == {
        "m1": ".bundle-replaced-m1",
        "m2": "m2",
    }


@pytest.mark.parametrize("content", ["", "\0\0\0", "[]", "{}"])
def test_a_torn_manifest_is_one_sentence(tmp_path, content):
    """A power cut may have emptied one of a version that didn't force it onto the disk; nothing may be deleted then."""
    (tmp_path / "runs" / "20240103T000000Z-daily").mkdir(parents=True)
    (tmp_path / "runs" / "20240103T000000Z-daily" / "manifest.json").write_text(content)
    with pytest.raises(StockseqError, match=r"20240103T000000Z-daily/manifest.json is damaged, .* run again"):
        named_versions(tmp_path)
