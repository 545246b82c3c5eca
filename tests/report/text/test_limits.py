"""Tests of the sentences on what a run could not show."""

import pandas as pd
import pytest

from stockseq.report.text.limits import jump_sentences, limitations
from tests.report.conftest import scores


@pytest.mark.parametrize("source", ["yahoo", "files", "stocknet"])
def test_real_tickers_come_with_a_survivorship_statement(build_run, source: str) -> None:
    """A universe chosen today flatters every result before today."""
    assert "survivorship" in limitations(build_run(settings={"source": source}))[0]


def test_a_simulated_market_says_that_it_is_one(build_run) -> None:
    """Skill on a planted signal must not be taken for skill on stocks."""
    assert "nothing about any real stock" in limitations(build_run(settings={"source": "simulated"}))[0]


def test_the_source_is_where_the_bars_came_from(build_run) -> None:
    """A store filled from files and run under the default settings is no Yahoo universe."""
    run = build_run(manifest={"sources": ["files"]}, settings={"source": "yahoo"})
    assert limitations(run)[0].startswith("Whoever made the files chose the tickers")


@pytest.mark.parametrize(("n", "said"), [(46, "46 configurations have"), (1, "One configuration has"), (0, "How many")])
def test_the_number_of_trials_is_stated(build_run, n: int, said: str) -> None:
    """The best of many configurations looks good by chance."""
    assert any(sentence.startswith(said) for sentence in limitations(build_run(trials=n)))


def test_an_accuracy_too_good_to_be_true_is_doubted(build_run) -> None:
    """On daily moves more than 55 % points to a leak, unless the market is simulated and its optimum known."""
    real, simulated = (
        build_run(scores=scores(0.56), manifest={"sources": [source]}) for source in ("yahoo", "simulated")
    )
    assert any("An accuracy above 55%" in sentence for sentence in limitations(real))
    assert not any("leak" in sentence for sentence in limitations(simulated))


def test_forecasts_without_an_outcome_are_counted(build_run) -> None:
    """Rows that no figure shows are named with their number."""
    rows = pd.DataFrame({"realised_return": [0.1, None, None]})
    assert any(sentence.startswith("2 of 3 out-of-sample") for sentence in limitations(build_run(out_of_sample=rows)))


def test_notes_of_the_scores_and_doubts_of_the_run_come_last(build_run) -> None:
    """The scores say why a number is missing, and a recipe knows what it did not do."""
    note, doubt = "Every row went up, so no test of direction is possible.", "Short sales were not simulated."
    run = build_run(scores=scores(0.52, notes=[note]), limitations=[doubt, doubt])
    assert limitations(run)[-2:] == [note, doubt]


def test_jumps_beyond_the_fifth_are_counted() -> None:
    """Five sentences are read, fifty are not."""
    jumps = pd.DataFrame({"ticker": "A", "session": pd.Timestamp("2024-01-02"), "move": [-0.6] * 7})
    sentences = jump_sentences(jumps)
    assert len(sentences) == 6
    assert sentences[0].startswith("A moved by \u221260% on 2024-01-02 with no split to explain it.")
    assert sentences[-1].startswith("2 smaller moves")
