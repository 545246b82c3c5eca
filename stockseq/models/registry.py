"""Which models there are, what they were measured at, and which one forecasts each trade: append-only states."""

import hashlib
import json
from collections.abc import Mapping
from typing import Any, NamedTuple

import pandas as pd

from stockseq.dataset.labels import OPEN_TO_CLOSE, name_label, parse_label
from stockseq.errors import SettingsError, StoreError
from stockseq.models.settings import NetworkSettings, TrainingSettings
from stockseq.models.strict_json import read_json
from stockseq.store import TABLES, Store

TABLE = "models"
COLUMNS = TABLES[TABLE].columns
# In the order in which one instant may see them.
STATES = ("candidate", "champion", "retired")


def of_label(models: pd.DataFrame, label: str) -> list[str]:
    """Return the ids of the models of one trade, out of those that `Registry.list_models` lists.

    Examples
    --------
    >>> of_label(pd.DataFrame({"model_id": ["a", "b"], "label": ["next_open", "open_to_close"]}), "open_to_close")
    ['b']
    """
    return [str(model_id) for model_id in models.loc[models["label"] == label, "model_id"]]


class RegisteredModel(NamedTuple):
    """A model as the registry lists it; `metrics` are its out-of-sample numbers."""

    model_id: str
    trained_through: pd.Timestamp
    metrics: Mapping[str, object]


class Registry:
    """The `models` table: each row is a state that a model entered; no row is ever changed.

    The table is read once, and again after an entry of this very registry.

    Parameters
    ----------
    store : Store
    as_of : Timestamp, tz-aware, optional
        Only what was entered by then; everything without it.
    """

    def __init__(self, store: Store, *, as_of: pd.Timestamp | None = None) -> None:
        self._store = store
        self._as_of = as_of
        self._read: pd.DataFrame | None = None

    @staticmethod
    def identify(
        network: NetworkSettings,
        training: TrainingSettings,
        *,
        trained_through: pd.Timestamp,
        data_version: str,
        base: str | None = None,
    ) -> str:
        """Return the name of the model that these settings and data give; the same always give the same.

        Parameters
        ----------
        network, training : NetworkSettings, TrainingSettings
            The seeds are among them.
        trained_through : Timestamp
            The newest session whose label was used.
        data_version : str
            Whatever names the data trained on, such as a hash.
        base : str, optional
            The model that it was fine-tuned from.

        Examples
        --------
        >>> Registry.identify(NetworkSettings(lookback=7), TrainingSettings(epochs=3),
        ...     trained_through=pd.Timestamp("2024-11-27"), data_version="7")[:9]
        '20241127-'
        """
        basis = [settings_hash(network, training), trained_through.isoformat(), data_version, base]
        return f"{trained_through:%Y%m%d}-{hashlib.sha256(json.dumps(basis).encode()).hexdigest()[:10]}"

    def register(
        self,
        model_id: str,
        model: Any,
        *,
        trained_through: pd.Timestamp,
        metrics: Mapping[str, object],
        at: pd.Timestamp,
        data_version: str = "",
        promote: bool = False,
    ) -> None:
        """Enter a model as a candidate, and with `promote` as champion of its label in the same commit.

        One that is listed already is not entered again.

        Parameters
        ----------
        model_id : str, from `identify`
        model : Model
        trained_through : Timestamp
        metrics : mapping
            Its out-of-sample numbers; JSON-able, instants become ISO text. The `label` of its `basis` is the trade
            that it forecasts, from open to close without one.
        at : Timestamp, tz-aware
            The instant of the run.
        data_version : str
        promote : bool, default=False
            A kill between two commits would leave a better model listed and never used.
        """
        if model_id in set(self._rows()["model_id"]):
            if promote:
                self.promote(model_id, at=at)
            return
        row = {
            "model_id": model_id,
            "state": "candidate",
            "at": at,
            "trained_through": trained_through,
            "settings_hash": settings_hash(model.network, model.training),
            "data_version": data_version,
            "metrics": json.dumps(dict(metrics), sort_keys=True, allow_nan=False, default=_plain),
        }
        leading = [*self._leaving(find_label(metrics), at), {**row, "state": "champion"}] if promote else []
        self._append([row, *leading])

    def promote(self, model_id: str, *, at: pd.Timestamp, forced: bool = False) -> None:
        """Make a listed model the champion of its label and retire the one before, in one commit.

        With `forced` its metrics say so from now on: `forced_over` is the champion that it did not have to beat.

        Raises
        ------
        StoreError
            If the model isn't listed.
        """
        latest = self._latest()
        self._require(latest, model_id)
        entering = latest["model_id"] == model_id
        if latest.loc[entering, "state"].item() == "champion":
            return
        metrics = json.loads(latest.loc[entering, "metrics"].item())
        leaving = self._leaving(find_label(metrics), at)
        if forced:
            metrics |= {"chosen_over": None, "forced_over": leaving[0]["model_id"] if leaving else None}
        row = latest[entering].assign(state="champion", at=at, metrics=json.dumps(metrics, sort_keys=True))
        self._append([*leaving, *row.to_dict("records")])

    def champion(self, label: str = OPEN_TO_CLOSE) -> RegisteredModel | None:
        """Return the model that forecasts the trade of a label, or None before the first."""
        champions = self._champions(label)
        if champions.empty:
            return None
        row = champions.iloc[0]
        return RegisteredModel(row["model_id"], row["trained_through"], json.loads(row["metrics"]))

    def list_models(self) -> pd.DataFrame:
        """Return every model in its present state, the newest first; `metrics` are mappings, `label` their trade."""
        latest = self._latest()
        metrics = [json.loads(text) for text in latest["metrics"]]
        return latest.assign(metrics=metrics, label=pd.Series([find_label(each) for each in metrics], dtype="str"))

    def _champions(self, label: str) -> pd.DataFrame:
        """Return the row of the champion of a label as it is stored, or none."""
        latest = self._latest()
        champions = latest[latest["state"] == "champion"]
        return champions[_labels(champions) == name_label(parse_label(label))]

    def _leaving(self, label: str, at: pd.Timestamp) -> list[dict[Any, Any]]:
        """Return the rows that retire the champion of a label."""
        return self._champions(label).assign(state="retired", at=at).to_dict("records")

    def _latest(self) -> pd.DataFrame:
        rows = self._rows()
        rank = rows["state"].map({state: rank for rank, state in enumerate(STATES)})
        ordered = rows.assign(rank=rank).sort_values(["at", "rank", "model_id"], kind="stable")
        latest = ordered.drop_duplicates("model_id", keep="last")
        newest_first = latest.sort_values(["at", "rank"], ascending=[False, True], kind="stable", ignore_index=True)
        # A run as of an earlier instant enters its champion without knowledge of a later one: the newest stands.
        labels = _labels(newest_first[newest_first["state"] == "champion"])
        superseded = newest_first.index.isin(labels.index[labels.duplicated()])
        return newest_first.assign(state=newest_first["state"].mask(superseded, "retired")).drop(columns="rank")

    @property
    def entered_at(self) -> pd.Series:
        """When each state was entered, those after `as_of` too."""
        return self._stored()["at"]

    def _rows(self) -> pd.DataFrame:
        rows = self._stored()
        return rows if self._as_of is None else rows[rows["at"] <= self._as_of].reset_index(drop=True)

    def _stored(self) -> pd.DataFrame:
        if self._read is None:
            self._read = self._store.read(TABLE)[list(COLUMNS)].astype(COLUMNS)
            _check_rows(self._read)
        return self._read

    def _append(self, rows: list[dict[Any, Any]]) -> None:
        self._store.append(TABLE, pd.DataFrame(rows)[list(COLUMNS)].astype(COLUMNS))
        self._read = None

    @staticmethod
    def _require(latest: pd.DataFrame, model_id: str) -> None:
        if model_id not in set(latest["model_id"]):
            listed = ", ".join(latest["model_id"].head(5)) or "none"
            raise StoreError(f"No model {model_id} is listed; the newest are: {listed}.")


def _check_rows(rows: pd.DataFrame) -> None:
    """Refuse a row that none of our runs entered; what stands in it is read as JSON, as a date and as a state.

    Raises
    ------
    StoreError
        With the row's model.
    """
    undated = (rows["trained_through"].isna() | rows["at"].isna()).tolist()
    for model_id, state, text, lacks in zip(rows["model_id"], rows["state"], rows["metrics"], undated, strict=True):
        try:
            find_label(read_json(str(text).encode()))
        except (ValueError, AttributeError, TypeError, RecursionError, SettingsError) as error:
            raise _damaged(model_id, f"its numbers can't be read ({str(error)[:120]})") from error
        if state not in STATES:
            raise _damaged(model_id, f"its state is {str(state)[:40]!r}, and must be one of {', '.join(STATES)}")
        if lacks:
            raise _damaged(model_id, "it lacks a date")


def _damaged(model_id: object, reason: str) -> StoreError:
    return StoreError(
        f"The table `models` is damaged at the model {str(model_id)[:80]!r}: {reason}. Put the table back from a copy."
    )


def _labels(rows: pd.DataFrame) -> pd.Series:
    """Return the label of each model, as it is stored."""
    return rows["metrics"].map(lambda text: find_label(json.loads(text)))


def find_label(metrics: Mapping[str, Any]) -> str:
    """Return the label of the trade that a model forecasts, by its metrics.

    Examples
    --------
    >>> find_label({"basis": {"label": "open_to_open(1)"}}), find_label({})
    ('open_to_next_open', 'open_to_close')
    """
    return name_label(parse_label(metrics.get("basis", {}).get("label", OPEN_TO_CLOSE)))


def settings_hash(network: NetworkSettings, training: TrainingSettings) -> str:
    """Return a hash of every setting of a network and of its training."""
    settings = {"network": network.model_dump(mode="json"), "training": training.model_dump(mode="json")}
    return hashlib.sha256(json.dumps(settings, sort_keys=True).encode()).hexdigest()[:16]


def _plain(value: Any) -> Any:
    if isinstance(value, pd.Timestamp):
        return value.isoformat()
    if hasattr(value, "item"):
        return value.item()
    raise TypeError(f"{type(value).__name__} has no JSON form.")
