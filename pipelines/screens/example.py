"""What a person reads of an example in the terminal."""

from collections.abc import Mapping

from pipelines.screens.console import build_table, console
from stockseq.evaluate.scores import Scores
from stockseq.layers.slots import Readings
from stockseq.models.model import Model
from stockseq.report.format import percent, points
from stockseq.sources.simulated.market import Optimum


def show_example(model: Model, scores: Scores, best: Optimum | None, readings: Mapping[str, Readings]) -> None:
    """The figures beside the optimum, what the layers learnt, and the command to try next."""
    table = build_table("Out of sample", "", "Accuracy", "95% interval", "Base rate", "Log loss")
    low, high = scores.accuracy_ci
    table.add_row(
        "this network",
        percent(scores.accuracy),
        f"{100 * low:.1f} to {percent(high)}",
        percent(scores.base_rate),
        f"{scores.log_loss:.4f}",
    )
    if best is not None:
        table.add_row("optimum, expected", percent(best.accuracy), "", "", f"{best.log_loss:.4f}")
    console.print(table)
    console.print(f"{scores.n:,} forecasts of {scores.n_sessions} sessions.")
    if scores.edge_ci is not None:
        low, high = scores.edge_ci
        edge, *reach = (points(value) for value in (scores.edge, low, high))
        verdict = "an edge is shown" if low > 0 else "an edge is not shown"
        console.print(f"Beyond chance: {edge} points [{', '.join(reach)}]; {verdict}.", markup=False)
    for note in scores.notes:
        console.print(note, markup=False)
    for layer, values in readings.items():
        shown = ", ".join(f"{key} {value:.3g}" for key, value in values.items() if isinstance(value, float))
        console.print(f"{layer}: {shown}", markup=False)
    (seed,) = model.record.seeds
    weights = model.networks[0].count_params()
    console.print(
        f"{weights:,} weights, best after {round(seed.best_epoch, 2):g} of {round(seed.n_epochs, 2):g} epochs."
    )
    console.print("Next: make demo trains the default network, which reads text and indicators together.")
