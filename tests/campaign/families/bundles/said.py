"""Bundles whose JSON can't be read in one way, or says what can't be."""

from pathlib import Path

from tests.campaign.families.bundles.foe import Foe, Harm, edit, put

FILES = ("manifest.json", "settings.json", "scaler.json", "vocabulary.json")
TEXTS = {
    "nothing": b"",
    "null": b"null",
    "a list": b"[]",
    "a number": b"7",
    "half an object": b'{"a": ',
    "3,000 brackets": b"[" * 3000 + b"]" * 3000,
    "3,000 braces": b'{"a":' * 3000 + b"1" + b"}" * 3000,
    "100,000 open brackets": b"[" * 100_000,
    "bytes that are no UTF-8": b"\xff\xfe\x00{",
    "half a surrogate": b'{"a": "\\ud800"}',
}
# Put in front of what the file says, behind its first brace.
INSERTED = {
    "a key twice": None,
    "NaN": b'"more": NaN,',
    "an infinity": b'"more": -Infinity,',
    "1e999": b'"more": 1e999,',
    "a whole number of 400 digits": b'"more": ' + b"9" * 400 + b",",
    "a whole number of 5,000 digits": b'"more": ' + b"9" * 5000 + b",",
    "a name that no schema knows": b'"more": 1,',
}
SETTINGS = {
    "median_volatility": (0.0, -0.01, 1e400, None, "0.02x", [0.02]),
    "trained_through": (
        "NaT", "", "nan", "9999-12-31", "0001-01-01", "2024-02-30", "now", "today", "2024-11-27T15:00:00",
        "2024-11-27T00:00:00+05:00", "20241127", "1/2/2024", "２０２４-11-27", 20241127, None,
    ),
    "names": ([], ["a"], "abc", [""], [" "], ["a\nb"], None, [1, 2]),
    "training.n_seeds": (1, 3, 0, -1, 10**9, 10**18, 2.5, "two"),
    "training.seed": (-1, 1, 10**18, None),
    "network.lookback": (0, 251, 4, 1),
    "network.units": (0, -1, "x"),
    "network.heads": ([], ["direction", "direction"], ["evil"], ["return"]),
    "network.tokens_per_headline": (0, 10**15, 7),
    "network.headlines_per_session": (-1, 10**15, 3),
    "network.text_reader": ("evil", None),
    "network.relative_head": (False, "maybe"),
    "network.evil": (1,),
    "calibration.quantile_80": (0, -1, 99, None),
    "calibration.freedom": (0, -3),
    "record.seeds": ([{"seed": 0, "n_epochs": 1, "best_epoch": 1, "train_loss": 1, "validation_loss": 1}] * 2,),
}  # fmt: skip
SCALER = {
    "centre": ([], [0.0], [0.0] * 1000, None, "0", {}),
    "spread": ([], [1.0], None),
    "limit": (0, -5, None, "5", True),
}


def foes() -> list[Foe]:
    """Return a foe per file and text, and one per value that can't be."""
    texts = [
        Foe(f"{file} is {kind}", _be(file, text), signed=file != "manifest.json")
        for file in FILES
        for kind, text in TEXTS.items()
    ]
    inserted = [
        Foe(f"{file} holds {kind}", _insert(file, text), signed=file != "manifest.json")
        for file in FILES
        for kind, text in INSERTED.items()
    ]
    settings = [
        Foe(f"{where} is {str(value)[:40]!a} (number {number})", put("settings.json", where, value))
        for where, values in SETTINGS.items()
        for number, value in enumerate(values)
    ]
    scaler = [
        Foe(f"the scaler's {where} is {str(value)[:40]!a} (number {number})", put("scaler.json", where, value))
        for where, values in SCALER.items()
        for number, value in enumerate(values)
    ]
    return [
        *texts,
        *inserted,
        *settings,
        *scaler,
        Foe("the scaler lacks a feature", _short_scaler, "scaler learnt", short=True),
        Foe("the scaler has a negative spread", _change("scaler.json", "spread", 0, -1.0)),
        Foe("the scaler has a text for a number", _change("scaler.json", "centre", 0, "0.5")),
        Foe("the scaler has true for a number", _change("scaler.json", "centre", 0, True)),
        Foe("a feature is named twice", _twice, "named twice"),
        Foe("a word more than the network embeds", _words(lambda words: words.append("zzzz")), "embeds"),
        Foe("a word less than the network embeds", _words(lambda words: words.pop()), "embeds"),
        Foe("no word at all", _words(lambda words: words.clear()), "embeds"),
        Foe("a word twice", _words(lambda words: words.append(words[0]))),
        Foe("a word that is a number", _words(lambda words: words.append(7))),
        Foe(
            "the manifest names layers that the settings don't", put("manifest.json", "layers", {"after": "projection"})
        ),
        Foe("the manifest is of another format", put("manifest.json", "format", "stockseq-model-9")),
    ]


def _be(file: str, text: bytes) -> Harm:
    return lambda bundle: (bundle / file).write_bytes(text)


def _insert(file: str, text: bytes | None) -> Harm:
    def harm(bundle: Path) -> None:
        said = (bundle / file).read_bytes().strip()
        doubled = said[1:-1].strip() + b"," if text is None else text
        (bundle / file).write_bytes(b"{" + doubled + said[1:])

    return harm


def _change(file: str, name: str, place: int, value: object) -> Harm:
    return lambda bundle: edit(bundle, file, lambda said: said[name].__setitem__(place, value))


def _short_scaler(bundle: Path) -> None:
    edit(bundle, "scaler.json", lambda said: (said["centre"].pop(), said["spread"].pop()))


def _twice(bundle: Path) -> None:
    edit(bundle, "settings.json", lambda said: said["names"].__setitem__(1, said["names"][0]))


def _words(change: object) -> Harm:
    return lambda bundle: edit(bundle, "vocabulary.json", lambda said: change(said["tokens"]))
