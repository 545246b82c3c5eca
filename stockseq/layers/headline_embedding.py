"""One vector per session from the tokens of its headlines."""

from typing import Any

from stockseq.layers.backend import Config, keras, tf


@keras.saving.register_keras_serializable(package="stockseq")
class HeadlineEmbedding(keras.layers.Layer):
    """Embed each token, sum the tokens of each headline, then the headlines of each session.

    Sums, not means: two good headlines are better news than one, and a session without news is exactly zero. Padding
    (code 0) counts for nothing and costs nothing, which matters: nine in ten places of a token table are padding.

    Parameters
    ----------
    vocabulary_size : int
        Codes, 0 for padding among them.
    dimension : int
        Numbers that stand for one token.
    activation : str, optional
        Applied to each headline's sum before the headlines are summed, such as "tanh".
    seed : int, default=0
        Of the first weights, normal with a spread of 0.05: a word begins as almost no news and earns its weight.

    Input
        int32 codes of shape (batch, lookback, headlines, tokens).
    Output
        float32 of shape (batch, lookback, dimension). Each session is its own headlines' alone, so nothing of a later
        one reaches an earlier.

    Examples
    --------
    >>> layer = HeadlineEmbedding(3, 2)
    >>> layer.build((None, 1, 2, 2))
    >>> _ = layer.embeddings.assign([[9, 9], [1, 0], [0, 1]])
    >>> layer(tf.constant([[[[1, 2], [2, 0]]]])).numpy().tolist()
    [[[1.0, 2.0]]]
    """

    def __init__(
        self, vocabulary_size: int, dimension: int, activation: str | None = None, seed: int = 0, **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        self.vocabulary_size = vocabulary_size
        self.dimension = dimension
        self.activation = activation
        self.seed = seed

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        self.embeddings = self.add_weight(
            name="embeddings",
            shape=(self.vocabulary_size, self.dimension),
            initializer=keras.initializers.RandomNormal(stddev=0.05, seed=self.seed),
        )

    def call(self, codes: Any) -> Any:
        batch, lookback, (headlines, tokens) = tf.shape(codes)[0], codes.shape[1], codes.shape[2:]
        # Without an activation a session is one sum; with it each headline is one first.
        per_headline = self.activation is not None
        flat = tf.reshape(codes, (-1, tokens if per_headline else headlines * tokens))
        positions = tf.where(flat > 0)
        summed = self.sum_tokens(tf.gather_nd(flat, positions), positions[:, 0], tf.shape(flat)[0])
        if per_headline:
            active = keras.activations.get(self.activation)(summed)
            summed = tf.reduce_sum(tf.reshape(active, (-1, headlines, self.dimension)), axis=1)
        return tf.reshape(summed, (batch, lookback, self.dimension))

    def sum_tokens(self, codes: Any, group: Any, n_groups: Any) -> Any:
        """Return the sum of the embedded tokens of each group: float32 of shape (n_groups, dimension).

        Parameters
        ----------
        codes, group : integer tensors of shape (n_tokens,)
            The codes, padding left out, and the group that each belongs to, ascending.
        n_groups : scalar integer tensor
        """
        # A product with how often each code stands in each group: a third of the time of gathering and summing, there
        # and back. There is no deterministic one on a GPU.
        with tf.device("CPU:0"):
            places = _side_by_side(tf.cast(group, tf.int64), tf.cast(codes, tf.int64))
            table = tf.convert_to_tensor(self.embeddings)
            shape = (tf.cast(n_groups, tf.int64), self.vocabulary_size)
            counts = tf.SparseTensor(places, tf.ones_like(codes, table.dtype), shape)
            return tf.sparse.sparse_dense_matmul(counts, table)

    def compute_output_shape(self, input_shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
        return (*input_shape[:2], self.dimension)

    def get_config(self) -> Config:
        return {
            **super().get_config(),
            "vocabulary_size": self.vocabulary_size,
            "dimension": self.dimension,
            "activation": self.activation,
            "seed": self.seed,
        }


def _side_by_side(first: Any, second: Any) -> Any:
    """Return two int64 tensors of shape (n,) as the columns of one of shape (n, 2).

    The bits of both pass for a complex number's two halves, which TensorFlow lays side by side in a fourth of the time
    of `tf.stack`.
    """
    halves = [tf.bitcast(column, tf.float64) for column in (first, second)]
    return tf.bitcast(tf.bitcast(tf.complex(*halves), tf.float64), tf.int64)
