"""Clocks: set back, in the past, before the store begins, ahead, and around the hours at which sessions change."""

from collections.abc import Callable
from pathlib import Path

import pandas as pd

from stockseq.store import Store
from tests.campaign.case import Case
from tests.campaign.small_store import begin, begin_after, contents, mornings, require_equal, stockseq

N_TICKERS = 6
TRAINED_AT = pd.Timestamp("2018-10-31T13:00:00Z")
# What is run as of an instant at which nothing may be fetched, trained or entered.
CHANGES = {
    "daily": ("daily",),
    "train": ("train",),
    "finetune": ("train", "--mode", "finetune"),
    "promote": ("promote", "--model", "20181017-0000000000"),
    "add": ("add", "--tickers", "NEE"),
    "remove": ("remove", "--tickers", "CORWICK"),
}
# What shows the record as of an instant.
SHOWN = {"ledger": ("ledger",), "verify": ("ledger", "--verify"), "models": ("models",), "runs": ("runs",)}
BACK = {
    "a second": pd.Timedelta(seconds=1),
    "an hour": pd.Timedelta(hours=1),
    "half a day": pd.Timedelta(hours=12),
    "twenty days": pd.Timedelta(days=20),
    "a year": pd.Timedelta(days=365),
}
# Of this market in New York, whose clocks went back on 4 November: an instant, the session that is due, is it late.
HOURS = {
    "summer time, a minute before the open": ("2018-11-02T13:29:59Z", "2018-11-02", False),
    "summer time, at the open": ("2018-11-02T13:30:00Z", "2018-11-02", True),
    "winter time, at what was the open in summer": ("2018-11-05T13:30:00Z", "2018-11-05", False),
    "winter time, a second before the open": ("2018-11-05T14:29:59Z", "2018-11-05", False),
    "winter time, at the open": ("2018-11-05T14:30:00Z", "2018-11-05", True),
    "the hour that comes twice, first": ("2018-11-04T01:30:00-04:00", "2018-11-05", False),
    "the hour that comes twice, again": ("2018-11-04T01:30:00-05:00", "2018-11-05", False),
    "a second before midnight in New York": ("2018-11-26T23:59:59-05:00", "2018-11-27", False),
    "midnight in New York": ("2018-11-27T00:00:00-05:00", "2018-11-27", False),
    "midnight in London": ("2018-11-27T00:00:00Z", "2018-11-27", False),
    "a Saturday": ("2018-11-24T12:00:00Z", "2018-11-26", False),
    "a Sunday night in Tokyo": ("2018-11-25T23:59:59+09:00", "2018-11-26", False),
    "Thanksgiving": ("2018-11-22T15:00:00Z", "2018-11-23", False),
    "the evening before Thanksgiving": ("2018-11-21T23:00:00Z", "2018-11-23", False),
    "a half day, before its close": ("2018-11-23T17:59:59Z", "2018-11-23", True),
    "a half day, closed and not final": ("2018-11-23T18:29:59Z", "2018-11-23", True),
    "a half day, final": ("2018-11-23T18:30:00Z", "2018-11-26", False),
    "a whole day at the hour of a half day's close": ("2018-11-26T18:30:00Z", "2018-11-26", True),
    "a whole day, closed and not final": ("2018-11-26T21:29:59Z", "2018-11-26", True),
    "a whole day, final": ("2018-11-26T21:30:00Z", "2018-11-27", False),
    "a morning as Kathmandu writes it": ("2018-11-26T19:35:00+05:45", "2018-11-26", False),
}
WRONG = (
    "yesterday", "2018-11-26", "2018-11-26T13:50:00", "9999-12-31T00:00:00Z", "1677-09-21T00:00:00Z", "NaT",
    "2018-02-30T12:00:00Z", "2018-11-26T25:00:00Z", "1543240200", "9" * 400, "\u0662\u0660\u0661\u0668-11-26T13:50:00Z",
)  # fmt: skip


def cases() -> list[Case]:
    """Return the cases in order."""
    return [
        *(
            Case(
                f"{recipe}: the clock set back by {name}",
                _set_back(command, back),
                short=(recipe, name) == ("daily", "an hour"),
            )
            for recipe, command in CHANGES.items()
            for name, back in BACK.items()
        ),
        *(
            Case(f"{recipe} before the store begins", _before_it_begins(command))
            for recipe, command in {**CHANGES, **SHOWN, "report": ("report", "--no-open")}.items()
        ),
        *(
            Case(f"{recipe} as it was after {n} mornings", _as_it_was(command, n), short=recipe == "ledger" and n == 2)
            for recipe, command in SHOWN.items()
            for n in (1, 2, 3)
        ),
        *(Case(f"the page as it was after {n} mornings", _page_as_it_was(n)) for n in (1, 2, 3)),
        *(Case(f"morning {n} again on a store that has gone on", _morning_again(n)) for n in (1, 2, 3, 4)),
        *(Case(f"a morning at {name}", _at(*hour)) for name, hour in HOURS.items()),
        *(Case(f"NOW is {text[:20]!a}", _no_instant(text)) for text in WRONG),
        Case("three hours ahead, and then right again", _ahead(pd.Timedelta(hours=3))),
        Case("twelve years ahead", _far_ahead),
        Case("a model trained by a clock ahead", _model_ahead),
    ]


def _set_back(command: tuple[str, ...], back: pd.Timedelta) -> Callable[[Path, int], str]:
    """Return a case in which two mornings are over, and the clock is behind the second."""

    def run(folder: Path, seed: int) -> str:
        data = begin(folder, 2)
        before, models = contents(data), sorted(path.name for path in (data / "models").iterdir())
        now = mornings()[1] - back
        answer = stockseq(folder, *command, "--now", now.isoformat())
        assert answer.status == 1, answer.text
        assert "Fetched" not in answer.text, answer.text
        assert f"{now:%Y-%m-%d %H:%M:%S} UTC" in answer.text, answer.text
        assert "NOW" in answer.text, answer.text
        require_equal(data, before)
        assert sorted(path.name for path in (data / "models").iterdir()) == models
        return answer.text[-200:]

    return run


def _before_it_begins(command: tuple[str, ...]) -> Callable[[Path, int], str]:
    def run(folder: Path, seed: int) -> str:
        data = begin(folder, 1)
        before = contents(data)
        answer = stockseq(folder, *command, "--now", "2009-01-05T12:00:00Z")
        assert answer.status == 1, answer.text
        assert f"begins at {mornings()[0]:%Y-%m-%d %H:%M}" in answer.text, answer.text
        assert "2009-01-05 12:00:00 UTC" in answer.text, answer.text
        assert "later NOW" in answer.text, answer.text
        require_equal(data, before)
        return answer.text[-200:]

    return run


def _as_it_was(command: tuple[str, ...], n: int) -> Callable[[Path, int], str]:
    """Return a case in which four mornings are over, and the store says what it said after the first `n`."""

    def run(folder: Path, seed: int) -> str:
        now = mornings()[n - 1].isoformat()
        for name, n_over in (("then", n), ("later", 4)):
            (folder / name).mkdir()
            begin(folder / name, n_over)
        before = contents(folder / "later" / "data")
        then = stockseq(folder / "then", *command, "--now", now)
        later = stockseq(folder / "later", *command, "--now", now)
        assert (then.status, later.status) == (0, 0), later.text
        said = later.text.partition(f" {4 - n} run")[0] if command == ("runs",) else later.text
        if "--verify" in command:
            # The proof is of the whole chain, whatever the instant; the record is that of then.
            then_record, said = then.text.partition("✓")[0], said.partition("✓")[0]
            assert said == then_record
        else:
            assert said == then.text, f"then: {then.text}\nlater: {said}"
        require_equal(folder / "later" / "data", before)
        return said[-200:]

    return run


def _page_as_it_was(n: int) -> Callable[[Path, int], str]:
    def run(folder: Path, seed: int) -> str:
        begin(folder, 4)
        now = mornings()[n - 1]
        answer = stockseq(folder, "report", "--no-open", "--now", now.isoformat())
        assert answer.status == 0, answer.text
        assert f"{now:%Y%m%dT%H%M%SZ}-daily" in answer.text.replace(" ", ""), answer.text
        return answer.text[-200:]

    return run


def _morning_again(n: int) -> Callable[[Path, int], str]:
    """Return a case in which a morning is run again: it shows the same, counts as then, and changes nothing."""

    def run(folder: Path, seed: int) -> str:
        data = begin(folder, 4)
        before = contents(data)
        page = data / "runs" / f"{mornings()[n - 1]:%Y%m%dT%H%M%SZ}-daily"
        forecasts = pd.read_parquet(page / "forecasts.parquet")
        answer = stockseq(folder, "daily", "--now", mornings()[n - 1].isoformat())
        assert answer.status == 0, answer.text
        after = answer.text.partition("Live:")[2]
        assert "-6" not in after, answer.text
        live = after.partition("Ledger:")[0]
        if n == 4:  # the newest, of which nothing is forecast anew
            assert "Nothing new since the run of" in answer.text, answer.text
        else:
            assert f" {N_TICKERS} are not scored yet." in live, answer.text
            scored = N_TICKERS * (n - 1)
            assert (f"{scored} forecasts" in live) == bool(scored), answer.text
        require_equal(data, before)
        pd.testing.assert_frame_equal(pd.read_parquet(page / "forecasts.parquet"), forecasts)
        return live[:150] or answer.text[:150]

    return run


def _at(now: str, due: str, late: bool) -> Callable[[Path, int], str]:
    """Return a case of a store whose model was trained in October: which session is forecast, and is that late."""

    def run(folder: Path, seed: int) -> str:
        data = begin_after(folder, TRAINED_AT)
        answer = stockseq(folder, "daily", "--now", now)
        assert answer.status == 0, answer.text
        made = Store(str(data), create=False).read("forecasts")
        made = made[made["made_at"] == pd.Timestamp(now)]
        assert made["session"].unique().tolist() == [pd.Timestamp(due)], made["session"].unique()
        assert made["late"].tolist() == [late] * N_TICKERS, made["late"].tolist()
        assert ("Late:" in answer.text) == late, answer.text
        return f"{due}{', late' if late else ''}"

    return run


def _no_instant(text: str) -> Callable[[Path, int], str]:
    def run(folder: Path, seed: int) -> str:
        data = begin(folder, 1)
        before = contents(data)
        for recipe in ("daily", "ledger", "models", "runs"):
            answer = stockseq(folder, recipe, "--now", text)
            assert answer.status == 1, answer.text
            assert "NOW must" in answer.text, answer.text
        require_equal(data, before)
        return answer.text[-200:]

    return run


def _ahead(by: pd.Timedelta) -> Callable[[Path, int], str]:
    """Return a case of one morning by a clock that is ahead, and one by the right clock after it."""

    def run(folder: Path, seed: int) -> str:
        data = begin(folder, 1)
        ahead = mornings()[1] + by
        assert stockseq(folder, "daily", "--now", ahead.isoformat()).status == 0
        before = contents(data)
        made = before["forecasts"]
        assert made.loc[made["made_at"] == ahead, "late"].all(), "a forecast after the open counts"
        right = stockseq(folder, "daily", "--now", mornings()[1].isoformat())
        assert right.status == 1, right.text
        assert f"{ahead:%Y-%m-%d %H:%M:%S} UTC" in right.text, right.text
        require_equal(data, before)
        after = stockseq(folder, "daily", "--now", mornings()[2].isoformat())
        assert after.status == 0, after.text
        assert f"{N_TICKERS} late forecasts don't count" in after.text, after.text
        return after.text.partition("Live:")[2][:150]

    return run


def _far_ahead(folder: Path, seed: int) -> str:
    data = begin(folder, 1)
    before = contents(data)["forecasts"]
    answer = stockseq(folder, "daily", "--now", "2030-11-26T13:50:00Z")
    assert "is missing" in answer.text or answer.status == 1, answer.text
    made = Store(str(data), create=False).read("forecasts")
    assert len(made) == len(before), "a forecast of prices that are twelve years old"
    return answer.text[-200:]


def _model_ahead(folder: Path, seed: int) -> str:
    data = begin(folder, 1)
    ahead = mornings()[3].isoformat()
    assert stockseq(folder, "train", "--now", ahead, "--set", "daily.holdout=19").status == 0
    before = contents(data)
    answers = [stockseq(folder, *CHANGES[recipe], "--now", mornings()[1].isoformat()) for recipe in ("daily", "train")]
    assert [answer.status for answer in answers] == [1, 1], [answer.text for answer in answers]
    assert all("newest model" in answer.text for answer in answers), [answer.text for answer in answers]
    require_equal(data, before)
    return answers[0].text[-200:]
