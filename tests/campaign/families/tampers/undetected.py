"""What README says can't be seen, or changes nothing: the record stays, or a head noted elsewhere finds it."""

import shutil
from functools import partial
from pathlib import Path

from stockseq.forecast_ledger import verify
from stockseq.store import Store
from tests.campaign.case import Case
from tests.campaign.families.tampers.honest_store import MODELS, copy_earlier, copy_whole, morning
from tests.campaign.families.tampers.tools import cut
from tests.campaign.families.tampers.verdicts import ask, must_be_content

README = Path(__file__).parents[4] / "README.md"
LEDGER = ("forecasts", "outcomes", "ledger_heads", "outcome_heads")


def must_say(words: str) -> None:
    """Raise `AssertionError` unless README names what can't be seen."""
    assert words in " ".join(README.read_text(encoding="utf-8").split()), f"README doesn't say: {words}"


def by_the_head(data: Path, head: str) -> str:
    """Return what the head noted before finds in a store that passes without it."""
    assert ask(data).content
    said = ask(data, head=head)
    assert not said.content, "the head noted before was found in another record"
    assert "expected hash" in said.text
    return f"undetected, as README says; by the noted head: {said.text[:90]}"


def whole_put_back(folder: Path, seed: int, *, everything: bool) -> str:
    """Put the whole data root, or the four tables of the ledger, back to what they were."""
    must_say("the whole data root, or all of the ledger's tables, put back to an earlier state or removed")
    data, earlier = copy_whole(folder), copy_earlier(folder)
    head = ask(data).head
    for table in sorted(path.name for path in earlier.iterdir()) if everything else LEDGER:
        if (earlier / table).is_dir():
            shutil.rmtree(data / table)
            shutil.copytree(earlier / table, data / table)
    return by_the_head(data, head)


def newest_removed(folder: Path, seed: int, *, table: str, heads: str) -> str:
    """Remove the newest rows and the heads that were noted of them: nothing was written after them."""
    must_say("the newest rows removed together with their noted heads, before anything was written after them")
    data = copy_whole(folder)
    if table == "forecasts":
        # What the evening scored follows them.
        n_evening = 2
        cut(data / "outcomes", n_evening, pointer=False)
        cut(data / "outcome_heads", n_evening, pointer=False)
    head = verify(Store(data)).head_hash
    cut(data / table, 1, pointer=False)
    cut(data / heads, 1, pointer=False)
    return by_the_head(data, head)


def all_removed(folder: Path, seed: int) -> str:
    """Remove the four tables: an empty ledger is a new one."""
    must_say("all of the ledger's tables, put back to an earlier state or removed")
    data = copy_whole(folder)
    head = ask(data).head
    for table in LEDGER:
        shutil.rmtree(data / table)
    assert "nothing to verify" in ask(data).text
    said = ask(data, head=head)
    assert not said.content
    assert "expected hash" in said.text
    return f"an empty record, which says so; by the noted head: {said.text[:90]}"


def forged_anew(folder: Path, seed: int) -> str:
    """Write another record with chains and heads of its own."""
    must_say("both chains forged anew from some row on together with the bars")
    data = copy_whole(folder)
    head = ask(data).head
    forged = Store(folder / "forged")
    forged.append("models", MODELS)
    for number in range(3):
        morning(forged, number + 1)
    shutil.rmtree(data)
    shutil.copytree(folder / "forged", data)
    return by_the_head(data, head)


def last_head_removed(folder: Path, seed: int, *, table: str) -> str:
    """Remove the newest noted head: the record stays what it is, and the next run notes it."""
    must_say("the last noted head alone removed, which changes nothing")
    data = copy_whole(folder)
    honest = ask(data)
    cut(data / table, 1, pointer=False)
    said = must_be_content(data, like=honest)
    assert verify(Store(data), expected_head=honest.head).head_hash == honest.head
    return f"nothing changed: {said}"


def files_apart(folder: Path, seed: int, *, table: str) -> str:
    """Lay files beside a table that its log doesn't name: they are no part of it."""
    data = copy_whole(folder)
    honest = ask(data)
    source = next((data / "bars").glob("*.parquet"))
    shutil.copy(source, data / table / "part-99999-stranger.parquet")
    (data / table / "_delta_log" / "notes.txt").write_text("hello")
    (data / table / "_delta_log" / "_last_checkpoint").write_bytes(b"\xff\x00 no JSON")
    return must_be_content(data, like=honest)


def cases() -> list[Case]:
    """Return a case for each."""
    return [
        Case("the whole data root put back", partial(whole_put_back, everything=True)),
        Case("all tables of the ledger put back", partial(whole_put_back, everything=False), short=True),
        Case("all tables of the ledger removed", all_removed),
        Case("all chains forged anew", forged_anew),
        *(
            Case(f"the newest {table} and their head removed", partial(newest_removed, table=table, heads=heads))
            for table, heads in (("forecasts", "ledger_heads"), ("outcomes", "outcome_heads"))
        ),
        *(Case(f"{table}: the last head removed", partial(last_head_removed, table=table)) for table in LEDGER[2:]),
        *(Case(f"{table}: strange files beside it", partial(files_apart, table=table)) for table in LEDGER),
    ]
