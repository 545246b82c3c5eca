"""Every registered model with its numbers."""

import pandas as pd

from pipelines.screens.console import build_table, console
from stockseq.evaluate.scores import Scores
from stockseq.report.text.names import trade_words
from stockseq.report.text.verdict import record_sentence


def show_models(models: pd.DataFrame) -> None:
    """List the models, the newest first."""
    table = build_table("Models", "Model", "State", "Trade", "Trained through", "Out of sample", left=(0, 1, 2, 3, 4))
    for row in models.to_dict("records"):
        record = record_sentence(Scores.from_dict(row["metrics"]))
        trained = str(row["trained_through"].date())
        table.add_row(row["model_id"], row["state"], trade_words(row["label"]), trained, record)
    console.print(table)
