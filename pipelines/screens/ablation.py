"""What a person reads of an ablation in the terminal: the table, the sentences, and what to try next."""

from pathlib import Path

from rich.box import SIMPLE_HEAD
from rich.table import Table

from pipelines.screens.console import console, escape, show_page
from stockseq.ablation.result import AblationResult, VariantResult
from stockseq.report import format as wording
from stockseq.report.text.ablation import ablation_sentences

CLAIMS = {
    "helps": "[green]helps[/green]",
    "harms": "[red]harms[/red]",
    "contradicts": "contradicts",
    "open": "open",
    "failed": "failed",
}


def show_ablation(result: AblationResult, folder: Path) -> None:
    """Print what each component adds, what the family shows, and where the page is."""
    table = Table(
        title="What each component adds to the plain network",
        title_justify="left",
        box=SIMPLE_HEAD,
        pad_edge=False,
        padding=(0, 1, 0, 0),
    )
    table.add_column("Component")
    for name in ("Points", "95% interval", "IC", "QLIKE", "p", "Seeds", "Cost"):
        table.add_column(name, justify="right", no_wrap=True)
    table.add_column("", no_wrap=True)
    scores = result.plain.scores
    if scores is not None:
        ic = "" if scores.ic is None else f"{scores.ic:.3f}"
        table.add_row("plain network", wording.percent(scores.accuracy), "", ic, "", "", "", "1.0x", "")
    for variant in sorted(result.components, key=_rank):
        table.add_row(*_row(variant))
    console.print(table)
    for sentence in ablation_sentences(result):
        console.print(escape(sentence))
    show_page(folder)
    console.print(
        "Next: make report opens the page; a component that helps goes into [network] of stockseq.toml.", markup=False
    )


def _row(variant: VariantResult) -> list[str]:
    cost = "" if variant.cost.ratio is None else f"{variant.cost.ratio:.1f}x"
    end = [cost, CLAIMS[variant.claim or "open"]]
    if variant.effect is None:
        return [escape(variant.component), "", "", "", "", "", "", *end]
    accuracy, ic, p_holm = variant.effect.accuracy, variant.effect.ic, variant.effect.p_holm
    # Lower is better, so what a component takes off is shown with a minus.
    size = "" if variant.effect.size is None else wording.number(-variant.effect.size.difference, digits=3, signed=True)
    low, high = (wording.points(bound) for bound in accuracy.ci)
    return [
        escape(variant.component),
        wording.points(accuracy.difference),
        f"{low} to {high}",
        "" if ic is None else wording.number(ic.difference, digits=3, signed=True),
        size,
        "" if p_holm is None else f"{p_holm:.3f}",
        "" if accuracy.seed_error is None else f"{100 * accuracy.seed_error:.1f}",
        *end,
    ]


def _rank(variant: VariantResult) -> tuple[int, float]:
    """What is claimed first, then the largest gain of accuracy."""
    gain = 0.0 if variant.effect is None else variant.effect.accuracy.difference
    return list(CLAIMS).index(variant.claim or "open"), -gain
