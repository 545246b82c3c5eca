"""Families of models, with winners planted among them."""

import numpy as np
import pandas as pd
import pytest
from evaluate_vectors import normals

from stockseq.evaluate.superior import model_confidence_set, superior_ability, superior_models

N = 300
BENCHMARK = normals(N, 41) ** 2
SAME = {name: normals(N, seed) ** 2 for name, seed in (("b", 43), ("d", 45), ("e", 46))}


def test_planted_winners_are_found_and_no_others() -> None:
    """Models a and c lose .4 and .6 less on every session; the others lose like the benchmark."""
    losses = pd.DataFrame({"a": BENCHMARK - 0.4 + 0.1 * normals(N, 42), "c": BENCHMARK - 0.6 + 0.1 * normals(N, 44)})
    losses = losses.assign(b=BENCHMARK + 0.4 + 0.1 * normals(N, 48), d=BENCHMARK + 0.1 * normals(N, 47) + 0.05)
    assert superior_models(BENCHMARK, losses, seed=1, n_resamples=1000) == ["a", "c"]
    assert model_confidence_set(losses, seed=1, n_resamples=1000) == ["c"]
    assert superior_ability(BENCHMARK, losses, seed=1, n_resamples=1000).consistent < 0.01


def test_a_family_without_a_better_model_is_not_called_better() -> None:
    """All lose more than the benchmark, so nothing speaks against it."""
    losses = pd.DataFrame(SAME) + 0.5
    p_values = superior_ability(BENCHMARK, losses, seed=1, n_resamples=1000)
    assert p_values.lower <= p_values.consistent <= p_values.upper
    assert p_values.consistent > 0.3
    assert superior_models(BENCHMARK, losses, seed=1, n_resamples=1000) == []


def test_the_same_seed_gives_the_same_answer() -> None:
    """A report that is made again must say the same."""
    losses = pd.DataFrame(SAME)
    again = [superior_ability(BENCHMARK, losses, seed=7, n_resamples=500) for _ in range(2)]
    assert again[0] == again[1]


def test_losses_that_do_not_match_are_a_sentence() -> None:
    """A NaN would be resampled into every figure."""
    with pytest.raises(ValueError, match="as many in every column"):
        superior_ability(BENCHMARK[:-1], pd.DataFrame(SAME), seed=1)
    with pytest.raises(ValueError, match="finite"):
        model_confidence_set(pd.DataFrame(SAME).where(lambda x: x < 4, np.nan), seed=1)
