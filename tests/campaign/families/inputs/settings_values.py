"""Settings from file and command line, instants, time zones: the value that was written, or a sentence."""

import random
import tomllib
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo, available_timezones

from stockseq.config import Assignment, Settings, describe_settings, load_settings, read_now
from stockseq.errors import SettingsError
from stockseq.printable import visible
from tests.campaign.case import Case, random_case
from tests.campaign.families.inputs.letters import ALPHABETS, draw_text, require_sentence

NAMES = [setting.name for setting in describe_settings()]
TABLES = sorted({name.partition(".")[0] for name in NAMES if "." in name})
VALUES = (
    "ß", "a b", "ſ", "ﬁ",
    "1" * 400, "-" + "1" * 400, "1" * 5000, "0x" + "f" * 400, "9999-12-31", "0001-01-01", "2024-11", "2024-11-04",
    "1e400",
    "nan", "inf", "-inf", "+5", "5", "-5", "0", "0.1", "1e300", "1e-300", "2147483648", "true", "false", "''", "' '",
    "'\\u0000'", "'\\u202e'", "[", "]", "[" * 3000, "[" * 3000 + "]" * 3000, "[" * 50 + "]" * 50, "{" * 3000,
    "{a=" * 200 + "1" + "}" * 200, "[]", "{}", "{a=1}", "[1,2]", "['a']", "12:00:00", "1979-05-27T07:32:00Z",
    "x" * 10000,
    "x" * 70000, "\x1b[31m", "a\u202eb", "()", "1_000", "0b1", "null", "None", "'a\nb'", "%20", "a[b", "[red]",
    "America",
    "../../etc/passwd", "before_open(30)", "before_open(" + "9" * 400 + ")", "before_open(\u0663\u0660)",
    "open_to_open(5)",
    "open_to_open(" + "9" * 400 + ")", "s3://", "://x", "$HOME", "~nobody/x", "=", "a=b", "#", '"', "utf-8",
    "base64", "rot13",
)  # fmt: skip
INSTANTS = (
    "2024-11-20T22:00:00Z", "2024-11-20 22:00+01:00", "2024-11-20T22:00:00-0530", "20241120T220000Z", "2024-11-20T22Z",
    "2024-11-20T22:00:00.5Z", "2024-11-20T22:00:00", "2024-11", "2024-11Z", "5Z", "now", "today", "NaT", "0",
    "1732140000",
    "2024-11-20T22+5", "2024-11-20T22:00+5", "2024-11-20T22:00+25:00", "9999-12-31T23:59:59Z", "0001-01-01T00:00Z",
    "2024-11-31T00:00Z", "2024-02-29T24:00Z", "2024-W47-3T22:00Z", "99999-01-01T00:00Z", "Nov 20 2024 22:00 UTC",
    "2024-11-20T22:00:00 America/New_York", "1" * 400, "9" * 5000, "[" * 3000, "\u0662\u0660\u0662\u0664-11-20T22:00Z",
)  # fmt: skip
N = 4_000


def cases() -> list[Case]:
    """Return the cases of settings."""
    given = [_case(f"settings given, part {n}", _given, short=n == 1) for n in range(1, 5)]
    filed = [_case(f"settings files, part {n}", _filed) for n in range(1, 5)]
    texts = [_case(f"settings of {name}", partial(_given_text, name)) for name in ALPHABETS]
    instants = [_case(f"instants of a run, part {n}", _instants, n_inputs=5_000, short=n == 1) for n in range(1, 4)]
    return [*given, *filed, *texts, *instants, _case("time zones", _zones, n_inputs=3_000)]


_case = partial(random_case, n_inputs=N)


def _given(folder: Path, random_: random.Random, n: int) -> str:
    """One or two of `--set`; the second may be a table of the first."""
    taken = 0
    for _ in range(n):
        pairs = [_pair(random_) for _ in range(random_.choice((1, 1, 2)))]
        taken += _judge(
            lambda pairs=pairs: load_settings(
                assignments=[Assignment.parse(f"{a}={b}", origin="from SET") for a, b in pairs]
            ),
            pairs,
        )
    return f"{taken:,} of {n:,} taken as they mean"


def _given_text(alphabet: str, folder: Path, random_: random.Random, n: int) -> str:
    """Texts as names and as values."""
    taken = 0
    for _ in range(n):
        name = random_.choice((random_.choice(NAMES), draw_text(random_, alphabet)))
        pairs = [(name, draw_text(random_, alphabet, longest=60))]
        taken += _judge(
            lambda pairs=pairs: load_settings(
                assignments=[Assignment.parse(f"{a}={b}", origin="from SET") for a, b in pairs]
            ),
            pairs,
        )
    return f"{taken:,} of {n:,} taken"


def _filed(folder: Path, random_: random.Random, n: int) -> str:
    """A settings file of a line or two, whole, cut, or with other bytes."""
    path = folder / "stockseq.toml"
    taken = 0
    for _ in range(n):
        pairs = [_pair(random_) for _ in range(random_.choice((1, 2)))]
        content = "".join(f"{name} = {value}\n" for name, value in pairs).encode("utf-8", "surrogatepass")
        damaged = random_.random() < 0.3
        if damaged:
            at = random_.randrange(len(content))
            content = random_.choice((content[:at], content[:at] + random_.randbytes(3) + content[at:], content * 2))
        path.write_bytes(content)
        taken += _judge(lambda: load_settings(path), [] if damaged else pairs)
    return f"{taken:,} of {n:,} files taken as they mean"


def _pair(random_: random.Random) -> tuple[str, str]:
    name = random_.choice((*NAMES, *TABLES, *(f"{table}.x" for table in TABLES), "training.n_seeds.x", "x" * 3000))
    value = random_.choice(VALUES) if random_.random() < 0.8 else str(random_.randint(-10, 3_000))
    return name, value


def _judge(load: Callable[[], Settings], pairs: list[tuple[str, str]]) -> bool:
    try:
        settings = load()
    except SettingsError as error:
        require_sentence(_shown(str(error)))
        return False
    found = {setting.name: setting.value for setting in describe_settings(settings)}
    for name, written in dict(pairs).items():
        # NAME= without a value takes the default back.
        if name in found and written.strip() and not any(other.startswith(f"{name}.") for other, _ in pairs):
            _require_meant(name, written, found[name])
    return True


def _shown(sentence: str) -> str:
    """Return a sentence as the terminal shows it."""
    return visible(sentence)


def _require_meant(name: str, written: str, found: Any) -> None:
    meant: Any = written.strip()
    with suppress(ValueError, RecursionError):
        parsed = tomllib.loads(f"value = {written}")
        meant = parsed["value"] if parsed.keys() == {"value"} else meant
    words = f"{name} = {written[:80]!r} was taken as {found!r}"
    if isinstance(found, bool):
        assert meant in (found, "true", "false", int(found), float(found), "yes", "no", "t", "f"), words
    elif isinstance(found, int | float) and meant != "":
        assert not isinstance(meant, bool), words
        assert float(meant) == found, words
    elif name in ("tickers", "yahoo.tickers") and found:
        assert all(ticker.lower() in written.lower() for ticker in found), words
    elif isinstance(found, str) and name not in ("label", "history_from", "decision"):
        assert found in (meant, written.strip(), written.strip().upper()), words


def _instants(folder: Path, random_: random.Random, n: int) -> str:
    """An instant is the one that ISO 8601 reads, with its zone, or is refused."""
    taken = 0
    for _ in range(n):
        text = random_.choice(INSTANTS)
        if random_.random() < 0.6:
            at = random_.randrange(len(text))
            text = text[:at] + random_.choice("0123456789-:TZ+. \x00\u202e[") + text[at + random_.choice((0, 1)) :]
        try:
            found = read_now(text)
        except SettingsError as error:
            require_sentence(_shown(str(error)))
            continue
        meant = datetime.fromisoformat(text)
        assert meant.tzinfo is not None, f"{text!r} names no zone and was taken as {found}"
        assert found == meant, f"{text!r} was taken as {found}"
        taken += 1
    return f"{taken:,} of {n:,} were instants"


def _zones(folder: Path, random_: random.Random, n: int) -> str:
    """A zone of stamps is one that exists, and an empty one is not UTC."""
    known = sorted(available_timezones())
    others = (
        "",
        " ",
        "+5",
        "+05:00",
        "UTC+5",
        "America",
        "../UTC",
        "/etc/passwd",
        "dateutil/Europe/London",
        "\0",
        "x" * 9999,
    )
    taken = 0
    for _ in range(n):
        name = random_.choice(known) if random_.random() < 0.5 else random_.choice(others)
        if random_.random() < 0.3:
            name = "".join(random_.sample(name, len(name)))
        try:
            found = load_settings(overrides={"files.timezone": name}).files.timezone
        except SettingsError as error:
            require_sentence(_shown(str(error)))
            continue
        assert found in (name, name.upper()), f"{name!r} was taken as {found!r}"
        ZoneInfo(str(found))
        taken += 1
    return f"{taken:,} of {n:,} were zones"
