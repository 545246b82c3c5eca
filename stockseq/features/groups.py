"""Groups of features: what belongs together when a forecast is explained."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from stockseq.features.sentiment import SENTIMENT_COLUMNS

# The group of everything that headlines move: their words are read beside these columns.
NEWS = "news"


@dataclass(frozen=True)
class Group:
    """Features that tell of one thing.

    Parameters
    ----------
    name : str
        Of one feature alone: that feature's own.
    features : tuple of str
    telling : str or None
        The feature whose value says most to a reader; None where no single one does.
    """

    name: str
    features: tuple[str, ...]
    telling: str | None = None

    @property
    def is_news(self) -> bool:
        """Whether headlines move it; a plug-in's feature that is called news is none of these."""
        return not set(self.features) - set(SENTIMENT_COLUMNS)


GROUPS: tuple[Group, ...] = (
    Group("recent_returns", ("return_1", "overnight_return", "intraday_return", "return_5"), "return_5"),
    Group(
        "trend",
        ("return_21", "momentum_60_5", "ppo", "ppo_histogram", "distance_sma_50", "distance_high_60"),
        "return_21",
    ),
    Group("oscillators", ("rsi_14", "stochastic_14", "bollinger_position_20"), "rsi_14"),
    Group(
        "volatility",
        (
            "atr_14",
            "volatility_21",
            "range_volatility_1",
            "range_volatility_5",
            "range_volatility_22",
            "volatility_change",
            "bollinger_width_20",
        ),
        "volatility_21",
    ),
    Group("volume", ("relative_volume_20", "money_flow_20", "force_13"), "relative_volume_20"),
    Group("calendar", ("week_sine", "week_cosine", "days_closed"), "days_closed"),
    Group(NEWS, SENTIMENT_COLUMNS),
)
_GROUP_OF: Mapping[str, Group] = {feature: group for group in GROUPS for feature in group.features}


def group_features(names: Iterable[str]) -> tuple[Group, ...]:
    """Return the groups of some features, each feature in exactly one.

    Parameters
    ----------
    names : iterable of str
        Features of a panel. One that is in no group, such as a plug-in's, forms the group of its own name.

    Returns
    -------
    tuple of Group
        In the order of `GROUPS`, then of `names`; without the features that aren't among `names`, and without the
        groups that then have none.

    Examples
    --------
    >>> [(group.name, group.features) for group in group_features(["moon_phase", "rsi_14"])]
    [('oscillators', ('rsi_14',)), ('moon_phase', ('moon_phase',))]
    """
    present = tuple(dict.fromkeys(names))
    found = []
    for group in GROUPS:
        features = tuple(name for name in group.features if name in present)
        if features:
            found.append(Group(group.name, features, group.telling if group.telling in features else None))
    return (*found, *(Group(name, (name,), name) for name in present if name not in _GROUP_OF))
