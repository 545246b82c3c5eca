"""What an ablation shows, in plain sentences that follow from its figures."""

from collections.abc import Mapping, Sequence
from typing import Any

from stockseq.ablation.judge import EDGE
from stockseq.errors import counted, listed
from stockseq.evaluate.significance import SIZE
from stockseq.report.text.verdict import p_value, percent

# More names than these hide the sentence that they stand in; the table has them all.
MOST_NAMES = 5


def tell(component: str, judged: Mapping[str, Any], n_declared: int) -> str:
    """Return in a sentence what a component adds, and whether it holds.

    Parameters
    ----------
    component : str
        In words.
    judged : mapping
        What `judge_family` says of it.
    n_declared : int
        Variants that the correction is for.

    Examples
    --------
    >>> accuracy = {"difference": 0.009, "ci": [0.003, 0.015], "standard_error": 0.003}
    >>> tell("news gate", {"accuracy": accuracy, "claim": "helps", "n_sessions": 500, "sessions_needed": None}, 14)
    "news gate: +0.9 points [+0.3, +1.5], holds after Holm's correction for 14 variants"
    >>> tell("projection", {"accuracy": accuracy, "claim": "open", "n_sessions": 500, "sessions_needed": 780}, 14)
    'projection: no evidence at this size (+0.9 points [+0.3, +1.5]); 780 sessions would be needed for 1 point'
    """
    accuracy, information = judged["accuracy"], judged.get("ic")
    low, high = (f"{100 * end:+.1f}" for end in accuracy["ci"])
    figures = f"{100 * accuracy['difference']:+.1f} points [{low}, {high}]"
    if information is not None:
        low, high = (f"{end:+.3f}" for end in information["ci"])
        figures += f", IC {information['difference']:+.3f} [{low}, {high}]"
    if judged["claim"] == "contradicts":
        return f"{component}: {figures}; directions and strength contradict each other, each beyond noise after Holm"
    if judged["claim"] != "open":
        verb = "holds" if judged["claim"] == "helps" else "harms, which holds"
        return f"{component}: {figures}, {verb} after Holm's correction for {counted(n_declared, 'variant')}"
    needed, seen = judged["sessions_needed"], judged["n_sessions"]
    edge = counted(round(100 * EDGE), "point")
    if not accuracy["standard_error"]:
        return f"{component}: the difference is the same in every session, so nothing can be tested"
    if needed is None:
        return f"{component}: no evidence ({figures}); so few seeds hide {edge} by their luck alone: fit more"
    if needed <= seen:
        return f"{component}: no evidence ({figures}), though {edge} would most likely have shown in {seen:,} sessions"
    return f"{component}: no evidence at this size ({figures}); {needed:,} sessions would be needed for {edge}"


def summarise(ablation: Mapping[str, Any]) -> list[str]:
    """Return what the whole family shows, the claims first, then what to hold against them.

    Parameters
    ----------
    ablation : mapping
        `metrics["ablation"]` of a run, without its `verdict`.

    Returns
    -------
    list of str
        Percentages and points, because they are read by people.
    """
    plain, *variants = ablation["variants"]
    return [
        _claims(variants, ablation["family"]),
        *(variant["verdict"] + "." for variant in variants if variant["claim"] in ("helps", "harms")),
        _plain(plain["scores"], ablation),
        *_open(variants, ablation),
        *_together(ablation),
        *(
            f"{variant['component']} could not be judged: {variant['failure']}"
            for variant in variants
            if variant["failure"]
        ),
        *_cautions(ablation),
    ]


def _claims(variants: Sequence[Mapping[str, Any]], n_declared: int) -> str:
    found = {claim: [one["component"] for one in variants if one["claim"] == claim] for claim in ("helps", "harms")}
    told = [
        f"shown to {verb}: {listed(found[claim])}"
        for claim, verb in (("helps", "help"), ("harms", "harm"))
        if found[claim]
    ]
    family = f"Of {counted(n_declared, 'component')}, declared beforehand"
    if not told:
        return f"{family}, none is shown to help or to harm."
    n = sum(map(len, found.values()))
    return f"{family}, {n} hold{'s' if n == 1 else ''} after correction for all; {'; '.join(told)}."


def _plain(scores: Mapping[str, Any], ablation: Mapping[str, Any]) -> str:
    low, high = scores["accuracy_ci"]
    figures = (
        f"The plain network is right on {percent(scores['accuracy'])} of {scores['n']:,} forecasts over "
        f"{scores['n_sessions']:,} sessions (95% interval {percent(low)} to {percent(high)}), beside a base rate of "
        f"{percent(scores['base_rate'])} ({ablation['base_direction']})"
    )
    if ablation["optimum"] is not None:
        figures += f" and {percent(ablation['optimum']['accuracy'])} that the best forecast can expect"
    p = scores["pt_clustered_p"]
    if p is None:
        return f"{figures}; whether that is skill can't be tested."
    if p < SIZE:
        return f"{figures}: an edge over chance (p {p_value(p)})."
    return f"{figures}: it shows no skill itself (p {p_value(p)}), so these components were added to chance."


def _open(variants: Sequence[Mapping[str, Any]], ablation: Mapping[str, Any]) -> list[str]:
    undecided = [one for one in variants if one["claim"] == "open"]
    needed = {one["component"]: one["sessions_needed"] for one in undecided if one["sessions_needed"]}
    if not undecided:
        return []
    edge, seen = counted(round(100 * ablation["edge"]), "point"), ablation["n_sessions"]
    names = [one["component"] for one in undecided]
    told = f"Without evidence: {listed(names) if len(names) <= MOST_NAMES else f'{len(names)} of {len(variants)}'}."
    if len(needed) < len(undecided):
        return [f"{told} The luck of so few seeds alone may hide {edge} of accuracy: fit more seeds."]
    if max(needed.values()) <= seen:
        return [f"{told} {edge} of accuracy would most likely have shown within these {seen:,} sessions."]
    most = max(needed, key=lambda name: needed[name])
    return [f"{told} To tell {edge} of accuracy takes up to {needed[most]:,} sessions ({most}) like these {seen:,}."]


def _together(ablation: Mapping[str, Any]) -> list[str]:
    words = {one["name"]: one["component"] for one in ablation["variants"]}
    superior, best = ablation["superior"], ablation["confidence_set"]
    if superior["note"]:
        return [superior["note"]]
    added = listed([words[name] for name in superior["names"]]) if superior["names"] else "none"
    n = sum(one["scores"] is not None for one in ablation["variants"])
    named = [words[name] for name in best["names"]]
    few = listed(named) if len(named) <= MOST_NAMES else f"{len(named)} of {n}"
    kept = f"leaves out none of the {n} networks" if len(named) == n else f"keeps {few}"
    return [
        "Looked at together (stepwise bootstrap over sessions, which knows how alike the variants are, but not the "
        f"luck of seeds), what adds to accuracy: {added}. The {100 * (1 - best['size']):.0f}% confidence set of the "
        f"most accurate network {kept}."
    ]


def _cautions(ablation: Mapping[str, Any]) -> list[str]:
    n = len(ablation["seeds"])
    seeds = (
        ["One seed was fitted: how far another would move a figure isn't known, so nothing is claimed. Fit more."]
        if n == 1
        else []
    )
    return [*seeds, f"Configurations scored on this store so far: {ablation['trials']:,}."]
