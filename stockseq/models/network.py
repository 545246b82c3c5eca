"""The two-input network: indicators and headlines per session, an LSTM over the sessions, and its heads."""

import inspect
from collections.abc import Sequence
from dataclasses import replace
from itertools import count
from typing import Any

from stockseq.dataset.scaling import Scaler
from stockseq.errors import PluginError, SettingsError
from stockseq.layers.backend import keras
from stockseq.layers.headline_embedding import HeadlineEmbedding
from stockseq.layers.side import Sessions
from stockseq.layers.slots import Slot, find_layer, layer_names, make_layer, seeded, tell
from stockseq.models.settings import NetworkSettings

RELATIVE = "relative"


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
        "return" the volatility-scaled return, and "relative", that return against the session's other tickers in
        standard deviations, which only training uses. The text input is absent where there is no text.

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
    (['direction', 'relative', 'return'], (None, 1))
    """
    if n_features < 1 or len(names) not in (0, n_features):
        raise ValueError(f"`n_features` must be at least 1 and have as many names, received {n_features}, {names}.")
    seeds = count(1_000_003 * seed)
    with seeded(seed):
        inputs, known, values = _inputs(settings, n_features, vocabulary_size, seeds, tuple(names), scaler)
        joined = [] if settings.text_reader == "sum" else [keras.layers.Flatten(name="beside")(inputs["indicators"])]
        values, per_window = _before(settings, known, values, seeds)
        joined.extend(per_window)
        summary = _after(settings, known, _recurrent(settings, known, values, seeds), seeds)
        if joined:
            summary = keras.layers.Concatenate(name="joined")([summary, *joined])
        summary = _dropout("output_dropout", settings.output_dropout, summary, seeds)
        return keras.Model(inputs, _heads(settings, summary, seeds), name="stockseq")


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
) -> tuple[dict[str, Any], Sessions, Any]:
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
    # The same indicators are left out of all sessions of a window: one session's could be told from its neighbours'.
    dropout = layers.SpatialDropout1D
    sessions = _dropout("indicator_dropout", settings.indicator_dropout, indicators, seeds, of=dropout)
    if settings.indicator_dimension:
        # The LSTM has four weights per input and unit; few inputs are what keeps it from learning the noise.
        sessions = layers.Dense(
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
    columns = known.columns if named else ()
    last = ""
    for name, options in _layers("before", settings):
        if last:
            raise PluginError(
                f"The layer before the LSTM, `{name}`, can't follow `{last}`, which gives one vector per window; name "
                f"`{last}` last, or let it give a series."
            )
        made = _place("before", name, options, values, known, seeds, columns=columns)
        columns = ()
        if len(made.shape) == 2:
            last, joined = name, [made]
        else:
            values = made
    return values, joined if last else []


def _recurrent(settings: NetworkSettings, known: Sessions, values: Any, seeds: count) -> Any:
    """Return the LSTM's output: (batch, units), or (batch, steps, units) for a layer after that reads all states."""
    first = next(iter(layer_names(settings.after)), None)
    states = first is not None and getattr(find_layer("after", first), "reads_states", False)
    if settings.within is None:
        return keras.layers.LSTM(
            settings.units,
            kernel_initializer=keras.initializers.GlorotUniform(next(seeds)),
            recurrent_initializer=keras.initializers.Orthogonal(seed=next(seeds)),
            seed=next(seeds),
            return_sequences=states,
            name="lstm",
        )(values)
    options = {"units": settings.units, **settings.within_options}
    cell, read = _make("within", settings.within, options, values, known, seeds)
    if not hasattr(cell, "state_size"):
        raise PluginError(f"The layer within, `{settings.within}`, must be a recurrent cell with a `state_size`.")
    try:
        return keras.layers.RNN(cell, return_sequences=states, name="recurrent")(read)
    except (TypeError, ValueError) as error:
        raise PluginError(
            f"The layer within, `{settings.within}`, refuses the shape {tuple(read.shape)}: {tell(error)}"
        ) from error


def _after(settings: NetworkSettings, known: Sessions, summary: Any, seeds: count) -> Any:
    """Return what the layers after make of the LSTM's output, of shape (batch, n)."""
    for place, (name, options) in enumerate(_layers("after", settings)):
        if place and getattr(find_layer("after", name), "reads_states", False):
            raise PluginError(
                f"The layer after the LSTM, `{name}`, reads every state of the LSTM, so it must be named first, "
                f"received {settings.after!r}."
            )
        summary = _place("after", name, options, summary, known, seeds)
    return summary


def _layers(slot: Slot, settings: NetworkSettings) -> list[tuple[str, dict[str, Any]]]:
    """Return the slot's layers with the options of each: those under its name where there are several."""
    names, options = layer_names(getattr(settings, slot)), getattr(settings, f"{slot}_options")
    if len(names) < 2:
        return [(name, options) for name in names]
    foreign = [key for key, value in options.items() if key not in names or not isinstance(value, dict)]
    if foreign:
        raise PluginError(
            f"The options of the layers {slot} the LSTM must be given by layer, as {slot}_options.{names[0]}, received "
            f"`{foreign[0]}`; the layers are {', '.join(names)}."
        )
    return [(name, options.get(name, {})) for name in names]


def _make(
    slot: Slot,
    name: str,
    options: dict[str, Any],
    values: Any,
    known: Sessions,
    seeds: count,
    *,
    columns: Sequence[str] = (),
) -> tuple[Any, Any]:
    """Return the slot's layer and what it reads: `values`, and behind them the features that it names as `side`."""
    parameter = inspect.signature(find_layer(slot, name).__init__).parameters.get("side")
    offered: dict[str, Any] = {"names": columns}
    side: tuple[str, ...] = ()
    if parameter is not None:
        asked = options.get("side", parameter.default)
        try:
            side = known.expand(asked)
        except PluginError as error:
            raise PluginError(f"The layer {slot} the LSTM, `{name}`, can't have its `side`: {error}") from error
        centre, spread = known.scales(side)
        offered |= {"side_centre": centre, "side_spread": spread}
        options = {**options, "side": side}
    layer = make_layer(slot, name, options, seed=next(seeds), offered=offered)
    if not side:
        return layer, values
    beside = known.pick(side)
    if len(values.shape) == 2:
        last = keras.layers.Cropping1D((beside.shape[1] - 1, 0))(beside)
        beside = keras.layers.Flatten()(last)
    elif values.shape[1] != beside.shape[1]:
        raise PluginError(
            f"The layer {slot} the LSTM, `{name}`, reads {', '.join(side)} of each of {beside.shape[1]} sessions, and "
            f"what comes to it has {values.shape[1]} steps; choose a layer without `side`, or none that changes the "
            "number of steps."
        )
    return layer, keras.layers.Concatenate()([values, beside])


def _place(
    slot: Slot,
    name: str,
    options: dict[str, Any],
    values: Any,
    known: Sessions,
    seeds: count,
    *,
    columns: Sequence[str] = (),
) -> Any:
    """Return what the slot's layer makes of `values`; it must keep the batch and give floats of a known width."""
    layer, read = _make(slot, name, options, values, known, seeds, columns=columns)
    allowed = (2, 3) if slot == "before" else (2,)
    try:
        made = layer(read)
    except (TypeError, ValueError) as error:
        raise PluginError(
            f"The layer {slot} the LSTM, `{name}`, refuses the shape {tuple(read.shape)}: {tell(error)}"
        ) from error
    if len(made.shape) not in allowed or made.shape[-1] is None:
        raise PluginError(
            f"The layer {slot} the LSTM, `{name}`, must return {' or '.join(f'{n} dimensions' for n in allowed)} with "
            f"a known last one, received the shape {made.shape}."
        )
    return made


def _dropout(name: str, share: float, values: Any, seeds: count, *, of: Any = keras.layers.Dropout) -> Any:
    """Return `values` behind a dropout layer where a share is left out; the seeds of what follows are the same."""
    seed = next(seeds)
    return of(share, seed=seed, name=name)(values) if share else values


def _heads(settings: NetworkSettings, summary: Any, seeds: count) -> dict[str, Any]:
    activations = {"direction": "sigmoid", "return": "linear", RELATIVE: "linear"}
    return {
        head: keras.layers.Dense(
            1, activation=activations[head], kernel_initializer=keras.initializers.GlorotUniform(next(seeds)), name=head
        )(summary)
        for head in (*settings.heads, *([RELATIVE] if settings.relative_head else []))
    }
