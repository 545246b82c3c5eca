"""Append-only rows: which of the incoming ones are not stored yet, and which contradict what is."""

import numpy as np
import pandas as pd

from stockseq.errors import StoreError
from stockseq.store.tables import Table


def unstored(incoming: pd.DataFrame, stored: pd.DataFrame, spec: Table) -> pd.DataFrame:
    """Return the incoming rows whose key is not stored; raise `StoreError` where the rule refuses other content."""
    if stored.empty:
        return incoming
    key = list(spec.key)
    beside = incoming.merge(stored, how="left", on=key, suffixes=("", "_stored"), indicator="found")
    known = beside["found"] == "both"
    if spec.rule == "refuse":
        content = [column for column in spec.columns if column not in key]
        same = [
            (beside[name] == beside[f"{name}_stored"]) | (beside[name].isna() & beside[f"{name}_stored"].isna())
            for name in content
        ]
        other = known & ~np.logical_and.reduce(same)
        if other.any():
            raise StoreError(
                f"The table `{spec.name}` is append-only and holds other content for {int(other.sum())} of "
                f"{len(beside)} rows, first {spec.describe(beside[other])}; nothing was written."
            )
    return incoming[~known.to_numpy()]
