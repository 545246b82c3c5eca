"""Plots of the rank: what each quintile earned, and the rank IC summed up over time."""

import pandas as pd

from stockseq.plots.plot import Json, Plot, axis, interval_bars, layout, line, numbers, session_labels, thin

BASIS_POINTS = 1e4
# The model, then its rivals.
COLORS = ("--strategy", "--benchmark", "--third", "--second")


def plot_quintiles(quintiles: pd.DataFrame) -> Plot:
    """Return the mean return of each quintile with its interval, from the lowest rank to the highest.

    Parameters
    ----------
    quintiles : DataFrame of 5 rows
        Index 1 to 5; mean_return, low and high as fractions: see `evaluate.ranking.tabulate_quintiles`.

    Examples
    --------
    >>> means = pd.DataFrame({"mean_return": 0.001, "low": 0.0, "high": 0.002}, index=range(1, 6))
    >>> plot_quintiles(means).data[0]["y"]
    [10.0, 10.0, 10.0, 10.0, 10.0]
    """
    middle, low, high = (BASIS_POINTS * quintiles[name] for name in ("mean_return", "low", "high"))
    bars: Json = {
        "type": "bar",
        "x": [_quintile(number) for number in quintiles.index],
        "y": numbers(middle),
        "marker": {"color": "--strategy"},
        "error_y": interval_bars(middle, low, high, "--ink"),
        "hovertemplate": "%{x}: %{y:+.1f} bp<extra></extra>",
        "showlegend": False,
    }
    shape = layout(y_format="+.0f", hover="closest")
    shape["yaxis"] = axis(ticksuffix=" bp", zeroline=True, zerolinewidth=2, rangemode="tozero")
    shape["xaxis"] = axis(type="category")
    return Plot([bars], shape)


def plot_cumulative_ic(daily: pd.DataFrame) -> Plot:
    """Return the rank IC of each forecaster summed up over time; its slope is the mean.

    Parameters
    ----------
    daily : DataFrame of n_sessions rows
        Index session; a column a forecaster, the model first, its rank IC of the session, NaN where it has none.

    Examples
    --------
    >>> days = pd.to_datetime(["2024-11-25", "2024-11-26"])
    >>> plot_cumulative_ic(pd.DataFrame({"stockseq": [0.1, -0.05]}, index=days)).data[0]["y"]
    [0.1, 0.05]
    """
    sums = thin(daily.fillna(0.0).cumsum())
    x = session_labels(sums.index)
    colors = dict(zip(sums, COLORS, strict=False))
    data = [line(x, sums[name], str(name), colors.get(name, "--muted")) for name in sums]
    return Plot(data, layout(y_format="+.1f"))


def _quintile(number: int) -> str:
    return {1: "lowest fifth", 5: "highest fifth"}.get(number, str(number))
