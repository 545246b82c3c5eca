"""One vector per session from the token embeddings of its headlines."""

from typing import Any

from stockseq.layers.backend import keras


@keras.saving.register_keras_serializable(package="stockseq")
class HeadlinePooling(keras.layers.Layer):
    """Sum the tokens of each headline, then the headlines of each session; padding counts for nothing.

    Sums, not means: two good headlines are better news than one, and a session without news is exactly zero.

    Parameters
    ----------
    activation : str, optional
        Applied to each headline's vector before the headlines are summed, such as "tanh".

    Input
        Embeddings of shape (batch, lookback, headlines, tokens, dimension), with the mask of shape (batch, lookback,
        headlines, tokens) that `keras.layers.Embedding(mask_zero=True)` hands on.
    Output
        (batch, lookback, dimension). The mask ends here: every session of a window exists, with news or without.

    Examples
    --------
    >>> import numpy as np
    >>> tokens = np.ones((1, 1, 2, 2, 1), "float32")
    >>> HeadlinePooling()(tokens, mask=np.array([[[[True, True], [True, False]]]])).numpy().tolist()
    [[[3.0]]]
    """

    def __init__(self, activation: str | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.activation = activation
        self.supports_masking = True

    def call(self, embeddings: Any, mask: Any = None) -> Any:
        if mask is not None:
            embeddings = embeddings * keras.ops.cast(keras.ops.expand_dims(mask, -1), embeddings.dtype)
        headlines = keras.activations.get(self.activation)(keras.ops.sum(embeddings, axis=3))
        return keras.ops.sum(headlines, axis=2)

    def compute_mask(self, embeddings: Any, previous_mask: Any = None) -> None:
        """Return no mask."""

    def compute_output_shape(self, shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
        return (*shape[:2], shape[-1])

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "activation": self.activation}
