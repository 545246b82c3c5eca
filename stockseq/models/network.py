"""The two-input network: indicators and headlines per session, an LSTM over the sessions, and its heads."""

from itertools import count
from typing import Any

from stockseq.errors import PluginError
from stockseq.layers.backend import keras
from stockseq.layers.headline_embedding import HeadlineEmbedding
from stockseq.layers.slots import make_layer, seeded
from stockseq.models.settings import NetworkSettings

RELATIVE = "relative"


def build_network(settings: NetworkSettings, *, n_features: int, vocabulary_size: int, seed: int) -> Any:
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

    Examples
    --------
    >>> settings = NetworkSettings(lookback=5, units=3)
    >>> network = build_network(settings, n_features=2, vocabulary_size=10, seed=1)
    >>> sorted(network.output), network.output["direction"].shape
    (['direction', 'relative', 'return'], (None, 1))
    """
    if n_features < 1:
        raise ValueError(f"`n_features` must be at least 1, received {n_features}.")
    seeds = count(1_000_003 * seed)
    with seeded(seed):
        inputs, sessions = _inputs(settings, n_features, vocabulary_size, seeds)
        joined = []
        if settings.before is not None:
            made = _place("before", settings.before, settings.before_options, sessions, seeds)
            if len(made.shape) == 2:
                joined.append(made)
            else:
                sessions = made
        summary = _recurrent(settings, seeds)(sessions)
        if settings.after is not None:
            summary = _place("after", settings.after, settings.after_options, summary, seeds)
        if joined:
            summary = keras.layers.Concatenate(name="joined")([summary, *joined])
        summary = keras.layers.Dropout(settings.output_dropout, seed=next(seeds), name="output_dropout")(summary)
        return keras.Model(inputs, _heads(settings, summary, seeds), name="stockseq")


def reads_text(settings: NetworkSettings, vocabulary_size: int) -> bool:
    """Return whether the network of these settings and this vocabulary has a text input."""
    return settings.headlines_per_session > 0 and vocabulary_size > 2


def _inputs(
    settings: NetworkSettings, n_features: int, vocabulary_size: int, seeds: count
) -> tuple[dict[str, Any], Any]:
    """Return the inputs and what stands for each session: (batch, lookback, n_features + embedding_dimension)."""
    layers = keras.layers
    indicators = layers.Input((settings.lookback, n_features), name="indicators")
    # The same indicators are left out of all sessions of a window: one session's could be told from its neighbours'.
    dropout = layers.SpatialDropout1D(settings.indicator_dropout, seed=next(seeds), name="indicator_dropout")
    inputs, sessions = {"indicators": indicators}, dropout(indicators)
    if settings.indicator_dimension:
        # The LSTM has four weights per input and unit; few inputs are what keeps it from learning the noise.
        sessions = layers.Dense(
            settings.indicator_dimension,
            kernel_initializer=keras.initializers.GlorotUniform(next(seeds)),
            kernel_regularizer=keras.regularizers.L2(settings.indicator_penalty),
            name="indicator_mix",
        )(sessions)
    if not reads_text(settings, vocabulary_size):
        return inputs, sessions
    shape = (settings.lookback, settings.headlines_per_session, settings.tokens_per_headline)
    inputs["text"] = layers.Input(shape, dtype="int32", name="text")
    embedding = HeadlineEmbedding(vocabulary_size, settings.embedding_dimension, seed=next(seeds), name="headlines")
    text = embedding(inputs["text"])
    text = layers.Dropout(settings.text_dropout, seed=next(seeds), name="text_dropout")(text)
    return inputs, layers.Concatenate(name="sessions")([sessions, text])


def _recurrent(settings: NetworkSettings, seeds: count) -> Any:
    """Return the layer from (batch, lookback, features) to (batch, units)."""
    if settings.within is None:
        return keras.layers.LSTM(
            settings.units,
            kernel_initializer=keras.initializers.GlorotUniform(next(seeds)),
            recurrent_initializer=keras.initializers.Orthogonal(seed=next(seeds)),
            seed=next(seeds),
            name="lstm",
        )
    options = {"units": settings.units, **settings.within_options}
    cell = make_layer("within", settings.within, options, seed=next(seeds))
    if not hasattr(cell, "state_size"):
        raise PluginError(f"The layer within, `{settings.within}`, must be a recurrent cell with a `state_size`.")
    return keras.layers.RNN(cell, name="recurrent")


def _place(slot: Any, name: str, options: dict[str, Any], values: Any, seeds: count) -> Any:
    """Return what the slot's layer makes of `values`; it must keep the batch and give floats of a known width."""
    layer = make_layer(slot, name, options, seed=next(seeds))
    allowed = (2, 3) if slot == "before" else (2,)
    try:
        made = layer(values)
    except (TypeError, ValueError) as error:
        raise PluginError(f"The layer {slot} the LSTM, `{name}`, refuses the shape {values.shape}: {error}") from error
    if len(made.shape) not in allowed or made.shape[-1] is None:
        raise PluginError(
            f"The layer {slot} the LSTM, `{name}`, must return {' or '.join(f'{n} dimensions' for n in allowed)} with "
            f"a known last one, received the shape {made.shape}."
        )
    return made


def _heads(settings: NetworkSettings, summary: Any, seeds: count) -> dict[str, Any]:
    activations = {"direction": "sigmoid", "return": "linear", RELATIVE: "linear"}
    return {
        head: keras.layers.Dense(
            1, activation=activations[head], kernel_initializer=keras.initializers.GlorotUniform(next(seeds)), name=head
        )(summary)
        for head in (*settings.heads, RELATIVE)
    }
