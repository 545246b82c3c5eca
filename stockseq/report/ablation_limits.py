"""What an ablation could not show, in sentences that follow from the run itself."""

from collections.abc import Mapping
from typing import Any

from stockseq.errors import counted
from stockseq.report import format as wording
from stockseq.report.limits import SOURCES
from stockseq.report.run import RunReport
from stockseq.report.text.ablation_parts import component, variants_of

# A spread between fewer seeds than this is itself known to no better than a factor of two or so.
FEW_SEEDS = 5


def ablation_limitations(run: RunReport) -> list[str]:
    """Return the sentences, the most important first.

    Examples
    --------
    >>> import pandas as pd
    >>> run = RunReport("r1", "ablation", pd.Timestamp("2024-11-29", tz="UTC"), "", settings={"source": "simulated"})
    >>> ablation_limitations(run)[0][:26]
    'This market is simulated. '
    """
    ablation = run.measures("ablation")
    sources = [str(name) for name in run.manifest.get("sources") or [run.settings.get("source")]]
    sentences = [
        *(SOURCES.get(name, "") for name in sources),
        _open(ablation),
        "All folds are stretches of one market and one history: what helps here need not help on another.",
        "Every difference is taken around the plain network's own settings (its width, lookback, learning rate and "
        "epochs). A layer that needs others to show what it can was not given them.",
        _seeds(ablation),
        "Components were judged one at a time. How they work together is asked of the best pair alone, which each fold "
        "chose on its own validation sessions, so it may be another pair in each."
        if any(variant.get("kind") == "pair" for variant in variants_of(ablation))
        else "Components were judged one at a time; how they work together was not asked.",
        "What an input adds is what this network makes of it: one that adds nothing here may still tell something.",
        "Holm's correction is over the variants of this family. Families that were run and looked at before it, it "
        "does not know.",
        _trials(ablation),
        *(wording.text(sentence, limit=1000) for sentence in run.limitations),
    ]
    return [sentence for sentence in dict.fromkeys(sentences) if sentence]


def _open(ablation: Mapping[str, Any]) -> str:
    """Return how much it would take to tell what stayed open."""
    undecided = [variant for variant in variants_of(ablation) if variant.get("claim") == "open"]
    if not undecided:
        return ""
    needed = {component(variant): wording.finite(variant.get("sessions_needed")) for variant in undecided}
    known = {name: sessions for name, sessions in needed.items() if sessions is not None}
    words = (
        f"Of {counted(len(undecided), 'component')} neither help nor "
        "harm is shown, which is not to say that there is none."
    )
    if not known:
        return words
    least, most = min(known, key=lambda name: known[name]), max(known, key=lambda name: known[name])
    edge = wording.finite(ablation.get("edge"))
    asked = "the edge asked about" if edge is None else f"an edge of {100 * edge:.1f} points"
    reach, held = wording.count(known[least]), wording.count(ablation.get("n_sessions"))
    if known[most] > known[least]:
        reach = f"{reach} ({least}) to {wording.count(known[most])} ({most})"
    return f"{words} To tell {asked} would take {reach} sessions; there are {held}."


def _seeds(ablation: Mapping[str, Any]) -> str:
    n_seeds = len(ablation.get("seeds") or ())
    if not 0 < n_seeds < FEW_SEEDS:
        return ""
    if n_seeds == 1:
        return "Each variant was trained from one seed, so what luck of training does to it is not known."
    return (
        f"Each variant was trained from {n_seeds} seeds: how far seeds lie apart is itself known only roughly, and "
        "with it how wide the intervals should be."
    )


def _trials(ablation: Mapping[str, Any]) -> str:
    trials = wording.finite(ablation.get("trials"))
    if trials is None:
        return "How many configurations were scored on this store is not known."
    return (
        f"{wording.count(trials)} configurations have been scored on this store, these variants among them; "
        "the deflated Sharpe ratio of later backtests allows for them."
    )
