"""The forest plot of an ablation: what each component adds to accuracy and to the information coefficient."""

from collections.abc import Mapping, Sequence
from typing import Any

from stockseq.ablation.judge import CLAIMS
from stockseq.report import format as wording
from stockseq.report import plot
from stockseq.report.ablation_tables import ranked
from stockseq.report.forest import dots, panel_layout
from stockseq.report.plot import Figure
from stockseq.report.text.ablation_parts import KINDS, OTHER_KIND, component

STYLES = {"input": ("square", "--optimum"), "layer": ("circle", "--strategy"), "pair": ("diamond", "--benchmark")}
OTHER_STYLE = ("triangle-up", "--second")
PIXELS_OF_LEGEND = 50


def effects_figure(variants: Sequence[Mapping[str, Any]]) -> Figure | None:
    """Return the components with an effect, the largest gain of accuracy first, or None without any.

    Parameters
    ----------
    variants : sequence of mapping
        `metrics["ablation"]["variants"]` of a run.
    """
    judged = [variant for variant in ranked(variants) if any(_tested(variant, measure) for measure in CLAIMS)]
    if not judged:
        return None
    layout = panel_layout(len(judged), CLAIMS)
    rows = [plot.row_name(component(variant)) for variant in judged]
    layout["yaxis"] |= {"categoryorder": "array", "categoryarray": rows}
    layout |= {"height": layout["height"] + PIXELS_OF_LEGEND, "showlegend": True}
    data = []
    for kind in dict.fromkeys(_kind(variant) for variant in judged):
        own = [(row, variant) for row, variant in zip(rows, judged, strict=True) if _kind(variant) == kind]
        symbol, color = STYLES.get(kind, OTHER_STYLE)
        for measure in CLAIMS:
            tested = {row: found for row, variant in own if (found := _tested(variant, measure))}
            data.append(
                dots(tested, measure, color=color, symbol=symbol)
                | {"name": KINDS.get(kind, OTHER_KIND), "legendgroup": kind, "showlegend": measure == "accuracy"}
            )
    shown = [component(variant) for variant in judged if variant.get("claim") in ("helps", "harms")]
    return Figure(
        name="effects",
        title="What each component adds",
        data=data,
        layout=layout,
        reading="A mark is the network with the component less the network without it, on the same forecasts; the bar "
        "is its 95% interval, clustered by session and, with two seeds or more, widened by what another draw of seeds "
        "would change. Filled marks hold after Holm's correction for all variants of the family, hollow ones may be "
        "luck. A component helps to the right of the line: in accuracy by naming directions, in the information "
        "coefficient (IC) also by telling strong forecasts from weak ones.",
        summary=f"Of {wording.count(len(judged))} components, "
        f"{wording.count(len(shown)) if shown else 'none'} held beyond noise"
        f"{': ' + ', '.join(shown) if shown else ''}.",
    )


def _kind(variant: Mapping[str, Any]) -> str:
    kind = str(variant.get("kind"))
    return kind if kind in KINDS else ""


def _tested(variant: Mapping[str, Any], measure: str) -> Mapping[str, Any]:
    tested = (variant.get("effect") or {}).get(measure) or {}
    return tested if wording.finite(tested.get("difference")) is not None else {}
