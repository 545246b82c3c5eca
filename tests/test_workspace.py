"""What a workspace makes of its settings."""

from pathlib import Path

import pandas as pd

from stockseq.config import load_settings
from stockseq.features.news import Latency
from stockseq.forecasting.champion import Basis
from stockseq.workspace import Workspace


def _workspace(folder: Path, **settings: object) -> Workspace:
    named = {name.replace("__", "."): value for name, value in settings.items()}
    return Workspace(load_settings(overrides={"data": str(folder), **named}), now="2024-11-29T12:00:00Z", create=True)


def test_one_latency_stands_for_all_sources_where_no_section_names_another(tmp_path: Path) -> None:
    """A model that was trained before sections could say so is read as before."""
    inputs = _workspace(tmp_path, headline_latency_s=60).inputs
    assert inputs.latency == pd.Timedelta(minutes=1)
    assert Basis.of(inputs).headline_latency_s == "60"


def test_summaries_change_what_a_model_is_trained_on(tmp_path: Path) -> None:
    """A champion that was trained on titles alone can't be read with summaries, nor its scores be mixed with theirs."""
    assert Basis.of(_workspace(tmp_path).inputs).scorer == "vader-3.3.2-r2"
    assert Basis.of(_workspace(tmp_path, summaries=True).inputs).scorer == "vader-3.3.2-r2+summaries"


def test_a_section_names_the_latency_of_its_source(tmp_path: Path) -> None:
    """And a model knows by which it was trained."""
    inputs = _workspace(tmp_path, edgar__latency_s=0, files__latency_s=3600, yahoo__latency_s=900).inputs
    hours = {"edgar": pd.Timedelta(0), "files": pd.Timedelta(hours=1)}
    assert inputs.latency == Latency(pd.Timedelta(minutes=15), hours)
    assert Basis.of(inputs).headline_latency_s == "900, edgar 0, files 3600"
