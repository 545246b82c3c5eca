"""From forecasts to what moved them: Shapley values of groups of indicators, and each headline left out."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from stockseq.dataset.dataset import Dataset
from stockseq.dataset.left_out import cut_decision
from stockseq.dataset.panel import Panel
from stockseq.dataset.windows import Windows
from stockseq.features.groups import NEWS, Group, group_features
from stockseq.features.sentiment import SENTIMENT_COLUMNS, aggregate_sentiment
from stockseq.models.cross_section import SUFFIX
from stockseq.models.forecasting import windows_read
from stockseq.models.matrix import BATCH, Masks, Matrix, check_windows, join_matrices, make_predictor
from stockseq.models.model import Model
from stockseq.models.network import reads_text
from stockseq.models.shapley import Floats, ShapleyPlan, plan_shapley
from stockseq.models.why import Part, Why
from stockseq.progress import SILENT, Progress

# Headlines of a window that are taken out one by one, the newest; as many more cost as much again.
MOST_HEADLINES = 40
# Windows whose headlines are left out between two reports.
TOGETHER = 16
# Windows that are forecast between two reports of how far it has come.
STEP = 16 * BATCH


def explain_forecasts(
    model: Model, data: Dataset, windows: Windows, *, plan: ShapleyPlan | None = None, progress: Progress = SILENT
) -> tuple[Why, ...]:
    """Return what moved the forecast of each window, in their order.

    Parameters
    ----------
    model : Model
    data : Dataset
        Of the model's features.
    windows : Windows of the dataset's panel, n of them
        Of the model's lookback.
    plan : ShapleyPlan, optional
        Over the groups of `groups_read`; exact for up to 8 of them without it, drawn beyond.
    progress : Progress, optional

    Returns
    -------
    tuple of n Why
        For groups the values of Shapley, where a group that isn't known reads as the mean of the training windows, and
        news that isn't known as no headline at all. For headlines the forecast less that of the same model on the
        dataset without the headline: its words, its part in the sentiment of its session and of those that remember
        it, and the ticker's places among the others are built again. The parts sum to the forecast less the base.

    Raises
    ------
    ValueError
        If the panel lacks a feature, or a window leaves its ticker.
    """
    check_windows(data.panel.keys, windows.ends, model.network.lookback)
    if not len(windows):
        return ()
    groups = groups_read(model, data)
    plan = plan or plan_shapley(len(groups))
    reads_news = any(group.is_news for group in groups)
    read = _read_windows(model, data, windows, reads_news=reads_news, progress=progress)
    forecast = _forecaster(model, read, _masks(model, data, groups, plan), progress)
    n, n_coalitions = len(windows), len(plan.coalitions)
    whole = n_coalitions - 1
    pairs = np.repeat(np.arange(n), n_coalitions), np.tile(np.arange(n_coalitions), n)
    values = forecast(*pairs, windows.volatility[pairs[0]]).reshape(n, n_coalitions)
    left_out = np.arange(n, n + len(read.owner))
    without = forecast(left_out, np.full(len(left_out), whole), windows.volatility[read.owner])
    attributed = plan.attribute(values)
    explained = []
    for number in range(n):
        base, whole_value = float(values[number, 0]), float(values[number, whole])
        parts = [
            *_group_parts(data.panel, int(windows.ends[number]), groups, attributed[number]),
            *_headline_parts(read.headlines[number], whole_value - without[read.owner == number]),
        ]
        if reads_news:
            parts.append(Part("rest", "rest", whole_value - base - sum(part.contribution for part in parts)))
        session = pd.Timestamp(windows.session[number])
        explained.append(
            Why(str(windows.ticker[number]), session, base, whole_value, tuple(parts), read.n_left_out[number])
        )
    return tuple(explained)


def explain(model: Model, data: Dataset, forecasts: pd.DataFrame, *, progress: Progress = SILENT) -> tuple[Why, ...]:
    """Return what moved some forecasts of a model, in the order of its windows; see `explain_forecasts`.

    Parameters
    ----------
    model : Model
    data : Dataset
    forecasts : DataFrame of n rows with ticker and session
        As the model gave them; those that have no window in the dataset are left out.
    progress : Progress, optional
    """
    windows = windows_read(model, data)
    keys = pd.MultiIndex.from_arrays([windows.ticker.astype(str), windows.session])
    wanted = pd.MultiIndex.from_arrays(
        [forecasts["ticker"].astype(str), forecasts["session"].to_numpy(dtype="datetime64[us]")]
    )
    return explain_forecasts(model, data, windows.where(np.asarray(keys.isin(wanted))), progress=progress)


def groups_read(model: Model, data: Dataset) -> tuple[Group, ...]:
    """Return the groups of all that a model reads of a dataset, the news among them where it reads words."""
    groups = group_features(_plain_names(model, data))
    if any(group.is_news for group in groups) or not reads_text(model.network, len(model.vocabulary)):
        return groups
    return (*groups, Group(NEWS, ()))


@dataclass(frozen=True)
class _Read:
    """The windows as they are, then each once more for every headline that is left out of it.

    `owner` is the window that each of the latter is of, in their order, and `headlines` those of each window.
    """

    matrix: Matrix
    ends: npt.NDArray[np.int64]
    owner: npt.NDArray[np.int64]
    headlines: dict[int, pd.DataFrame]
    n_left_out: dict[int, int]


def _read_windows(model: Model, data: Dataset, windows: Windows, *, reads_news: bool, progress: Progress) -> _Read:
    n, n_done = len(windows), 0
    whole: dict[int, tuple[Matrix, npt.NDArray[np.int64]]] = {}
    without: list[tuple[Matrix, npt.NDArray[np.int64]]] = []
    owner: list[int] = []
    headlines: dict[int, pd.DataFrame] = {}
    n_left_out: dict[int, int] = {}
    for session in windows.sessions:
        those = np.flatnonzero(windows.session == np.datetime64(session)).tolist()
        here = windows.on(pd.DatetimeIndex([session]))
        decision = cut_decision(data, here, lookback=model.network.lookback)
        for start in range(0, len(those), TOGETHER):
            pairs: list[tuple[int, str]] = []
            for position, window in enumerate(those[start : start + TOGETHER], start=start):
                whole[window] = model.read(decision.panel, decision.ends[position : position + 1])
                found = decision.window_headlines(position) if reads_news else decision.headlines.iloc[:0]
                headlines[window] = _read_by(model, found)
                n_left_out[window] = len(found) - len(headlines[window])
                pairs += [(position, headline_id) for headline_id in headlines[window]["headline_id"]]
            for (position, _), panel in zip(pairs, decision.without_each(pairs), strict=True):
                without.append(model.read(panel, decision.ends[position : position + 1]))
                owner.append(those[position])
            n_done += len(those[start : start + TOGETHER])
            progress.step("Leaving out headlines", n_done, n)
    matrix, ends = join_matrices([*(whole[window] for window in range(n)), *without])
    return _Read(matrix, ends, np.array(owner, dtype=np.int64), headlines, n_left_out)


def _read_by(model: Model, headlines: pd.DataFrame) -> pd.DataFrame:
    """Return the headlines of one window that are taken out: those read word by word, or else the newest."""
    if reads_text(model.network, len(model.vocabulary)):
        by_session = headlines.groupby("stands_at").cumcount()
        headlines = headlines[by_session < model.network.headlines_per_session]
    return headlines.head(MOST_HEADLINES)


def _plain_names(model: Model, data: Dataset) -> list[str]:
    """Return the names of the features that a model reads, those of ranks without their suffix."""
    return [name if name in data.panel.names else name.removesuffix(SUFFIX) for name in model.names]


def _masks(model: Model, data: Dataset, groups: tuple[Group, ...], plan: ShapleyPlan) -> Masks:
    plain = _plain_names(model, data)
    member = np.array([[name in group.features for name in plain] for group in groups])
    news = np.array([group.is_news for group in groups])
    raw = np.array([model.scaler.centre])
    # No headline is no average one.
    silence = aggregate_sentiment(pd.DataFrame({"session": [], "compound": []}), pd.DatetimeIndex(["2000-01-03"]))
    for column, name in enumerate(model.names):
        if name in SENTIMENT_COLUMNS:
            raw[0, column] = silence[name].iloc[0]
    shown = plan.coalitions.astype(np.int64) @ member.astype(np.int64) > 0
    return Masks(shown, plan.coalitions @ news > 0, model.scaler.transform(raw)[0])


def _forecaster(model: Model, read: _Read, masks: Masks, progress: Progress) -> Callable[..., Floats]:
    """Return the function from windows, masks and volatilities, each of shape (n,), to probabilities of up."""
    reader, n_masks = masks.reader(read.matrix, read.ends), len(masks.text)
    predictors = [make_predictor(network, reader) for network in model.networks]

    def forecast(windows: npt.NDArray[np.int64], mask: npt.NDArray[np.int64], volatility: Floats) -> Floats:
        pairs, probability = windows * n_masks + mask, np.empty(len(windows))
        for start in range(0, len(pairs), STEP):
            part = slice(start, start + STEP)
            outputs = [predict(pairs[part]) for predict in predictors]
            probability[part] = model.describe(outputs, volatility[part])[0]["probability_up"]
            progress.step("Explaining the forecasts", min(start + STEP, len(pairs)), len(pairs))
        return probability

    return forecast


def _group_parts(panel: Panel, end: int, groups: tuple[Group, ...], contributions: Floats) -> Iterator[Part]:
    """Yield the parts of the groups of indicators; headlines and the rest stand for the news."""
    for group, contribution in zip(groups, contributions.tolist(), strict=True):
        if not group.is_news:
            name = group.telling
            value = None if name is None else float(panel.indicators[end, panel.names.index(name)])
            yield Part("group", group.name, contribution, name or "", value)


def _headline_parts(headlines: pd.DataFrame, contributions: Floats) -> Iterator[Part]:
    columns = ("headline_id", "title", "url", "published_at")
    rows = zip(*(headlines[column].tolist() for column in columns), contributions.tolist(), strict=True)
    for headline_id, title, url, published_at, contribution in rows:
        yield Part("headline", headline_id, contribution, text=title, url=url or "", published_at=published_at)
