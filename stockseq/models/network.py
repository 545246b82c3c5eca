"""The two-input network: indicators and headlines per session, an LSTM over the sessions, and its heads."""

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from itertools import count
from typing import Any

from stockseq.dataset.scaling import Scaler
from stockseq.errors import PluginError, SettingsError
from stockseq.layers.backend import keras
from stockseq.layers.headline_embedding import HeadlineEmbedding
from stockseq.layers.indicators import IndicatorDropout, IndicatorMix
from stockseq.layers.side import Sessions
from stockseq.layers.slots import describe_error, find_layer, layer_names, seeded
from stockseq.layers.transposed_lstm import TransposedLSTM
from stockseq.models.cross_section import with_cross_section
from stockseq.models.matrix import Tensors
from stockseq.models.placing import make_in_slot, named_layers, place_layers
from stockseq.models.settings import NetworkSettings

# Layers in slots draw from here on, so that all else begins with the weights that it has without them, and what a
# layer adds is told from the luck of the draw.
SLOTS_FROM = 500_000
RELATIVE = "relative"
SIZE = "size"


def build_network(
    settings: NetworkSettings,
    *,
    n_features: int,
    vocabulary_size: int,
    seed: int,
    names: Sequence[str] = (),
    scaler: Scaler | None = None,
) -> Any:
    """Build the untrained network; the same arguments give the same weights.

    Parameters
    ----------
    settings : NetworkSettings
        The shape, and the names of the layers in the three slots. What the layer before returns per session goes
        into the LSTM; what it returns per window, of shape (batch, n), joins the LSTM's output.
    n_features : int
        Indicators per session.
    vocabulary_size : int
        Codes of the vocabulary, padding and unknown among them; with 2 or fewer there is no text to embed.
    seed : int
    names : sequence of n_features str, optional
        Of the indicators, for layers that read some of them by name.
    scaler : Scaler, optional
        What the indicators were scaled with, for layers that count in a feature's own unit.

    Returns
    -------
    keras.Model
        From {"indicators": float32 (batch, lookback, n_features), "text": int32 (batch, lookback,
        headlines_per_session, tokens_per_headline)} to a dict of (batch, 1): "direction" the probability of up,
        "return" the volatility-scaled return, "relative" that return against the session's other tickers in standard
        deviations, and "size" the logarithm of the return's standard deviation over the volatility known at the
        decision: 0 until it is trained. The text input is absent where there is no text.

    Raises
    ------
    PluginError
        If a slot names a layer that doesn't exist or doesn't fit.
    SettingsError
        If the LSTM is to read the text and there is none.

    Examples
    --------
    >>> settings = NetworkSettings(lookback=5, units=3)
    >>> network = build_network(settings, n_features=2, vocabulary_size=10, seed=1)
    >>> sorted(network.output), network.output["direction"].shape
    (['direction', 'relative', 'return', 'size'], (None, 1))
    """
    if n_features < 1 or len(names) not in (0, n_features):
        raise ValueError(f"`n_features` must be at least 1 and have as many names, received {n_features}, {names}.")
    seeds, own = count(1_000_003 * seed), count(1_000_003 * seed + SLOTS_FROM)
    with seeded(seed), _faults_of_layers(settings):
        inputs, known, values = _inputs(settings, n_features, vocabulary_size, seeds, tuple(names), scaler)
        joined = [] if settings.text_reader == "sum" else [keras.layers.Flatten(name="beside")(inputs["indicators"])]
        values, per_window = _before(settings, known, values, own)
        joined.extend(per_window)
        summary = place_layers("after", settings, _recurrent(settings, known, values, seeds, own), known, own)[-1]
        if joined:
            summary = keras.layers.Concatenate(name="joined")([summary, *joined])
        summary = _dropout("output_dropout", settings.output_dropout, summary, seeds)
        return keras.Model(inputs, _heads(settings, summary, seeds), name="stockseq")


def check_network(settings: NetworkSettings, *, names: Sequence[str], vocabulary_size: int = 5) -> Any:
    """Return the settings' network, untrained: what can't be built is told in a tenth of a second, not after hours.

    Parameters
    ----------
    settings : NetworkSettings
    names : sequence of str
        Of the indicators.
    vocabulary_size : int, default=5
        More than 2 where there is text; no vocabulary is learnt yet, and its size changes no shape behind it.

    Returns
    -------
    keras.Model
        As from `build_network`, of seed 0 and under a scaler for which a scaled 0 is 1 in a feature's own unit.

    Raises
    ------
    PluginError
        If a layer can't be found, refuses its options or its input, such as a lookback too short for its kernel, or
        doesn't follow the layer in front of it.
    SettingsError
        If the LSTM is to read the text and there is none.

    Examples
    --------
    >>> check_network(NetworkSettings(lookback=2, before="temporal_convolution"), names=["momentum"])
    Traceback (most recent call last):
    stockseq.errors.PluginError: The layer before the LSTM, `temporal_convolution`, refuses the shape (None, 2, 8): a
    kernel of 3 and a pool of 2 need a lookback of at least 3 sessions, received 2; raise `lookback`, or lower
    `kernel_size` and `pool_size`.
    """
    names = input_names(settings, names)
    scaler = Scaler((1.0,) * len(names), (1.0,) * len(names))
    return build_network(
        settings, n_features=len(names), vocabulary_size=vocabulary_size, seed=0, names=names, scaler=scaler
    )


def input_names(settings: NetworkSettings, names: Sequence[str]) -> tuple[str, ...]:
    """Return the names of all that the network reads of a session, where the panel has features of these names.

    Examples
    --------
    >>> input_names(NetworkSettings(), ["return_1"])
    ('return_1', 'return_1_in_session')
    """
    return with_cross_section(names) if settings.cross_section else tuple(names)


def reads_text(settings: NetworkSettings, vocabulary_size: int) -> bool:
    """Return whether the network of these settings and this vocabulary has a text input."""
    return settings.headlines_per_session > 0 and vocabulary_size > 2


def _inputs(
    settings: NetworkSettings,
    n_features: int,
    vocabulary_size: int,
    seeds: count,
    names: tuple[str, ...],
    scaler: Scaler | None,
) -> tuple[Tensors, Sessions, Any]:
    """Return the inputs, what is known of each session, and what the LSTM reads of it.

    That is of shape (batch, lookback, n_features + embedding_dimension), or, where the LSTM reads the text, (batch,
    lookback * headlines * tokens, embedding_dimension).
    """
    layers = keras.layers
    indicators = layers.Input((settings.lookback, n_features), name="indicators")
    scales = (scaler.centre, scaler.spread) if scaler is not None else ((), ())
    known = Sessions(indicators, names, *scales)
    inputs = {"indicators": indicators}
    shape = (settings.lookback, settings.headlines_per_session, settings.tokens_per_headline)
    if settings.text_reader == "lstm":
        if not reads_text(settings, vocabulary_size):
            raise SettingsError(
                f"`text_reader` is lstm, and the training headlines give no word to read (the vocabulary has "
                f"{vocabulary_size} codes); ingest headlines, lower `min_headlines`, or set `text_reader` to sum."
            )
        inputs["text"] = layers.Input(shape, dtype="int32", name="text")
        return inputs, known, _tokens(settings, inputs["text"], vocabulary_size, seeds)
    share = settings.indicator_dropout
    sessions = _dropout("indicator_dropout", share, indicators, seeds, of=IndicatorDropout)
    if settings.indicator_dimension:
        # The LSTM has four weights per input and unit; few inputs are what keeps it from learning the noise.
        sessions = IndicatorMix(
            settings.indicator_dimension,
            kernel_initializer=keras.initializers.GlorotUniform(next(seeds)),
            kernel_regularizer=keras.regularizers.L2(settings.indicator_penalty),
            name="indicator_mix",
        )(sessions)
    if not reads_text(settings, vocabulary_size):
        return inputs, known, sessions
    inputs["text"] = layers.Input(shape, dtype="int32", name="text")
    embedding = HeadlineEmbedding(vocabulary_size, settings.embedding_dimension, seed=next(seeds), name="headlines")
    text = embedding(inputs["text"])
    left = layers.Dropout(settings.text_dropout, seed=next(seeds), name="text_dropout")(text)
    return inputs, replace(known, text=text), layers.Concatenate(name="sessions")([sessions, left])


def _tokens(settings: NetworkSettings, text: Any, vocabulary_size: int, seeds: count) -> Any:
    """Return the window's tokens, embedded, in the order in which they are read."""
    row = keras.layers.Reshape((-1,), name="tokens")(text)
    return keras.layers.Embedding(
        vocabulary_size,
        settings.embedding_dimension,
        embeddings_initializer=keras.initializers.RandomUniform(seed=next(seeds)),
        # Padding stands behind each headline: the LSTM steps over it. A layer before the LSTM takes no mask.
        mask_zero=settings.before is None,
        name="embedding",
    )(row)


def _before(settings: NetworkSettings, known: Sessions, values: Any, seeds: count) -> tuple[Any, list[Any]]:
    """Return what the LSTM reads, and what joins its output."""
    named = settings.indicator_dimension == 0 and settings.text_reader == "sum"
    passed = place_layers("before", settings, values, known, seeds, columns=known.columns if named else ())
    series = [made for made in passed if len(made.shape) == 3]
    return series[-1], passed[len(series) :]


def _recurrent(settings: NetworkSettings, known: Sessions, values: Any, seeds: count, own: count) -> Any:
    """Return the LSTM's output: (batch, units), or (batch, steps, units) for a layer after that reads all states."""
    first = next(iter(layer_names(settings.after)), None)
    states = first is not None and getattr(find_layer("after", first), "reads_states", False)
    drawn = {
        "kernel_initializer": keras.initializers.GlorotUniform(next(seeds)),
        "recurrent_initializer": keras.initializers.Orthogonal(seed=next(seeds)),
    }
    seed = next(seeds)
    if settings.within is None:
        lstm = TransposedLSTM(settings.units, **drawn, seed=seed, return_sequences=states, name="lstm")
        avoid_cudnn(lstm, settings)
        return lstm(values)
    options = {"units": settings.units, **settings.within_options}
    cell, read = make_in_slot("within", settings.within, options, values, known, own, offered=drawn)
    if not hasattr(cell, "state_size"):
        raise PluginError(
            f"The layer within, `{settings.within}`, must be a recurrent cell with a `state_size` and a "
            "call(inputs, states) that returns the output and the states; name a layer of whole windows as before or "
            "after."
        )
    try:
        made = keras.layers.RNN(cell, return_sequences=states, name="recurrent")(read)
        n_dimensions = len(made.shape)
    except Exception as error:  # a user's cell may raise anything
        raise PluginError(
            f"The layer within, `{settings.within}`, refuses the shape {tuple(read.shape)}: {describe_error(error)}"
        ) from error
    if n_dimensions != (3 if states else 2) or made.shape[-1] is None:
        raise PluginError(
            f"The layer within, `{settings.within}`, must give (batch, n) at each step, and its steps make up the "
            f"shape {tuple(made.shape)}; return one vector and the states."
        )
    return made


def avoid_cudnn(lstm: Any, settings: NetworkSettings) -> None:
    """Let an LSTM that reads the text take Keras' own kernel: padding stands in mid-row, and cuDNN refuses the mask.

    The same numbers come of it as on a CPU. Keras doesn't save the choice, so it is made again after loading.
    """
    if settings.text_reader == "lstm":
        lstm.use_cudnn = False


@contextmanager
def _faults_of_layers(settings: NetworkSettings) -> Iterator[None]:
    """Turn whatever a user's layer raises while the network is built into one sentence."""
    try:
        yield
    except (PluginError, SettingsError):
        raise
    except Exception as error:  # a user's layer may raise anything
        named = ", ".join(f"`{name}`" for _, name in named_layers(settings))
        if not named:
            raise
        taken = re.search(r'The name "(.+)" is used', str(error))
        if taken:
            raise PluginError(
                f"Two layers of the network are called `{taken[1]}`, one of them among {named}: a layer of a slot may "
                "fix no name. Take **kwargs in __init__, and hand them to super().__init__ as they are."
            ) from error
        raise PluginError(f"The network can't be built with {named}: {describe_error(error)}") from error


def _dropout(name: str, share: float, values: Any, seeds: count, *, of: Any = keras.layers.Dropout) -> Any:
    """Return `values` behind a dropout layer where a share is left out; the seeds of what follows are the same."""
    seed = next(seeds)
    return of(share, seed=seed, name=name)(values) if share else values


def _heads(settings: NetworkSettings, summary: Any, seeds: count) -> Tensors:
    outputs = {
        head: keras.layers.Dense(
            1,
            activation="sigmoid" if head == "direction" else "linear",
            kernel_initializer=keras.initializers.GlorotUniform(next(seeds)),
            name=head,
        )(summary)
        for head in (*settings.heads, *([RELATIVE] if settings.relative_head else []))
    }
    if settings.size_head:
        # It begins as the volatility itself, which is worth more than a random guess.
        outputs[SIZE] = keras.layers.Dense(1, kernel_initializer="zeros", name=SIZE)(summary)
    return outputs
