"""Every feature belongs to exactly one group, whatever the plug-ins are called."""

from collections import Counter

from stockseq.features.groups import GROUPS, NEWS, group_features
from stockseq.features.indicators import DEFAULT_FEATURES
from stockseq.features.sentiment import SENTIMENT_COLUMNS

NAMES = [*(feature.name for feature in DEFAULT_FEATURES), *SENTIMENT_COLUMNS]


def test_every_feature_of_ours_is_in_exactly_one_group() -> None:
    """One that is in none would be a group by itself; one in two would count twice."""
    assert Counter(name for group in GROUPS for name in group.features) == Counter(NAMES)
    assert len(group_features(NAMES)) == len(GROUPS) == 7


def test_a_plug_in_forms_the_group_of_its_own_name_even_if_it_is_named_as_one_of_ours() -> None:
    """A feature called news is no headline, and must not be taken for all of them."""
    groups = group_features([*NAMES, "moon_phase", NEWS])
    assert [group.features for group in groups[-2:]] == [("moon_phase",), (NEWS,)]
    assert [group.is_news for group in groups] == [*[False] * 6, True, False, False]
    assert sorted(name for group in groups for name in group.features) == sorted([*NAMES, "moon_phase", NEWS])


def test_a_group_tells_its_value_where_the_feature_is_there() -> None:
    """A model may read a part of a group alone."""
    assert group_features(["stochastic_14"])[0].telling is None
    assert group_features(["stochastic_14", "rsi_14"])[0].telling == "rsi_14"
