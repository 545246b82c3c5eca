"""What a run could not show, and what a reader must know of its data."""

from collections.abc import Iterable

import pandas as pd

from stockseq.backtest.policy import PolicySettings
from stockseq.errors import counted
from stockseq.ingestion.headline_clocks import ClockDoubts
from stockseq.report.format import count, percent, text
from stockseq.report.run import RunReport
from stockseq.report.text.names import FEW_SESSIONS

SOURCES = {
    "yahoo": "Yahoo lists companies that still trade. Delisted ones are absent, so the returns of this universe are "
    "better than an investor could have had (survivorship), for the strategy and its benchmarks alike.",
    "simulated": "This market is simulated. The figures show whether the pipeline finds a planted signal and invents "
    "none; they say nothing about any real stock.",
    "files": "Whoever made the files chose the tickers. If that was done with hindsight, the results carry it "
    "(survivorship).",
    "stocknet": "The tickers of StockNet were chosen among large, much discussed companies that still traded when the "
    "data was collected, so the results carry that hindsight (survivorship).",
}
DOUBTFUL_ACCURACY = 0.55
DOUBTFUL_SHARPE = 3.0
MOST_CHARACTERS = 1000
N_JUMPS = 5


def limitations(run: RunReport) -> list[str]:
    """Return what the page of a run can't show, the most important first.

    Examples
    --------
    >>> run = RunReport("r1", "daily", pd.Timestamp("2024-11-29", tz="UTC"), "Forecasts", trials=1)
    >>> limitations(run)[0]
    'One configuration has been scored on these test sessions, so nothing here was picked from many.'
    """
    notes = () if run.scores is None else run.scores.notes
    return distinct(
        [*source_limits(run), _trials(run.trials), *_few(run), *_doubts(run), *_missing(run), *notes, *run.limitations]
    )


def policy_sentences(policy: PolicySettings) -> tuple[str, ...]:
    """Return what share of the account a policy can invest, where its own limits keep it below what is asked.

    Examples
    --------
    >>> policy_sentences(PolicySettings(mode="long_only", top_k=3))[0]
    'With `policy.top_k` 3 and `policy.max_weight` 0.25 at most 75.0% of the account is invested; the rest stays cash.'
    >>> policy_sentences(PolicySettings(top_k=5))
    ()
    """
    if policy.select != "top_k":
        return ()
    n_positions = policy.top_k * (2 if policy.mode == "long_short" else 1)
    most = min(policy.gross, n_positions * policy.max_weight)
    if most >= policy.gross:
        return ()
    return (
        f"With `policy.top_k` {policy.top_k} and `policy.max_weight` {policy.max_weight:g} at most {percent(most)} of "
        "the account is invested; the rest stays cash.",
    )


def source_limits(run: RunReport) -> list[str]:
    """Return what follows from where the bars came from."""
    return [SOURCES[name] for name in run.sources if name in SOURCES]


def distinct(sentences: Iterable[str]) -> list[str]:
    """Return each sentence once, in plain characters; empty ones are left out."""
    return [text(sentence, limit=MOST_CHARACTERS) for sentence in dict.fromkeys(sentences) if sentence]


def jump_sentences(jumps: pd.DataFrame) -> tuple[str, ...]:
    """Return a sentence for each of the greatest moves that no split explains, and one for how many more there are.

    Examples
    --------
    >>> jump_sentences(pd.DataFrame({"ticker": ["GE"], "session": [pd.Timestamp("2020-07-06")], "move": [5.0]}))[0][:38]
    'GE moved by +500% on 2020-07-06 with n'
    """
    sentences = [
        f"{row['ticker']} moved by {percent(row['move'], digits=0, signed=True)} on {row['session'].date()} with no "
        "split to explain it. If that is the vendor's error, every figure that spans it is wrong. It was not repaired."
        for row in jumps.head(N_JUMPS).to_dict("records")
    ]
    more = f"{len(jumps) - N_JUMPS} smaller moves, beyond double or half, have no split to explain them either."
    return (*sentences, *([more] if len(jumps) > N_JUMPS else []))


def clock_sentences(doubts: ClockDoubts) -> tuple[str, ...]:
    """Return a sentence for each sign that stored headlines count too early.

    Examples
    --------
    >>> clock_sentences(ClockDoubts(n_midnights=60))[0][:52]
    '60 stored headlines stand at midnight as if they had'
    """
    anew = "What counts too early is a look-ahead: import the files anew, into a folder of their own (DATA=...)."
    sentences = []
    if doubts.n_midnights:
        sentences.append(
            f"{count(doubts.n_midnights)} stored headlines stand at midnight as if they had been known then. An "
            f"earlier version took dates for instants. {anew}"
        )
    if doubts.n_shifted:
        sentences.append(
            f"{count(doubts.n_shifted)} stored headlines keep New York's hours only if they are read as FNSPID's "
            f"clock, which is 8 to 10 hours too early. An earlier version took it for UTC. {anew}"
        )
    elif doubts.n_unmarked:
        sentences.append(
            f"{count(doubts.n_unmarked)} stored headlines come from files of before presets were written down. If the "
            f"preset fnspid read them, they are 8 to 10 hours too early. {anew}"
        )
    return tuple(sentences)


def _trials(n: int) -> str:
    if not n:
        return (
            "How many configurations were scored on these test sessions is not known, so no result here is corrected "
            "for choosing among them."
        )
    if n == 1:
        return "One configuration has been scored on these test sessions, so nothing here was picked from many."
    return (
        f"{count(n)} configurations have been scored on these test sessions. The best of many looks good by chance; "
        "the deflated Sharpe ratio allows for it, the accuracy does not."
    )


def _few(run: RunReport) -> list[str]:
    """Return that a record of few sessions is no year, nor a claim."""
    n = None if run.scores is None else run.scores.n_sessions
    if n is None or n >= FEW_SESSIONS:
        return []
    return [
        f"Only {counted(n, 'session')} were tested, fewer than {FEW_SESSIONS}: no figure is given a year, and a "
        "claim made of them may well be luck."
    ]


def _doubts(run: RunReport) -> list[str]:
    if run.sources == ["simulated"]:
        return []
    doubts = []
    if run.scores is not None and run.scores.accuracy > DOUBTFUL_ACCURACY:
        doubts.append("An accuracy above 55% on daily moves is rare. Look for a leak before you believe it.")
    sharpe = None if run.backtest is None else run.backtest.portfolio.sharpe
    if sharpe is not None and sharpe > DOUBTFUL_SHARPE:
        doubts.append("A Sharpe ratio above 3 after costs is rare. Look for a leak before you believe it.")
    return doubts


def _missing(run: RunReport) -> list[str]:
    missing = []
    if run.out_of_sample is None or run.out_of_sample.empty:
        missing.append("This run made no out-of-sample forecasts, so its skill is not measured here.")
    else:
        n_unscored = int(run.out_of_sample["realised_return"].isna().sum())
        if n_unscored:
            missing.append(
                f"{count(n_unscored)} of {count(len(run.out_of_sample))} out-of-sample forecasts have no realised "
                "return (no valid open or close print) and are in no figure."
            )
    if run.equity is None:
        missing.append("This run simulated no trading, so it shows no equity, no costs and no fills.")
    return missing
