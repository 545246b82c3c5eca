"""What a run could not show, in sentences that follow from the run itself."""

from stockseq.report import format as wording
from stockseq.report.run import RunReport

SOURCES = {
    "yahoo": "Yahoo lists companies that still trade. Those that were delisted are absent, so returns of this universe "
    "are better than an investor could have had (survivorship), for the strategy and its benchmarks alike.",
    "simulated": "This market is simulated. The numbers show whether the pipeline finds a known signal and invents "
    "none; they say nothing about any real stock.",
    "files": "The tickers were chosen by whoever made the files. If that was done with hindsight, the results carry "
    "it (survivorship).",
    "stocknet": "The tickers of StockNet were chosen among large, much discussed companies that still traded when the "
    "data was collected, so the results carry that hindsight (survivorship).",
}
DOUBTFUL_ACCURACY = 0.55
DOUBTFUL_SHARPE = 3.0


def limitations(run: RunReport) -> list[str]:
    """Return the sentences, the most important first.

    Examples
    --------
    >>> import pandas as pd
    >>> run = RunReport("r1", "daily", pd.Timestamp("2024-11-29", tz="UTC"), "Forecasts", metrics={"trials": 1})
    >>> limitations(run)[0]
    'One configuration has been scored on these test sessions, so nothing here was picked from many.'
    """
    sentences = [*(SOURCES.get(name, "") for name in _sources(run)), _trials(run), *_doubts(run), *_missing(run)]
    notes = run.measures("forecast").get("notes") or []
    sentences += [wording.text(sentence, limit=1000) for sentence in (*notes, *run.limitations)]
    return [sentence for sentence in dict.fromkeys(sentences) if sentence]


def _sources(run: RunReport) -> list[str]:
    """Return where the run's bars came from, which the settings of the day need not say."""
    return [str(name) for name in run.manifest.get("sources") or [run.settings.get("source")]]


def _trials(run: RunReport) -> str:
    trials = wording.finite(run.metrics.get("trials"))
    if not trials:
        return (
            "How many configurations were scored on these test sessions is not known, so no result here is corrected "
            "for choosing among them."
        )
    if trials == 1:
        return "One configuration has been scored on these test sessions, so nothing here was picked from many."
    return (
        f"{wording.count(trials)} configurations have been scored on these test sessions. The best of many looks good "
        "by chance; the deflated Sharpe ratio allows for it, the plain accuracy does not."
    )


def _doubts(run: RunReport) -> list[str]:
    doubts = []
    accuracy = wording.finite(run.measures("forecast").get("accuracy"))
    sharpe = wording.finite(run.measures("portfolio").get("sharpe"))
    if _sources(run) == ["simulated"]:
        return []
    if accuracy is not None and accuracy > DOUBTFUL_ACCURACY:
        doubts.append("An accuracy above 55% on daily moves is rare. Look for a leak before believing it.")
    if sharpe is not None and sharpe > DOUBTFUL_SHARPE:
        doubts.append("A Sharpe ratio above 3 after costs is rare. Look for a leak before believing it.")
    return doubts


def _missing(run: RunReport) -> list[str]:
    missing = []
    if run.out_of_sample is None or run.out_of_sample.empty:
        missing.append("This run made no out-of-sample forecasts, so its skill is not measured here.")
    else:
        unscored = int(run.out_of_sample["realised_return"].isna().sum())
        if unscored:
            missing.append(
                f"{wording.count(unscored)} of {wording.count(len(run.out_of_sample))} out-of-sample forecasts have no "
                "realised return (no valid open or close print) and are in no figure."
            )
    if run.equity is None:
        missing.append("This run simulated no trading, so it shows no equity, no costs and no fills.")
    return missing
