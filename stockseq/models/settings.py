"""The settings of the network and of its training; nothing here imports TensorFlow."""

from typing import Literal

from pydantic import Field, field_validator, model_validator

from stockseq.arguments import SettingsModel
from stockseq.plugins import Options

Head = Literal["direction", "return"]
TextReader = Literal["sum", "lstm"]


class NetworkSettings(SettingsModel, frozen=True):
    """The shape of the two-input network.

    Examples
    --------
    >>> NetworkSettings(lookback=5).heads
    ('direction', 'return')
    """

    lookback: int = Field(10, ge=1, le=250, description="Rows of a window: the sessions that a forecast looks back on.")
    units: int = Field(8, ge=1, le=4096, description="Units of the LSTM.")
    heads: tuple[Head, ...] = Field(
        ("direction", "return"),
        min_length=1,
        description="What is trained: direction, return, or both. The forecast's centre and probability are the "
        "return's, or the direction's without it.",
    )
    relative_head: bool = Field(
        True, description="Whether the return against the session's other tickers is forecast too, which ranks them."
    )
    size_head: bool = Field(
        True, description="Whether the size of the move is forecast too; without it sigma is the volatility known."
    )
    cross_section: bool = Field(
        True,
        description="Whether each indicator is read twice: as it is, and by its place among the session's tickers.",
    )
    text_reader: TextReader = Field(
        "sum",
        description="sum: the tokens of a session are summed and join its indicators in the LSTM. lstm: the LSTM reads "
        "the window's tokens one by one, and the indicators join its output.",
    )
    headlines_per_session: int = Field(
        4, ge=0, le=250, description="Newest headlines read per ticker and session; 0 leaves the text out."
    )
    tokens_per_headline: int = Field(24, ge=1, le=2000, description="First tokens read of each headline.")
    max_tokens: int = Field(
        5000, ge=1, le=1_000_000, description="Words of the vocabulary, the most frequent of the training rows."
    )
    min_headlines: int = Field(5, ge=1, description="Distinct training headlines that a word must occur in.")
    bigrams: bool = Field(False, description="Whether pairs of neighbouring words are tokens too.")
    embedding_dimension: int = Field(4, ge=1, le=4096, description="Numbers that stand for one token.")
    indicator_dimension: int = Field(
        4,
        ge=0,
        le=4096,
        description="Mixtures that the indicators are reduced to before the LSTM; 0 hands them on as they are.",
    )
    indicator_penalty: float = Field(1e-3, ge=0, description="Weight of the squared weights of these mixtures.")
    indicator_dropout: float = Field(
        0.1, ge=0, lt=1, description="Share of the indicators left out of a training window."
    )
    text_dropout: float = Field(0.0, ge=0, lt=1, description="Share of the text vector left out at training.")
    output_dropout: float = Field(0.2, ge=0, lt=1, description="Share of the LSTM's output left out at training.")
    before: str | None = Field(
        None,
        description="Layer before the LSTM: an entry point's name, or package.module:Layer; several are joined by +.",
    )
    before_options: Options = Field(
        default_factory=dict, description="Arguments of the layer before; of several layers, by the layer's name."
    )
    within: str | None = Field(None, description="Recurrent cell in place of the LSTM's, named the same way.")
    within_options: Options = Field(default_factory=dict, description="Arguments of the cell, beside its units.")
    after: str | None = Field(None, description="Layer on the LSTM's output, named as the layer before is.")
    after_options: Options = Field(
        default_factory=dict, description="Arguments of the layer after, given as those of the layer before are."
    )

    @field_validator("heads")
    @classmethod
    def _distinct(cls, heads: tuple[Head, ...]) -> tuple[Head, ...]:
        if len(set(heads)) != len(heads):
            raise ValueError(f"each head is named once, received {', '.join(heads)}")
        return heads

    @field_validator("within")
    @classmethod
    def _single(cls, within: str | None) -> str | None:
        if within is not None and "+" in within:
            raise ValueError(f"the LSTM has one cell, so one layer is named, received {within!r}")
        return within

    @field_validator("before", "after")
    @classmethod
    def _named(cls, layers: str | None) -> str | None:
        if layers is not None and not all(name.strip() for name in layers.split("+")):
            raise ValueError(f"a layer is named before and after each +, received {layers!r}")
        return layers

    @model_validator(mode="after")
    def _readable(self) -> "NetworkSettings":
        if self.text_reader == "lstm" and not self.headlines_per_session:
            raise ValueError("text_reader is lstm, so headlines_per_session must be at least 1, received 0")
        return self


class TrainingSettings(SettingsModel, frozen=True):
    """How the ensemble is fitted.

    Examples
    --------
    >>> TrainingSettings(seed=7, n_seeds=3).seeds
    (7, 8, 9)
    """

    n_seeds: int = Field(5, ge=1, le=1000, description="Networks of the ensemble; their spread is reported.")
    seed: int = Field(0, ge=0, description="Seed of the first network; the others count on from it.")
    epochs: int = Field(30, ge=1, description="Passes over the training windows, at most.")
    patience: int = Field(
        5, ge=1, description="Looks in a row that find no lower validation loss, after which training stops."
    )
    steps_per_validation: int = Field(
        256,
        ge=1,
        description="Steps between two looks at the validation loss, about: a pass is cut into equal parts. More where "
        "there are so many validation windows that a look would take long; at least a look a pass.",
    )
    batch_size: int = Field(512, ge=1, description="Windows of one step.")
    learning_rate: float = Field(3e-3, gt=0, description="Step of AdamW.")
    fine_tune_rate: float = Field(5e-4, gt=0, description="Step of AdamW when an existing model is trained on.")
    weight_decay: float = Field(
        0.0, ge=0, description="Share of each weight taken off per step, times the learning rate."
    )
    averaging: float = Field(
        0.998,
        ge=0,
        lt=1,
        description="Share of the running mean of the weights that a step keeps: a network forecasts with that mean. "
        "0 takes the weights of the last step.",
    )
    direction_weight: float = Field(1.0, ge=0, description="Weight of the cross-entropy of the direction.")
    return_weight: float = Field(0.5, ge=0, description="Weight of the squared error of the volatility-scaled return.")
    relative_weight: float = Field(
        3.0,
        ge=0,
        description="Weight of the squared error of the return against the session's other tickers.",
    )
    size_weight: float = Field(0.5, ge=0, description="Weight of QLIKE of the size of the move.")

    @property
    def seeds(self) -> tuple[int, ...]:
        """The seed of each network of the ensemble."""
        return tuple(range(self.seed, self.seed + self.n_seeds))
