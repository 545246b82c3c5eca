"""What each component adds, on panels small enough to work by hand and on panels where nothing or much is added."""

from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from stockseq.ablation.judge import judge_family
from stockseq.ablation.sets import find_best, find_superior

SESSIONS = pd.bdate_range("2024-01-01", periods=200)
N_TICKERS = 10


def panel(rng: np.random.Generator, share_right: float, *, n_seeds: int = 3, apart: float = 0.0) -> pd.DataFrame:
    """Forecasts that are right in about `share_right` of the rows; each seed's share lies `apart` from the last's."""
    rows = pd.MultiIndex.from_product([SESSIONS, [f"T{n}" for n in range(N_TICKERS)]], names=["session", "ticker"])
    frame = rows.to_frame(index=False).assign(fold=np.repeat([1, 2], len(rows) // 2))
    frame["realised_return"] = np.where(np.random.default_rng(0).random(len(frame)) < 0.5, 0.01, -0.01)
    up = (frame["realised_return"] > 0).to_numpy()
    for seed in range(n_seeds):
        right = rng.random(len(frame)) < share_right + apart * (seed - (n_seeds - 1) / 2)
        frame[f"probability_up_seed_{seed}"] = np.where(right == up, 0.6, 0.4)
    right = rng.random(len(frame)) < share_right
    return frame.assign(probability_up=np.where(right == up, 0.6, 0.4))


def by_hand() -> tuple[pd.DataFrame, pd.DataFrame]:
    """Four sessions of one ticker that all rose, two networks each: plain right in 1, 2 of 4, variant in 3, 4 of 4."""
    days = pd.to_datetime(["2024-11-25", "2024-11-26", "2024-11-27", "2024-11-29"])
    rows = pd.DataFrame({"session": days, "ticker": "A", "fold": [1, 1, 2, 2], "realised_return": 0.01})
    plain = rows.assign(
        probability_up=[0.4, 0.4, 0.6, 0.6],
        probability_up_seed_0=[0.4, 0.4, 0.4, 0.6],
        probability_up_seed_1=[0.4, 0.4, 0.6, 0.6],
    )
    variant = rows.assign(
        probability_up=[0.4, 0.6, 0.6, 0.6],
        probability_up_seed_0=[0.4, 0.6, 0.6, 0.6],
        probability_up_seed_1=0.6,
    )
    return plain, variant


def test_the_error_of_an_effect_is_that_of_sessions_and_of_seeds() -> None:
    """Worked by hand: hits differ by 0, 1, 0, 0, so .25 with a clustered error of .25; seeds gain .5 and .5."""
    plain, variant = by_hand()
    judged = judge_family(plain, {"v": variant}, n_declared=1)["v"]
    accuracy = judged.accuracy
    assert judged.by_seed == (0.5, 0.5)
    assert accuracy.difference == 0.25
    assert accuracy.standard_error == pytest.approx(0.25)
    assert accuracy.seed_error == 0.0
    assert accuracy.p == pytest.approx(2 * stats.t.sf(1.0, 3))
    assert judged.by_fold == (0.5, 0.0)

    apart = variant.assign(probability_up_seed_1=[0.4, 0.4, 0.6, 0.6])
    accuracy = judge_family(plain, {"v": apart}, n_declared=1)["v"].accuracy
    # Seeds gain .5 and 0: a standard deviation of .5 / sqrt 2, so .25 over the root of two seeds.
    assert accuracy.seed_error == pytest.approx(0.25)
    assert accuracy.z == pytest.approx(1 / np.sqrt(2))
    # (s + r)^2 / (s^2 / 3 + r^2 / 1) with s = r = 1/16: 4 / (1/3 + 1) = 3 degrees of freedom.
    assert accuracy.p == pytest.approx(2 * stats.t.sf(1 / np.sqrt(2), 3))
    assert accuracy.ci[1] == pytest.approx(0.25 + stats.t.ppf(0.975, 3) * 0.25 * np.sqrt(2))


def test_a_small_variance_of_seeds_is_not_taken_from_luck_alone() -> None:
    """By hand: seeds gain .5 and .5 in one variant, .5 and 0 in the other; the first gets the mean variance of both."""
    plain, variant = by_hand()
    apart = variant.assign(probability_up_seed_1=[0.4, 0.4, 0.6, 0.6])
    judged = judge_family(plain, {"steady": variant, "apart": apart}, n_declared=2)
    # Variances over two seeds are 0 and 1/16, and their mean 1/32.
    assert judged["steady"].accuracy.seed_error == pytest.approx(np.sqrt(1 / 32))
    assert judged["apart"].accuracy.seed_error == pytest.approx(0.25)
    # The mean of two has (2 - 1) * 4 * 2 / (2 + 3) = 1.6 degrees of freedom.
    sampling, seeds = 1 / 16, 1 / 32
    degrees = (sampling + seeds) ** 2 / (sampling**2 / 3 + seeds**2 / 1.6)
    z = 0.25 / np.sqrt(sampling + seeds)
    assert judged["steady"].accuracy.p == pytest.approx(2 * stats.t.sf(z, degrees))


def test_one_seed_claims_nothing() -> None:
    """Whatever its sessions say, another draw might say otherwise."""
    rng = np.random.default_rng(1)
    judged = judge_family(panel(rng, 0.5, n_seeds=1), {"v": panel(rng, 0.6, n_seeds=1)}, n_declared=1)["v"]
    assert judged.accuracy.p_holm < 0.001
    assert (judged.claim, judged.accuracy.seed_error) == ("open", None)


def test_the_luck_of_the_return_head_is_luck_too() -> None:
    """Equal probabilities, other expected returns: the coefficient ranks by these, and so must its error."""
    rng = np.random.default_rng(6)
    plain = panel(rng, 0.5, n_seeds=2)
    tilted = [plain[f"probability_up_seed_{seed}"] + rng.normal(0, 0.05, len(plain)) for seed in (0, 1)]
    variant = plain.assign(expected_return_seed_0=tilted[0], expected_return_seed_1=tilted[1])
    judged = judge_family(plain, {"v": variant.assign(expected_return=sum(tilted) / 2)}, n_declared=1)["v"]
    assert judged.accuracy.seed_error == 0.0
    assert judged.ic.seed_error > 0


def test_what_is_left_out_adds_what_the_plain_network_has_over_the_variant() -> None:
    """A variant without text that is worse speaks for the text."""
    plain, variant = by_hand()
    added = judge_family(variant, {"without_text": plain}, n_declared=1, removals=["without_text"])["without_text"]
    assert added.accuracy.difference == 0.25
    assert added.by_fold == (0.5, 0.0)
    assert added.log_loss.difference < 0


def test_a_claim_holds_after_the_correction_for_all_that_were_declared() -> None:
    """A better variant is told from nothing in a family of three, but the same p is worth less in one of 100,000."""
    rng = np.random.default_rng(1)
    plain, better, same = panel(rng, 0.5), panel(rng, 0.56), panel(rng, 0.5)
    judged = judge_family(plain, {"better": better, "same": same}, n_declared=3)
    assert judged["better"].claim == "helps"
    # Three variants in two measures are six tests: the smallest p counts six times, the next five times.
    smallest, next_one = sorted(
        (getattr(judged["better"], measure) for measure in ("accuracy", "ic")), key=lambda test: test.p
    )
    assert smallest.p_holm == pytest.approx(6 * smallest.p)
    assert next_one.p_holm == pytest.approx(max(6 * smallest.p, 5 * next_one.p))
    assert judged["same"].claim == "open"
    assert judge_family(plain, {"better": better}, n_declared=100_000)["better"].claim == "open"
    assert judge_family(better, {"plain": plain}, n_declared=1)["plain"].claim == "harms"


def test_a_component_that_tells_strong_forecasts_from_weak_ones_shows_in_the_information_coefficient() -> None:
    """No direction changes; by hand, forecasts as the returns in every session but the first correlate by 1, not .5."""
    days = pd.bdate_range("2024-01-01", periods=40)
    rows = pd.DataFrame({"session": np.repeat(days, 5), "ticker": list("ABCDE") * 40, "fold": 1})
    returns = np.tile([-0.02, -0.01, 0.0, 0.01, 0.02], 40)
    # Correlation of (-2, -1, 0, 1, 2) with (-1, -2, 0, 2, 1) is (2 + 2 + 2 + 2) / 10 = .8.
    swapped = np.tile([0.49, 0.48, 0.5, 0.52, 0.51], 40)
    exact = 0.5 + returns
    exact[:5] = swapped[:5]
    plain, variant = (
        rows.assign(realised_return=returns, probability_up=p, probability_up_seed_0=p, probability_up_seed_1=p)
        for p in (swapped, exact)
    )
    judged = judge_family(plain, {"v": variant}, n_declared=1)["v"]
    assert judged.accuracy.difference == 0.0
    assert judged.ic.difference == pytest.approx(0.2 * 39 / 40)
    # One 0 and 39 times .2: a standard error of .2 / 40, so z is 39.
    assert judged.ic.z == pytest.approx(39.0)
    assert judged.claim == "helps"


def test_without_five_tickers_a_claim_rests_on_accuracy() -> None:
    """No session has a coefficient, and the correction is for one measure."""
    plain, variant = by_hand()
    judged = judge_family(plain, {"v": variant}, n_declared=2)["v"]
    assert judged.ic is None
    assert judged.accuracy.p_holm == pytest.approx(2 * judged.accuracy.p)


def test_seeds_that_disagree_carry_no_claim() -> None:
    """The same ensembles claim nothing where their seeds lie ten points apart: another draw would turn it round."""
    rng = np.random.default_rng(1)
    plain, better = panel(rng, 0.5), panel(rng, 0.56)
    torn = better.assign(
        **{name: panel(rng, 0.56, apart=0.1)[name] for name in better if name.startswith("probability_up_seed")}
    )
    assert judge_family(plain, {"v": better}, n_declared=1)["v"].claim == "helps"
    assert judge_family(plain, {"v": torn}, n_declared=1)["v"].claim == "open"


def test_a_copy_of_the_plain_network_is_neither_claimed_nor_resampled() -> None:
    """Identical forecasts leave no noise, which must end in no division by zero."""
    rng = np.random.default_rng(2)
    plain, better = panel(rng, 0.5), panel(rng, 0.6)
    judged = judge_family(plain, {"copy": plain}, n_declared=1)["copy"]
    assert (judged.claim, judged.accuracy.p_holm, judged.sessions_needed) == ("open", None, None)
    assert find_superior(plain, {"copy": plain, "better": better}, seed=0, n_resamples=500).names == ("better",)
    best = find_best({"plain": better, "copy": better, "worse": plain}, seed=0, n_resamples=500)
    assert best.names == ("plain", "copy")


def test_the_bootstrap_over_all_names_what_adds_and_what_was_left_out() -> None:
    """A removal that costs accuracy names its component, like an addition that brings some."""
    rng = np.random.default_rng(3)
    plain, with_layer, without_text = panel(rng, 0.55), panel(rng, 0.62), panel(rng, 0.48)
    variants = {"layer": with_layer, "without_text": without_text, "nothing": panel(rng, 0.55)}
    found = find_superior(plain, variants, seed=0, removals=["without_text"], n_resamples=500)
    assert found.names == ("layer", "without_text")


@pytest.mark.parametrize("n_sessions", [3, 9])
def test_few_sessions_are_told_and_not_resampled(n_sessions: int) -> None:
    """The bootstrap needs blocks of sessions."""
    rng = np.random.default_rng(4)
    frames: list[Any] = [panel(rng, 0.5).head(n_sessions * N_TICKERS) for _ in range(2)]
    assert f"there are {n_sessions} sessions" in str(find_superior(frames[0], {"v": frames[1]}, seed=0).note)
    assert find_best({"plain": frames[0], "v": frames[1]}, seed=0).names == ("plain", "v")


def test_a_family_smaller_than_what_came_is_refused() -> None:
    """The correction would be for too few."""
    plain, variant = by_hand()
    with pytest.raises(ValueError, match="at least the 2 variants"):
        judge_family(plain, {"a": variant, "b": variant}, n_declared=1)


@pytest.mark.slow
def test_networks_that_differ_in_their_seeds_alone_are_rarely_claimed_to_differ() -> None:
    """400 families of one: with seeds whose shares stray by 2 points, sampling errors alone claim too often."""
    rng = np.random.default_rng(5)
    n_claims = 0
    for _ in range(400):
        frames = []
        for _ in range(2):
            strays = rng.normal(0, 0.02, 5)
            frame = panel(rng, 0.52 + float(strays.mean()), n_seeds=5)
            up = (frame["realised_return"] > 0).to_numpy()
            members = {
                f"probability_up_seed_{seed}": np.where((rng.random(len(frame)) < 0.52 + stray) == up, 0.6, 0.4)
                for seed, stray in enumerate(strays)
            }
            frames.append(frame.assign(**members))
        n_claims += judge_family(frames[0], {"v": frames[1]}, n_declared=1)["v"].claim != "open"
    # 5 % of 400 with three standard errors of 1.1 points.
    assert n_claims / 400 <= 0.05 + 3 * 0.011


def test_a_component_that_knows_only_the_size_of_moves_is_found() -> None:
    """By hand: sigma squared of 1 against a variance of 2 costs 1 - ln 2 of QLIKE, the right sigma costs nothing."""
    days = pd.bdate_range("2024-01-01", periods=40)
    rows = pd.DataFrame({"session": days, "ticker": "A", "fold": 1, "probability_up": 0.4, "realised_return": 0.01})
    rows["realised_variance"] = 2.0
    rows[["probability_up_seed_0", "probability_up_seed_1"]] = 0.4
    sizes = np.ones(40)
    # The first session is right for both: the gain varies.
    sizes[0] = 2.0**0.5
    plain, variant = (
        rows.assign(sigma=sigma, sigma_seed_0=sigma, sigma_seed_1=sigma) for sigma in (sizes, np.full(40, 2.0**0.5))
    )
    judged = judge_family(plain, {"v": variant}, n_declared=1)["v"]
    assert judged.size.difference == pytest.approx((1 - np.log(2)) * 39 / 40)
    assert (judged.accuracy.difference, judged.claim) == (0.0, "helps")
    assert judge_family(variant, {"plain": plain}, n_declared=1)["plain"].claim == "harms"


def test_ranks_are_of_the_relative_forecast_where_there_is_one() -> None:
    """By hand: the ranks 1, 2, 3, 4, 5 against 2, 1, 3, 5, 4 correlate by .8, whatever the expected returns say."""
    days = pd.bdate_range("2024-01-01", periods=40)
    rows = pd.DataFrame({"session": np.repeat(days, 5), "ticker": list("ABCDE") * 40, "fold": 1})
    rows["realised_return"] = np.tile([-0.02, -0.01, 0.0, 0.01, 0.9], 40)
    rows[["probability_up", "probability_up_seed_0", "probability_up_seed_1"]] = 0.6
    exact, swapped = np.tile([1.0, 2, 3, 4, 5], 40), np.tile([2.0, 1, 3, 5, 4], 40)
    exact[:5] = swapped[:5]
    plain, variant = (
        rows.assign(relative=ranks, relative_seed_0=ranks, relative_seed_1=ranks) for ranks in (swapped, exact)
    )
    judged = judge_family(plain, {"v": variant}, n_declared=1)["v"]
    assert judged.ic.difference == pytest.approx(0.2 * 39 / 40)
    assert judged.size is None
