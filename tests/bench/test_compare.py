"""Two runs of the benchmarks are compared by their ratios, and what got worse by more than noise is told."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.bench.compare import compare, describe, main

MACHINE = {"cores": 2, "processor": "Xeon", "memory_gb": 8.0}


def _figure(name: str, value: float, **changed: Any) -> dict[str, Any]:
    figure = {"name": name, "value": value, "unit": "s", "better": "less", "spread": 0.02, "repeats": 3}
    return {**figure, "anchor": None, "ratio": None, "ratio_spread": None, **changed}


def _run(*figures: dict[str, Any], machine: dict[str, Any] = MACHINE) -> dict[str, Any]:
    return {"figures": list(figures), "machine": machine, "commit": "a" * 40, "versions": {"python": "3.12.1"}}


def _verdict(base: dict[str, Any], now: dict[str, Any]) -> str:
    (change,) = compare(_run(base), _run(now))
    return change.verdict


@pytest.mark.parametrize(
    ("now", "verdict"), [(1.04, "same"), (1.06, "WORSE"), (0.96, "same"), (0.9, "better"), (1.0, "same")]
)
def test_seconds_are_worse_when_they_are_more_by_more_than_5_percent(now: float, verdict: str) -> None:
    """The spreads of both runs, 2 % each, are below the least noise of 5 %."""
    assert _verdict(_figure("ledger", 1.0), _figure("ledger", now)) == verdict


@pytest.mark.parametrize(("now", "verdict"), [(90.0, "WORSE"), (112.0, "better"), (97.0, "same")])
def test_a_rate_is_worse_when_it_is_less(now: float, verdict: str) -> None:
    """Of headlines a second more is better; 100 / 90 is 11 % worse."""
    assert _verdict(_figure("score", 100.0, better="more"), _figure("score", now, better="more")) == verdict


def test_noise_is_what_both_runs_spread_over() -> None:
    """10 % and 15 % together are 25 %: a figure that is 20 % worse may be luck, one that is 30 % worse isn't."""
    base = _figure("ledger", 1.0, spread=0.10)
    assert _verdict(base, _figure("ledger", 1.2, spread=0.15)) == "same"
    assert _verdict(base, _figure("ledger", 1.3, spread=0.15)) == "WORSE"


def test_a_figure_measured_once_may_be_off_by_20_percent() -> None:
    """It has no spread of its own."""
    base = _figure("train", 1.0, repeats=1, spread=0.0)
    assert _verdict(base, _figure("train", 1.19)) == "same"
    assert _verdict(base, _figure("train", 1.21)) == "WORSE"


def test_a_figure_with_an_anchor_is_compared_by_its_ratio_whatever_the_machine() -> None:
    """On a machine of half the speed both take twice as long, which is no loss."""
    base = _figure("ledger", 1.0, anchor="vectorbt", ratio=0.5, ratio_spread=0.02)
    slow = _figure("ledger", 2.0, anchor="vectorbt", ratio=0.5, ratio_spread=0.02)
    assert _verdict(base, slow) == "same"
    assert _verdict(base, {**slow, "value": 1.0, "ratio": 0.6}) == "WORSE"
    # Beside another anchor the ratio says something else.
    assert _verdict(base, {**slow, "anchor": "bt"}) == "WORSE"


def test_what_only_one_run_has_and_another_machine_are_said() -> None:
    """A figure that vanished would else pass for one that kept its speed."""
    base, other = _run(_figure("a", 1.0), _figure("gone", 1.0)), {**MACHINE, "cores": 64}
    lines = describe(base, _run(_figure("a", 1.0), _figure("new", 1.0), machine=other))
    assert 'The machines differ, so that figures without an anchor ("x ...") don\'t compare.' in lines
    assert "Only in base: gone." in lines
    assert "Only in now: new." in lines
    assert lines[-1] == "Worse by more than noise: nothing."


def test_the_table_has_a_row_a_figure() -> None:
    """As it stands in the terminal."""
    base = _run(
        _figure("ledger", 1.0, anchor="vectorbt", ratio=0.5, ratio_spread=0.02), _figure("score", 100.0, better="more")
    )
    now = _run(
        _figure("ledger", 1.0, anchor="vectorbt", ratio=0.6, ratio_spread=0.02), _figure("score", 101.0, better="more")
    )
    assert describe(base, now)[:6] == [
        "base aaaaaaaaaaaa on Xeon, 2 cores, 8.0 GB; python 3.12.1",
        "now  aaaaaaaaaaaa on Xeon, 2 cores, 8.0 GB; python 3.12.1",
        "",
        "figure  base  now  change  noise         unit",
        "ledger   0.5  0.6  +20.0%     5%  WORSE  x vectorbt",
        "score    100  101   +1.0%     5%  same   s",
    ]


def test_the_command_exits_with_1_where_something_got_worse(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Whoever automates it reads the code, whoever doesn't the last line."""
    base, now = tmp_path / "base.json", tmp_path / "now.json"
    base.write_text(json.dumps(_run(_figure("ledger", 1.0))))
    now.write_text(json.dumps(_run(_figure("ledger", 1.5))))
    assert main([str(base), str(now)]) == 1
    assert capsys.readouterr().out.endswith("Worse by more than noise: ledger.\n")
    assert main([str(base), str(base)]) == 0
    assert main([]) == main([""]) == 2
    assert "make bench-compare BASE=" in capsys.readouterr().err
    assert main([str(tmp_path / "none.json")]) == 2
    assert "none.json" in capsys.readouterr().err
