"""What an ablation shows, and what it can't show, in plain sentences that follow from its figures."""

from collections.abc import Sequence

from stockseq.ablation.result import AblationResult, Effect, VariantResult
from stockseq.errors import counted, listed
from stockseq.evaluate.comparison import PairedTest
from stockseq.evaluate.scores import Scores
from stockseq.evaluate.significance import SIZE
from stockseq.report import format as wording

# More names than these hide the sentence that they stand in; the table has them all.
MOST_NAMES = 5
# The spread of fewer seeds than this is known to a factor of two or so.
FEW_SEEDS = 5
# What each row of a picture is, in its legend.
KINDS = {"input": "Input, left out to see what it adds", "layer": "Layer", "pair": "Best pair of layers"}
OTHER_KIND = "Another change"
EFFECTS_READING = (
    "A mark is the network with the component less the network without it, on the same forecasts; the bar is its 95% "
    "interval, clustered by session and, with two seeds or more, widened by what another draw of seeds would change. "
    "Filled marks hold after Holm's correction for all variants of the family, hollow ones may be luck. A component "
    "helps to the right of the line: in accuracy by naming directions, in the information coefficient (IC) by ranking "
    "the tickers of a session, in QLIKE by knowing the size of their moves."
)


def network_name(variant: VariantResult) -> str:
    """Return what a variant's network is called: that of an input is the one that lacks it."""
    return f"without {variant.component}" if variant.kind == "input" else variant.component


def ablation_sentences(result: AblationResult) -> list[str]:
    """Return what the whole family shows, the claims first, then the cautions."""
    return [
        _claims(result),
        *(
            f"{component_sentence(variant, result)}."
            for variant in result.components
            if variant.claim in ("helps", "harms")
        ),
        *([] if result.plain.scores is None else [_plain(result.plain.scores, result)]),
        *_open(result),
        _together(result),
        *(
            f"{variant.component} could not be judged: {variant.failure}"
            for variant in result.components
            if variant.failure
        ),
        *_cautions(result),
    ]


def undecided_sentences(result: AblationResult) -> list[str]:
    """Return a sentence for each component that was judged and of which nothing is claimed."""
    return [
        f"{component_sentence(variant, result)}."
        for variant in result.components
        if variant.claim in ("open", "contradicts")
    ]


def component_sentence(variant: VariantResult, result: AblationResult) -> str:
    """Return what a component adds and whether that holds, without a full stop; empty where it was not judged."""
    if variant.effect is None:
        return ""
    words, accuracy = f"{variant.component}: ", variant.effect.accuracy
    edge, seen, needed = _edge(result), result.n_sessions, variant.sessions_needed
    figures = _figures(variant.effect)
    if variant.claim == "contradicts":
        return (
            f"{words}{figures}; these contradict each other, at least two of them beyond noise after Holm's correction"
        )
    if variant.claim != "open":
        verb = "holds" if variant.claim == "helps" else "harms, which holds"
        return f"{words}{figures}, {verb} after Holm's correction for {counted(result.family, 'variant')}"
    if not accuracy.standard_error:
        return f"{words}the difference is the same in every session, so nothing can be tested"
    if needed is None:
        if _by_sessions(variant):
            return f"{words}no evidence ({figures}); sessions and seeds are both too few for {edge}, sessions first"
        return f"{words}no evidence ({figures}); the luck of so few seeds alone may hide {edge}: fit more seeds"
    if needed <= seen:
        return f"{words}no evidence ({figures}), though {edge} would most likely have shown in {seen:,} sessions"
    return f"{words}no evidence at this size ({figures}); {needed:,} sessions would be needed for {edge}"


def _by_sessions(variant: VariantResult) -> bool:
    """Return whether the sessions leave more of the doubt than the seeds do."""
    accuracy = None if variant.effect is None else variant.effect.accuracy
    if accuracy is None or accuracy.seed_error is None:
        return False
    return accuracy.standard_error > accuracy.seed_error


def effects_summary(judged: Sequence[VariantResult]) -> str:
    """Return in one sentence what the picture of the effects shows."""
    shown = [variant.component for variant in judged if variant.claim in ("helps", "harms")]
    n_shown = wording.count(len(shown)) if shown else "none"
    names = f": {', '.join(shown)}" if shown else ""
    return f"Of {counted(len(judged), 'component')}, {n_shown} held beyond noise{names}."


def chosen_pairs(result: AblationResult) -> list[tuple[str, str]]:
    """Return each fold and the pair of layers that its validation sessions chose."""
    return [
        (f"Fold {fold}", pair)
        for variant in result.components
        for fold, pair in enumerate(variant.chosen or (), start=1)
    ]


def ablation_limits(result: AblationResult) -> list[str]:
    """Return what an ablation of these figures can't show, the most important first."""
    pair = any(variant.kind == "pair" for variant in result.components)
    trials = (
        "How many configurations were scored on this store is not known."
        if result.trials is None
        else f"{wording.count(result.trials)} configurations have been scored on this store, these variants among "
        "them; the deflated Sharpe ratio of later backtests allows for them."
    )
    return [
        *_effort(result),
        "All folds are stretches of one market and one history: what helps here need not help on another.",
        "Every component was tried at the plain network's own settings (its width, lookback, learning rate and "
        "epochs). A layer that needs others to show what it can do did not get them.",
        *_few_seeds(len(result.seeds)),
        "Components were judged one at a time. Only the best pair shows how two work together; each fold chose it on "
        "its own validation sessions, so it may differ between folds."
        if pair
        else "Components were judged one at a time; how they work together was not tested.",
        "What an input adds is what this network makes of it: an input that adds nothing here may still inform.",
        "Holm's correction is for the variants of this family. It does not know the families that were run before.",
        trials,
    ]


def _figures(effect: Effect) -> str:
    figures = f"{_points(effect.accuracy.difference)} points {_interval(effect.accuracy, scale=100, digits=1)}"
    if effect.ic is not None:
        coefficient = wording.number(effect.ic.difference, digits=3, signed=True)
        figures += f", IC {coefficient} {_interval(effect.ic, scale=1, digits=3)}"
    if effect.size is not None:
        taken_off = wording.number(effect.size.difference, digits=4, signed=True)
        figures += f", QLIKE taken off {taken_off} {_interval(effect.size, scale=1, digits=4)}"
    return figures


def _points(difference: float) -> str:
    return wording.points(difference)


def _interval(test: PairedTest, *, scale: float, digits: int) -> str:
    low, high = (wording.number(scale * bound, digits=digits, signed=True) for bound in test.ci)
    return f"[{low}, {high}]"


def _edge(result: AblationResult) -> str:
    return counted(round(100 * result.edge), "point")


def _claims(result: AblationResult) -> str:
    found = {claim: [variant.component for variant in result.claimed(claim)] for claim in ("helps", "harms")}
    claims = [
        f"shown to {verb}: {listed(found[claim])}"
        for claim, verb in (("helps", "help"), ("harms", "harm"))
        if found[claim]
    ]
    family = f"Of {counted(result.family, 'component')}, declared beforehand"
    if not claims:
        return f"{family}, none is shown to help or to harm."
    n = sum(map(len, found.values()))
    return f"{family}, {n} hold{'s' if n == 1 else ''} after correction for all; {'; '.join(claims)}."


def _plain(scores: Scores, result: AblationResult) -> str:
    low, high = map(wording.percent, scores.accuracy_ci)
    figures = (
        f"The plain network is right on {wording.percent(scores.accuracy)} of {scores.n:,} forecasts over "
        f"{scores.n_sessions:,} sessions (95% interval {low} to {high}), beside a base rate of "
        f"{wording.percent(scores.base_rate)} ({result.base_direction})"
    )
    if result.optimum is not None:
        figures += f" and {wording.percent(result.optimum.accuracy)} that the best forecast can expect"
    p = scores.pt_clustered_p
    if p is None:
        return f"{figures}; whether that is skill can't be tested."
    if p < SIZE:
        return f"{figures}: an edge over chance (p {wording.p_words(p)})."
    return f"{figures}: it shows no skill itself (p {wording.p_words(p)}), so these components were added to chance."


def _open(result: AblationResult) -> list[str]:
    undecided = result.claimed("open")
    if not undecided:
        return []
    names = [variant.component for variant in undecided]
    needed = {variant.component: variant.sessions_needed for variant in undecided if variant.sessions_needed}
    edge, seen = _edge(result), result.n_sessions
    some = listed(names) if len(names) <= MOST_NAMES else f"{len(names)} of {len(result.components)}"
    if len(needed) < len(undecided):
        if any(_by_sessions(variant) for variant in undecided if variant.sessions_needed is None):
            return [
                f"Without evidence: {some}. Sessions and seeds are both too few for {edge} of accuracy; it is the "
                f"{seen:,} sessions that leave most of the doubt, so test on more of them before fitting more seeds."
            ]
        return [
            f"Without evidence: {some}. The luck of so few seeds alone may hide {edge} of accuracy: fit more seeds."
        ]
    most = max(needed, key=lambda name: needed[name])
    if needed[most] <= seen:
        return [
            f"Without evidence: {some}. {edge} of accuracy would most likely have shown within these {seen:,} sessions."
        ]
    return [
        f"Without evidence: {some}. To tell {edge} of accuracy from luck takes up to {needed[most]:,} sessions "
        f"({most}) like these {seen:,}."
    ]


def _together(result: AblationResult) -> str:
    """Return what the tests over the whole family name, or why they name nothing."""
    if result.superior.note:
        return result.superior.note
    variants = {variant.name: variant for variant in result.variants}
    added = [variants[name].component for name in result.superior.names]
    networks = [network_name(variants[name]) for name in result.confidence_set.names]
    n = sum(variant.scores is not None for variant in result.variants)
    some = listed(networks) if len(networks) <= MOST_NAMES else f"{len(networks)} of {n}"
    members = f"leaves out none of the {n} networks" if len(networks) == n else f"has {some}"
    confidence = f"{100 * (1 - result.confidence_set.size):.0f}%"
    return (
        "Tested together (stepwise bootstrap over sessions, which allows for variants being alike, but not for the "
        f"luck of seeds), what adds to accuracy: {listed(added) if added else 'none'}. The {confidence} confidence set "
        f"of the most accurate network {members}."
    )


def _cautions(result: AblationResult) -> list[str]:
    cautions = []
    if len(result.seeds) == 1:
        cautions.append(
            "One seed was fitted: how far another would move a figure isn't known, so nothing is claimed. Fit more."
        )
    if result.trials is not None:
        cautions.append(f"Configurations scored on this store so far: {result.trials:,}.")
    return cautions


def _effort(result: AblationResult) -> list[str]:
    """Return how many sessions it would take to decide what stayed open."""
    undecided = result.claimed("open")
    if not undecided:
        return []
    words = (
        f"Of {counted(len(undecided), 'component')} neither help nor harm is shown, which does not mean that there is "
        "none."
    )
    needed = {variant.component: variant.sessions_needed for variant in undecided if variant.sessions_needed}
    if not needed:
        return [words]
    least, most = (end(needed, key=lambda name: needed[name]) for end in (min, max))
    reach = wording.count(needed[least])
    if needed[most] > needed[least]:
        reach = f"{reach} ({least}) to {wording.count(needed[most])} ({most})"
    return [
        f"{words} To tell an edge of {100 * result.edge:.1f} points from luck would take {reach} sessions; there are "
        f"{wording.count(result.n_sessions)}."
    ]


def _few_seeds(n_seeds: int) -> list[str]:
    if n_seeds == 1:
        return ["Each variant was trained from one seed, so the luck of training is not known."]
    if n_seeds >= FEW_SEEDS:
        return []
    return [
        f"Each variant was trained from {n_seeds} seeds: how far seeds lie apart is itself known only roughly, and "
        "with it how wide the intervals should be."
    ]
