"""The networks that the project started from, as settings of the one builder."""

import difflib
from dataclasses import dataclass
from functools import partial

from stockseq.errors import SettingsError
from stockseq.features.sentiment import SENTIMENT_COLUMNS
from stockseq.models.settings import NetworkSettings, TrainingSettings

CONVOLUTION = "stockseq.layers.before.temporal_convolution:TemporalConvolution"
# No mixing and no dropout: the plain graphs.
BARE = partial(
    NetworkSettings,
    indicator_dimension=0,
    indicator_dropout=0.0,
    output_dropout=0.0,
    relative_head=False,
    size_head=False,
    cross_section=False,
)
SERIES = partial(BARE, headlines_per_session=0, units=64, heads=("direction",))
LONG = TrainingSettings(n_seeds=1, epochs=20, batch_size=256, learning_rate=5e-4)


@dataclass(frozen=True)
class Example:
    """A network, how it is trained, and the features that it reads (all where none are named)."""

    graph: str
    network: NetworkSettings
    training: TrainingSettings
    features: tuple[str, ...] = ()


EXAMPLES = {
    "text-sentiment": Example(
        "tokens -> Embedding(vocabulary, 8) -> LSTM(128), joined with sentiment -> Dense(1, linear), squared error",
        BARE(
            lookback=1,
            units=128,
            heads=("return",),
            text_reader="lstm",
            headlines_per_session=3,
            tokens_per_headline=12,
            embedding_dimension=8,
        ),
        TrainingSettings(n_seeds=1, epochs=12, batch_size=256, learning_rate=1e-3, return_weight=1.0),
        SENTIMENT_COLUMNS,
    ),
    "conv-beside": Example(
        "Conv1D(32, 3, relu, causal) -> MaxPooling1D(2) -> Flatten, joined with LSTM(64) -> Dense(1, sigmoid)",
        SERIES(before=CONVOLUTION),
        LONG,
    ),
    "conv-before": Example(
        "Conv1D(32, 3, relu, causal) -> MaxPooling1D(2) -> LSTM(64) -> Dense(1, sigmoid)",
        SERIES(before=CONVOLUTION, before_options={"joined": False}),
        LONG,
    ),
    "projection-after": Example(
        "LSTM(64) -> one trainable matrix to 16 dimensions -> Dense(1, sigmoid)",
        SERIES(after="stockseq.layers.after.projection:Projection"),
        LONG,
    ),
}


def find_example(name: str) -> Example:
    """Return one of `EXAMPLES`.

    Raises
    ------
    SettingsError
        If there is none of this name, with the nearest.

    Examples
    --------
    >>> find_example("conv-beside").network.units
    64
    """
    if name not in EXAMPLES:
        near = difflib.get_close_matches(name, EXAMPLES, n=1)
        hint = f"did you mean {near[0]}?" if near else f"there are {', '.join(EXAMPLES)}."
        raise SettingsError(f"There is no example {name!r}; {hint}")
    return EXAMPLES[name]
