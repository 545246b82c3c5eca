"""Holm's correction worked by hand; families of models with winners planted among them."""

import numpy as np
import pandas as pd
import pytest
from arch.bootstrap import StepM

from stockseq.evaluate.multiplicity import holm, model_confidence_set, superior_ability, superior_models
from tests.evaluate.evaluate_vectors import normals

P_VALUES = [0.001, 0.008, 0.039, 0.041, 0.042, 0.06, 0.074, 0.205]
N = 300
BENCHMARK = normals(N, 41) ** 2
SAME = {name: normals(N, seed) ** 2 for name, seed in (("b", 43), ("d", 45), ("e", 46))}


def test_holm_worked_by_hand() -> None:
    """8 x .001, 7 x .008, 6 x .039 = .234, then the running maximum: .234, .234, .234, .234, .234."""
    assert holm(P_VALUES) == pytest.approx([0.008, 0.056, 0.234, 0.234, 0.234, 0.234, 0.234, 0.234])


def test_what_could_not_be_tested_is_no_claim() -> None:
    """Without a declaration the family is the tests there are: 2 x .01 and .04."""
    assert holm([None, 0.01, None, 0.04]) == [None, 0.02, None, 0.04]
    assert holm([None, None]) == [None, None]
    assert holm([]) == []


def test_what_was_declared_counts_whether_it_was_tested_or_not() -> None:
    """Five declared: 5 x .01, 4 x .02; a variant that failed must not ease the correction of the others."""
    assert holm([0.02, None, 0.01], n_declared=5) == pytest.approx([0.08, None, 0.05])
    assert holm([None], n_declared=5) == [None]
    with pytest.raises(ValueError, match="at least the 2 p-values, received 1"):
        holm([0.01, 0.02], n_declared=1)


def test_wrong_p_values_are_refused() -> None:
    """A p outside [0, 1] is a mistake upstream, NaN included."""
    with pytest.raises(ValueError, match="lie in"):
        holm([0.5, float("nan")])


def test_planted_winners_are_found_and_no_others() -> None:
    """Models a and c lose .4 and .6 less on every session; the others lose like the benchmark."""
    losses = pd.DataFrame({"a": BENCHMARK - 0.4 + 0.1 * normals(N, 42), "c": BENCHMARK - 0.6 + 0.1 * normals(N, 44)})
    losses = losses.assign(b=BENCHMARK + 0.4 + 0.1 * normals(N, 48), d=BENCHMARK + 0.1 * normals(N, 47) + 0.05)
    assert superior_models(BENCHMARK, losses, seed=1, n_resamples=1000) == ["a", "c"]
    assert model_confidence_set(losses, seed=1, n_resamples=1000) == ["c"]
    assert superior_ability(BENCHMARK, losses, seed=1, n_resamples=1000).consistent < 0.01


def test_winners_that_are_found_one_after_the_other_are_all_named() -> None:
    """A noisy winner hides a quiet one until it is taken out; arch 8.0.0's `StepM` then has no model left and fails."""
    losses = pd.DataFrame(
        {"noisy": BENCHMARK - 1.0 + 4.0 * normals(N, 42), "quiet": BENCHMARK - 0.2 + 0.2 * normals(N, 44)}
    )
    with pytest.raises(ValueError, match="zero-size array"):
        StepM(BENCHMARK, losses.to_numpy(), size=0.05, block_size=17, reps=1000, seed=1).compute()
    assert superior_models(BENCHMARK, losses, seed=1, n_resamples=1000) == ["noisy", "quiet"]


def test_the_names_are_those_of_the_columns_that_win() -> None:
    """Five models in the generator's normals of seed 99: the second and fourth win, and of all six the second."""
    noise = normals(250 * 6, 99).reshape(250, 6)
    losses = pd.DataFrame(noise - [0.0, 0.1, 0.9, 0.0, 0.5, -0.1])
    models = losses.drop(columns=0).set_axis(range(5), axis="columns")
    options = {"seed": 1, "block_size": 10, "n_resamples": 5000}
    assert superior_models(noise[:, 0], models, **options) == [1, 3]
    assert model_confidence_set(losses, **options) == [2]
    assert superior_ability(noise[:, 0], models, **options).consistent == 0.0


def test_copies_of_the_benchmark_are_refused() -> None:
    """Without noise in a difference arch 8.0.0 divides by 0, and gives a copy of the benchmark a p of 0."""
    losses = pd.DataFrame({"copy": BENCHMARK, **SAME})
    with pytest.raises(ValueError, match="the benchmark and copy differ by the same loss"):
        superior_ability(BENCHMARK, losses, seed=1)
    with pytest.raises(ValueError, match="copy and other differ by the same loss"):
        model_confidence_set(losses.assign(other=BENCHMARK + 1.0), seed=1)


@pytest.mark.parametrize(
    ("losses", "options", "sentence"),
    [
        (pd.DataFrame(SAME), {"size": 5}, "`size` must lie between 0 and 1"),
        (pd.DataFrame(SAME), {"block_size": 301}, "from 1 to 300 sessions"),
        (pd.DataFrame(SAME), {"n_resamples": 0}, "`n_resamples` be at least 1"),
        (pd.DataFrame(SAME)[["b"]], {}, "at least 2; received"),
        (pd.DataFrame(SAME).set_axis(["b", "b", "e"], axis="columns"), {}, "different names"),
        (pd.DataFrame(SAME).iloc[:9], {}, "At least 10 sessions"),
    ],
)
def test_families_that_can_not_be_tested_are_a_sentence(
    losses: pd.DataFrame, options: dict[str, float], sentence: str
) -> None:
    """Each would end in a warning of numpy or in a model without a name."""
    with pytest.raises(ValueError, match=sentence):
        model_confidence_set(losses, seed=1, **options)


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
