"""Features of each session that a layer reads beside its main input, by name and unmixed."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from stockseq.errors import PluginError, nearest
from stockseq.layers.backend import Config, keras

TEXT = "text"


@keras.saving.register_keras_serializable(package="stockseq")
class PickColumns(keras.layers.Layer):
    """Pick columns of the last axis.

    Parameters
    ----------
    positions : sequence of int

    Input
        (..., n).
    Output
        (..., len(positions)), in the order of `positions`.

    Examples
    --------
    >>> PickColumns([2, 0])(keras.ops.array([[1.0, 2.0, 3.0]])).numpy().tolist()
    [[3.0, 1.0]]
    """

    def __init__(self, positions: Sequence[int], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.positions = list(positions)

    def call(self, values: Any) -> Any:
        return keras.ops.take(values, self.positions, axis=-1)

    def get_config(self) -> Config:
        return {**super().get_config(), "positions": self.positions}


@dataclass(frozen=True)
class Sessions:
    """What a network knows of each session of a window before anything is mixed or left out.

    Parameters
    ----------
    indicators : tensor of shape (batch, lookback, n_features), scaled
    names : tuple of n_features str
        Empty where the caller didn't say them.
    centre, spread : tuple of n_features floats
        What the indicators were scaled with; 0 and 1 where the caller didn't say.
    text : tensor of shape (batch, lookback, n_text), optional
    """

    indicators: Any
    names: tuple[str, ...] = ()
    centre: tuple[float, ...] = ()
    spread: tuple[float, ...] = ()
    text: Any = None

    @property
    def columns(self) -> tuple[str, ...]:
        """The names of the indicators (numbered where they are not known), then those of the text vector."""
        n_features = self.indicators.shape[-1]
        numbered = tuple(f"indicator_{number}" for number in range(1, n_features + 1))
        return (*(self.names or numbered), *self.text_columns)

    @property
    def text_columns(self) -> tuple[str, ...]:
        """The names of the text vector's numbers, from text_1 on."""
        return () if self.text is None else tuple(f"{TEXT}_{number}" for number in range(1, self.text.shape[-1] + 1))

    def expand(self, side: Sequence[str]) -> tuple[str, ...]:
        """Return the columns that `side` names; "text" stands for the whole text vector, and for nothing without text.

        Raises
        ------
        PluginError
            If there is no such feature.

        Examples
        --------
        >>> Sessions(keras.Input((3, 1)), ("no_news",), text=keras.Input((3, 2))).expand(["text", "no_news"])
        ('text_1', 'text_2', 'no_news')
        """
        expanded: list[str] = []
        for name in side:
            if name == TEXT:
                expanded.extend(self.text_columns)
            elif name in self.columns:
                expanded.append(name)
            else:
                hint = nearest(name, self.columns, f"there are: {', '.join((*self.columns, TEXT))}.")
                raise PluginError(f"There is no feature `{name}` for the option `side`; {hint}")
        return tuple(dict.fromkeys(expanded))

    def scales(self, columns: Sequence[str]) -> tuple[list[float], list[float]]:
        """Return centre and spread of each column; those of a text column are 0 and 1."""
        scales = dict(zip(self.names, zip(self.centre, self.spread, strict=True), strict=False))
        pairs = [scales.get(column, (0.0, 1.0)) for column in columns]
        return [centre for centre, _ in pairs], [spread for _, spread in pairs]

    def pick(self, columns: Sequence[str]) -> Any:
        """Return the tensor of these columns, of shape (batch, lookback, len(columns))."""
        values = self.indicators
        if self.text is not None:
            values = keras.layers.Concatenate()([values, self.text])
        return PickColumns([self.columns.index(column) for column in columns])(values)
