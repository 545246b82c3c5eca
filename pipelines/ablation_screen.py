"""What a person sees of an ablation in the terminal: the table, the sentences, and what to try next."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.markup import escape
from rich.table import Table

from pipelines.context import console
from pipelines.screen import show_page

CLAIMS = {"helps": "[green]helps[/green]", "harms": "[red]harms[/red]", "open": "open", "failed": "failed"}
ORDER = ("helps", "harms", "open", "failed")


def show_ablation(ablation: Mapping[str, Any], folder: Path) -> None:
    """Print what each component adds, the verdict, and where the page is."""
    plain, *variants = ablation["variants"]
    table = Table(
        title="What each component adds to the plain network",
        title_justify="left",
        box=SIMPLE_HEAD,
        pad_edge=False,
        padding=(0, 1, 0, 0),
    )
    table.add_column("Component")
    for name in ("Points", "95% interval", "IC", "p", "Seeds", "Cost"):
        table.add_column(name, justify="right", no_wrap=True)
    table.add_column("", no_wrap=True)
    scores = plain["scores"]
    table.add_row("plain network", _percent(scores["accuracy"]), "", _coefficient(scores["ic"]), "", "", "1.0x", "")
    for variant in sorted(variants, key=_rank):
        table.add_row(*_row(variant))
    console.print(table)
    for sentence in ablation["verdict"]:
        console.print(escape(sentence))
    show_page(folder)
    console.print(
        "Next: make report opens the page; a component that helps goes into [network] of stockseq.toml.", markup=False
    )


def _row(variant: Mapping[str, Any]) -> list[str]:
    cost = variant["cost"]["ratio"]
    last = ["" if cost is None else f"{cost:.1f}x", CLAIMS[variant["claim"]]]
    if variant["effect"] is None:
        return [escape(variant["component"]), "", "", "", "", "", *last]
    accuracy = variant["effect"]["accuracy"]
    low, high = accuracy["ci"]
    information, seeds = variant["effect"]["ic"], accuracy["seed_error"]
    known = [test["p_holm"] for test in (accuracy, information) if test and test["p_holm"] is not None]
    return [
        escape(variant["component"]),
        f"{100 * accuracy['difference']:+.1f}",
        f"{100 * low:+.1f} to {100 * high:+.1f}",
        _coefficient(information and information["difference"], signed=True),
        f"{min(known):.3f}" if known else "",
        "" if seeds is None else f"{100 * seeds:.1f}",
        *last,
    ]


def _rank(variant: Mapping[str, Any]) -> tuple[int, float]:
    effect = variant["effect"]
    return ORDER.index(variant["claim"]), 0.0 if effect is None else -effect["accuracy"]["difference"]


def _coefficient(value: float | None, *, signed: bool = False) -> str:
    return "" if value is None else f"{value:{'+' if signed else ''}.3f}"


def _percent(fraction: float) -> str:
    return f"{100 * fraction:.1f}%"
