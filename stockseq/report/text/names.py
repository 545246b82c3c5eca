"""Names of measures, baselines and curves in words, and what the measures mean."""

from collections.abc import Callable, Sequence
from typing import Any

from stockseq.backtest.performance import PerformanceFigures
from stockseq.dataset.labels import parse_label
from stockseq.evaluate.information import LEAST_TICKERS
from stockseq.plots import CURVES
from stockseq.report import format as wording

MODEL = "This model"
BASELINES = {
    "logistic": "logistic regression",
    "logistic_sentiment": "logistic regression on sentiment",
    "logistic_indicators": "logistic regression on indicators",
    "ridge": "ridge regression",
    "ewma": "EWMA",
    "har": "HAR",
    "garch": "GARCH(1,1)",
}

Format = Callable[[Any], str]

# Fields of `Scores`, in the order in which they decide; tables scroll to the right.
SCORES: dict[str, tuple[str, Format]] = {
    "accuracy": ("Accuracy", wording.percent),
    "accuracy_ci": ("95% interval", wording.interval),
    "base_rate": ("Base rate", wording.percent),
    "pt_clustered_t": ("PT t", lambda value: wording.number(value, digits=2)),
    "pt_clustered_p": ("PT p", wording.p_value),
    "ic": ("IC", wording.number),
    "log_loss": ("Log loss", lambda value: wording.number(value, digits=4)),
    "chance": ("Chance", wording.percent),
    "balanced_accuracy": ("Balanced accuracy", wording.percent),
    "mcc": ("MCC", wording.number),
    "auc": ("AUC", wording.number),
    "brier": ("Brier", lambda value: wording.number(value, digits=4)),
    "pt_serial_p": ("PT p, serial", wording.p_value),
    "n": ("Forecasts", wording.count),
}
# Below this many sessions, about a quarter, nothing is said a year, and what is claimed is marked as made of so few.
FEW_SESSIONS = 60
YEARLY = ("cagr", "volatility", "sharpe", "deflated_sharpe", "sortino", "cost")
OF_MANY_RETURNS = (*YEARLY, "n_trials", "sharpe_per_session", "skew", "kurtosis")
# Accounts that hold and follow no forecast: they trade so little that no cost would break them even.
HOLDERS = ("buy_and_hold", "equal_weight")
# Fields of `PerformanceFigures` and `Portfolio`.
PERFORMANCE: dict[str, tuple[str, Format]] = {
    "total_return": ("Growth", lambda value: wording.percent(value, signed=True)),
    "cagr": ("Yearly growth", lambda value: wording.percent(value, signed=True)),
    "volatility": ("Yearly volatility", wording.percent),
    "sharpe": ("Sharpe ratio", lambda value: wording.number(value, digits=2)),
    "deflated_sharpe": ("Deflated Sharpe (probability of beating luck alone)", wording.probability),
    "n_trials": ("Configurations that it is deflated by", wording.count),
    "sortino": ("Sortino ratio", lambda value: wording.number(value, digits=2)),
    "max_drawdown": ("Deepest drawdown", wording.percent),
    "turnover": ("Turnover per session", wording.percent),
    "cost": ("Costs per year", wording.percent),
    "break_even_cost_bps": ("Break-even cost, basis points", lambda value: break_even(value)),
    "n_fills": ("Fills", wording.count),
    "sharpe_per_session": ("Sharpe ratio per session", lambda value: wording.number(value, digits=4)),
    "skew": ("Skew", wording.number),
    "kurtosis": ("Kurtosis (3 for a normal)", wording.number),
    "n_returns": ("Returns", wording.count),
}
# Heads of `SCORES`.
MEANINGS = {
    "Chance": "Chance is the accuracy of forecasts that say up as often as these, without skill.",
    "PT t": "PT is the Pesaran-Timmermann test against chance, clustered by session: a t above about 1.6 is unlikely "
    "by luck.",
    "IC": "IC is the correlation of forecast and return across tickers, averaged over sessions.",
    "Brier": "Lower is better for Brier and log loss.",
}
BOTH_DIRECTIONS = "forecasts and outcomes of both directions, and hits that vary between sessions"
ACROSS_TICKERS = f"two sessions in which {LEAST_TICKERS} tickers or more have different forecasts and returns"
NEEDS = {
    "MCC": BOTH_DIRECTIONS,
    "AUC": BOTH_DIRECTIONS,
    "PT t": BOTH_DIRECTIONS,
    "PT p": BOTH_DIRECTIONS,
    "PT p, serial": "two sessions in a row of a ticker, and what PT needs",
    "IC": ACROSS_TICKERS,
    "Rank IC": ACROSS_TICKERS,
}


def name_words(name: str) -> str:
    """Return a baseline's name as it stands in a sentence.

    Examples
    --------
    >>> name_words("momentum_12_1"), name_words("gradient_boosting")
    ('momentum 12-1', 'gradient boosting')
    """
    if name in BASELINES:
        return BASELINES[name]
    words = name.split("_")
    figures = [word for word in words if word.isdigit()]
    return " ".join([*(word for word in words if not word.isdigit()), *(["-".join(figures)] if figures else [])])


def name_label(name: str) -> str:
    """Return a baseline's name as the head of a row.

    Examples
    --------
    >>> name_label("logistic"), name_label("reversal_5")
    ('Logistic regression', 'Reversal 5')
    """
    return wording.label(name_words(name))


def curve_label(name: object) -> str:
    """Return the name of an account's curve in words.

    Examples
    --------
    >>> curve_label("buy_and_hold"), curve_label("my_fund")
    ('Buy and hold', 'My fund')
    """
    return CURVES[str(name)][0] if name in CURVES else wording.label(str(name))


def explain_columns(heads: Sequence[str], *, has_dash: bool) -> str:
    """Return what the columns that are shown mean.

    Examples
    --------
    >>> explain_columns(["Forecast", "IC"], has_dash=False)
    'IC is the correlation of forecast and return across tickers, averaged over sessions.'
    """
    sentences = [words for head, words in MEANINGS.items() if head in heads]
    dash = "A dash is a measure that can't be computed for the row, most often because its forecast never changes."
    return " ".join([*sentences, *([dash] if has_dash else [])])


def blank_notes(heads: Sequence[str]) -> list[str]:
    """Return which columns are not shown because no row has them, and what they would have needed.

    Examples
    --------
    >>> blank_notes(["Rank IC"])[0][:53]
    'Not shown, because no row has it: Rank IC. It needs t'
    """
    needs: dict[str, list[str]] = {}
    for head in heads:
        needs.setdefault(NEEDS.get(head, "what this run does not have"), []).append(head)
    return [f"Not shown, because no row has it: {', '.join(names)}. It needs {need}." for need, names in needs.items()]


def trade_words(label: str) -> str:
    """Return the trade of a label in words.

    Examples
    --------
    >>> [trade_words(label) for label in ("open_to_close", "open_to_next_open", "open_to_open(10)")]
    ['open to close', 'open to next open', 'open to open of 10 sessions later']
    """
    horizon = parse_label(label)
    return (
        ("open to close", "open to next open")[horizon] if horizon < 2 else f"open to open of {horizon} sessions later"
    )


def meaningful(figures: PerformanceFigures, key: str, *, name: str = "") -> Any:
    """Return a figure of an account, or None where it says nothing.

    A year is not told from less than a quarter, a break-even cost only of who trades on a forecast, and of an account
    without trades nothing but that.

    Parameters
    ----------
    figures : PerformanceFigures
    key : str
        Of `PERFORMANCE`; one that the figures lack is None.
    name : str
        Of the benchmark, where it is one.
    """
    if not figures.n_fills and key not in ("total_return", "n_fills"):
        return None
    if key in OF_MANY_RETURNS and figures.n_returns < FEW_SESSIONS:
        return None
    return None if key == "break_even_cost_bps" and name in HOLDERS else getattr(figures, key, None)


def break_even(bps: object) -> str:
    """Return a break-even cost; who loses before costs has none.

    Examples
    --------
    >>> break_even(14.8), break_even(-0.1)
    ('14.8', 'below 0')
    """
    cost = wording.finite(bps)
    return "below 0" if cost is not None and cost < 0 else wording.number(bps, digits=1)
