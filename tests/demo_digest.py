"""A digest of what the demo leaves: the sums of its forecasts, fills and equity."""

from pathlib import Path

import pandas as pd


def digest(data: Path) -> dict[str, dict[str, float]]:
    """Return, by run, the number of rows and the sums of what was forecast, filled and earned."""
    return {folder.name: _digest_run(folder) for folder in sorted((data / "runs").glob("2*"))}


def _digest_run(folder: Path) -> dict[str, float]:
    forecasts = pd.read_parquet(folder / "forecasts.parquet")
    figures = {
        "n_forecasts": float(len(forecasts)),
        "probability_up": float(forecasts["probability_up"].sum()),
        "absolute_return": float(forecasts["expected_return"].abs().sum()),
    }
    if (folder / "fills.parquet").exists():
        fills, equity = pd.read_parquet(folder / "fills.parquet"), pd.read_parquet(folder / "equity.parquet")
        figures |= {
            "n_fills": float(len(fills)),
            "absolute_shares": float(fills["shares"].abs().sum()),
            "cost": float(fills["cost"].sum()),
        }
        figures |= {f"equity_{name}": float(equity[name].iloc[-1]) for name in equity.columns if name != "session"}
    return figures
