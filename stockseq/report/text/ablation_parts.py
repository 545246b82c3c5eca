"""An ablation's parts in words: kinds of component, the sets that hold them, the pair of each fold."""

from collections.abc import Mapping, Sequence
from typing import Any

from stockseq.report import format as wording

# By the kinds of `metrics["ablation"]["variants"]`; what each row of a picture is, in its legend.
KINDS = {"input": "Input, left out to see what it adds", "layer": "Layer", "pair": "Best pair of layers"}
OTHER_KIND = "Another change"
PLAIN = "plain"


def variants_of(ablation: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Return the variants as they stand, the plain network first.

    Examples
    --------
    >>> variants_of({"variants": [{"name": "news_gate"}, "damaged"]})
    [{'name': 'news_gate'}]
    """
    return [variant for variant in ablation.get("variants") or () if isinstance(variant, Mapping)]


def component(variant: Mapping[str, Any]) -> str:
    """Return what a variant is about, as others named it.

    Examples
    --------
    >>> component({"name": "news_gate", "component": "news gate"}), component({"name": "mine"})
    ('news gate', 'mine')
    """
    return wording.text(variant.get("component") or variant.get("name"), limit=60)


def network(variant: Mapping[str, Any]) -> str:
    """Return the network itself: that of an input is the one which lacks it.

    Examples
    --------
    >>> network({"kind": "input", "component": "text input"}), network({"kind": "layer", "component": "news gate"})
    ('without text input', 'news gate')
    """
    return f"without {component(variant)}" if variant.get("kind") == "input" else component(variant)


def points(fraction: object, *, digits: int = 1) -> str:
    """Return a difference of two shares in percentage points, signed.

    Examples
    --------
    >>> points(0.009), points(None) == wording.DASH
    ('+0.9', True)
    """
    number = wording.finite(fraction)
    if number is None:
        return wording.DASH
    return f"{100 * number:+z.{digits}f}".replace("-", wording.MINUS)


def verdicts_of(variants: Sequence[Mapping[str, Any]]) -> list[str]:
    """Return each variant's verdict, with the sessions that it would take to tell, where that is known.

    Examples
    --------
    >>> verdicts_of([{"verdict": None}, {"verdict": "projection: no evidence at this size."}])
    ['projection: no evidence at this size.']
    """
    return [wording.text(variant["verdict"], limit=1000) for variant in variants if variant.get("verdict")]


def pairs_chosen(variants: Sequence[Mapping[str, Any]]) -> list[tuple[str, str]]:
    """Return the fold and the pair of layers that its validation sessions chose, of the best pair's variant.

    Examples
    --------
    >>> pairs_chosen([{"chosen": None}, {"chosen": ["news_gate + projection"]}])
    [('Fold 1', 'news_gate + projection')]
    """
    return [
        (f"Fold {fold}", wording.text(pair, limit=120))
        for variant in variants
        for fold, pair in enumerate(variant.get("chosen") or (), start=1)
    ]


def sets_sentences(ablation: Mapping[str, Any]) -> list[str]:
    """Return what StepM and the model confidence set say of the family, or why they say nothing."""
    sentences = []
    superior, confident = ablation.get("superior") or {}, ablation.get("confidence_set") or {}
    if superior:
        names = _named(superior, {str(variant.get("name")): component(variant) for variant in variants_of(ablation)})
        sentences.append(
            _sentence(
                superior,
                f"StepM at a size of {_size(superior)}, which minds that variants resemble each other, finds "
                f"{names or 'none'} to add to accuracy.",
            )
        )
    if confident:
        names = _named(confident, {str(variant.get("name")): network(variant) for variant in variants_of(ablation)})
        sentences.append(
            _sentence(
                confident,
                f"The model confidence set at a size of {_size(confident)} keeps {names or 'none'}: these networks "
                "can't be told from the best.",
            )
        )
    return sentences


def _sentence(chosen: Mapping[str, Any], told: str) -> str:
    return wording.text(chosen["note"], limit=1000) if chosen.get("note") else told


def _size(chosen: Mapping[str, Any]) -> str:
    return wording.percent(chosen.get("size"), digits=0)


def _named(chosen: Mapping[str, Any], words: Mapping[str, str]) -> str:
    names = [words.get(name) or wording.text(name, limit=60) for name in chosen.get("names") or ()]
    return " and ".join(part for part in (", ".join(names[:-1]), *names[-1:]) if part)
