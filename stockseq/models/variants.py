"""Variants of the network that an ablation judges, and the family that it judges by default."""

import difflib
from typing import Literal

from pydantic import Field, ValidationError, field_validator

from stockseq.arguments import SettingsModel
from stockseq.models.settings import NetworkSettings
from stockseq.plugins import SLOTS, Options, Slot

PLAIN = "plain"
BEST_PAIR = "best_pair"
Part = Literal["text", "sentiment", "before", "within", "after"]


class Variant(SettingsModel, frozen=True):
    """How one variant differs from the plain network.

    Examples
    --------
    >>> Variant(network={"within": "news_gate"}).applied_to(NetworkSettings()).within
    'news_gate'
    >>> Variant(without=("text",)).applied_to(NetworkSettings()).headlines_per_session
    0
    """

    network: Options = Field(default_factory=dict, description="Settings of [network] that it changes.")
    without: tuple[Part, ...] = Field(
        (), description="What it leaves out of the plain network: text, sentiment, a layer before, within or after."
    )

    @field_validator("network")
    @classmethod
    def _same_windows(cls, network: Options) -> Options:
        if "lookback" in network:
            raise ValueError(
                "all variants see the same windows, so lookback is set under [network] alone, received "
                f"{network['lookback']!r}"
            )
        return network

    @field_validator("without")
    @classmethod
    def _distinct(cls, without: tuple[Part, ...]) -> tuple[Part, ...]:
        return tuple(dict.fromkeys(without))

    @property
    def component(self) -> str | None:
        """What it leaves out, if that is all it changes: then the plain network has the component, and it has not.

        Examples
        --------
        >>> Variant(without=("text",)).component
        'text input'
        """
        if self.network or not self.without:
            return None
        inputs = [name for name in ("text", "sentiment") if name in self.without]
        parts = [f"{' and '.join(inputs)} input"] if inputs else []
        return " and ".join([*parts, *(f"layer {slot}" for slot in SLOTS if slot in self.without)])

    @property
    def slots(self) -> tuple[Slot, ...]:
        """The slots that it fills."""
        return tuple(slot for slot in SLOTS if self.network.get(slot) is not None)

    @property
    def changes(self) -> str:
        """What it changes of the plain network.

        Examples
        --------
        >>> Variant(network={"within": "news_gate"}, without=("text",)).changes
        'within = news_gate, without text'
        """
        changed = [f"{name} = {value}" for name, value in self.network.items()]
        return ", ".join([*changed, *(f"without {name}" for name in self.without)])

    def applied_to(self, plain: NetworkSettings) -> NetworkSettings:
        """Return the settings of the variant's network.

        Raises
        ------
        ValueError
            If the network has no setting of that name (with the nearest one), or the value is invalid.
        """
        unknown = [name for name in self.network if name not in NetworkSettings.model_fields]
        if unknown:
            near = difflib.get_close_matches(unknown[0], NetworkSettings.model_fields, n=1)
            hint = f"; did you mean `{near[0]}`?" if near else ""
            raise ValueError(f"the network has no setting `{unknown[0]}`{hint}")
        changed = {**plain.model_dump(), **self.network}
        for slot in SLOTS:
            # The options of the plain network's layer would be handed to another one.
            if slot in self.network and f"{slot}_options" not in self.network:
                changed[f"{slot}_options"] = {}
            if slot in self.without:
                changed |= {slot: None, f"{slot}_options": {}}
        if "text" in self.without:
            changed["headlines_per_session"] = 0
        try:
            return NetworkSettings.model_validate(changed)
        except ValidationError as error:
            item = error.errors()[0]
            setting = ".".join(str(part) for part in item["loc"])
            reason = str(item["msg"]).removeprefix("Value error, ")
            raise ValueError(f"{setting}: {reason}" if setting else reason) from error


# Each shipped layer alone, and each kind of news left out. The projection must be narrower than the LSTM's eight
# units, and variable selection is to see features, not mixtures of them.
FAMILY: dict[str, Variant] = {
    "temporal_convolution": Variant(network={"before": "temporal_convolution"}),
    "sentiment_decay": Variant(network={"before": "sentiment_decay"}),
    "variable_selection": Variant(network={"before": "variable_selection", "indicator_dimension": 0}),
    "causal_normalisation": Variant(network={"before": "causal_normalisation"}),
    "news_gate": Variant(network={"within": "news_gate"}),
    "time_aware": Variant(network={"within": "time_aware"}),
    "layer_normalised": Variant(network={"within": "layer_normalised"}),
    "projection": Variant(network={"after": "projection", "after_options": {"dimension": 4}}),
    "temporal_attention": Variant(network={"after": "temporal_attention"}),
    "branch_gate": Variant(network={"after": "branch_gate"}),
    "without_text": Variant(without=("text",)),
    "without_sentiment": Variant(without=("sentiment",)),
    "without_news": Variant(without=("text", "sentiment")),
}


class AblationSettings(SettingsModel, frozen=True):
    """The family that an ablation judges: declared here, before any result is seen."""

    variants: dict[str, Variant] = Field(
        default_factory=dict,
        description="Variants by name, judged against the plain network of [network]; none: each shipped layer alone, "
        "and text, sentiment and both left out",
    )
    best_pair: bool = Field(
        True,
        description="Whether to judge also, in each fold, the two layers of different slots that did best on its "
        "validation sessions",
    )

    @field_validator("variants")
    @classmethod
    def _named(cls, variants: dict[str, Variant]) -> dict[str, Variant]:
        for name, variant in variants.items():
            if name in (PLAIN, BEST_PAIR) or not name.isidentifier():
                raise ValueError(
                    f"a variant's name is letters, digits and _, and neither {PLAIN} nor {BEST_PAIR}, received {name!r}"
                )
            if not variant.network and not variant.without:
                raise ValueError(f"a variant changes the network or leaves something out, and {name} does neither")
        return variants

    @property
    def family(self) -> dict[str, Variant]:
        """The variants by name: those declared, or the default family."""
        return self.variants or FAMILY
