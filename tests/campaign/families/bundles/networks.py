"""Bundles whose networks carry code, reach out of their file, or declare what they don't hold."""

import io
import json
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from tests.campaign.families.bundles.foe import Foe, Harm, edit

FILE = "network_0.keras"
CONFIG, WEIGHTS, METADATA = "config.json", "model.weights.h5", "metadata.json"
CLASSES = {
    "a Lambda": {"module": "keras.layers", "class_name": "Lambda", "registered_name": None},
    "a TensorFlow model": {"module": "keras.layers", "class_name": "TFSMLayer", "registered_name": None},
    "the shell": {"module": "os", "class_name": "system", "registered_name": None},
    "its own module": {"module": "evil", "class_name": "X", "registered_name": "evil>X"},
    "a registered name that nobody registered": {"module": None, "class_name": "X", "registered_name": "evil>X"},
    "a layer that reads a file": {"module": "keras.layers", "class_name": "StringLookup", "registered_name": None},
    "a tokenizer": {"module": "keras.layers", "class_name": "TextVectorization", "registered_name": None},
    "a network of a like-named package": {"module": "keras_evil", "class_name": "Functional", "registered_name": None},
    "a private module": {"module": "keras.src.utils.file_utils", "class_name": "get_file", "registered_name": None},
    "a list for a name": {"module": ["os"], "class_name": "system", "registered_name": None},
    "a marshalled function under a known name": {
        "module": None,
        "class_name": "__lambda__",
        "registered_name": "stockseq>HeadlineEmbedding",
    },
    "a function under a known name": {
        "module": "keras.utils",
        "class_name": "function",
        "registered_name": "stockseq>HeadlineEmbedding",
    },
    "a marshalled function": {"module": None, "class_name": "__lambda__", "registered_name": None},
    "a type specification": {"module": None, "class_name": "__typespec__", "registered_name": None},
    "a function": {"module": "builtins", "class_name": "function", "registered_name": "eval"},
}
MEMBERS = (
    "../../evil.py",
    "/tmp/evil.py",
    "assets/vocabulary.txt",
    "evil.py",
    "model.weights.npz",
    "C:\\evil.py",
    "a\0b",
)


def foes() -> list[Foe]:
    """Return a foe per way."""
    return [
        *(Foe(f"a network names {kind}", _edit_config(_swap(part)), "names") for kind, part in CLASSES.items()),
        *(Foe(f"a network holds {name!a}", _add(name)) for name in MEMBERS),
        *(
            Foe(f"a network lacks {name}", _members(lambda held, name=name: held.pop(name)))
            for name in (CONFIG, WEIGHTS)
        ),
        *(Foe(f"a network's {kind}", _edit_config(change)) for kind, change in CONFIGS.items()),
        *(
            Foe(f"a network's weights: {kind}", _edit_weights(change), short=kind == "NaN")
            for kind, change in HARMED.items()
        ),
        *(Foe(f"settings ask for {kind}", _ask(*asked)) for kind, asked in ASKED.items()),
        Foe("a network is no archive", lambda bundle: (bundle / FILE).write_bytes(b"PK no archive")),
        Foe("a network is a pickle", lambda bundle: (bundle / FILE).write_bytes(b"\x80\x04\x8c\x02os\x94.")),
        Foe("a network reads other windows", _reads_other_windows),
        Foe("a network's member comes twice", _twice),
        Foe("a network is packed", _pack(b"")),
        Foe("a network's weights are a bomb", _pack(b"\0" * 300_000_000)),
        Foe("a network declares more bytes than it has", _lie),
        Foe("a network's description is 3,000 brackets", _put(CONFIG, b"[" * 3000 + b"]" * 3000)),
        Foe("a network's description is a list", _put(CONFIG, b"[]")),
        Foe(
            "a network's description names a key twice", _put(CONFIG, b'{"class_name": "Functional", "class_name": 1}')
        ),
        Foe("a network's description is no UTF-8", _put(CONFIG, b"\xff\xfe")),
        Foe("a network's weights are no such file", _put(WEIGHTS, b"\x89HDF\r\n\x1a\n" + b"\0" * 100)),
        Foe("a network's weights are cut", _members(lambda held: held.update({WEIGHTS: held[WEIGHTS][:-5000]}))),
        Foe("a network's weights are empty", _put(WEIGHTS, b"")),
    ]


# A layer of Keras and its options, as the settings of a bundle would have it built.
ASKED = {
    "a TensorFlow model": ("TFSMLayer", {"filepath": "evil"}),
    "a file of words": ("StringLookup", {"vocabulary": "/etc/passwd"}),
    "a tokenizer of a file": ("TextVectorization", {"vocabulary": "/etc/passwd"}),
    "a Lambda": ("Lambda", {"function": "evil"}),
    "an initializer that is the shell": (
        "Dense",
        {"units": 2, "kernel_initializer": {"module": "os", "class_name": "system", "config": {}}},
    ),
    "an initializer that is a TensorFlow model": (
        "Dense",
        {"units": 2, "kernel_initializer": {"module": "keras.layers", "class_name": "TFSMLayer", "config": {}}},
    ),
    "an activation by a function of its own": (
        "Dense",
        {"units": 2, "activation": {"module": "evil", "class_name": "function", "config": "X", "registered_name": "X"}},
    ),
    "layers in a layer": (
        "Pipeline",
        {"layers": [{"module": "evil", "class_name": "X", "config": {}, "registered_name": "evil>X"}]},
    ),
    "a billion units": ("GRU", {"units": 10**9, "return_sequences": True}),
}


def _ask(layer: str, options: dict[str, object]) -> Harm:
    def harm(bundle: Path) -> None:
        name = f"keras.layers:{layer}"
        edit(bundle, "settings.json", lambda said: said["network"].update(before=name, before_options=options))
        edit(bundle, "manifest.json", lambda said: said["layers"].update(before=name))

    return harm


def _read(path: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(path) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def _write(path: Path, held: dict[str, bytes], *, how: int = zipfile.ZIP_STORED) -> None:
    with zipfile.ZipFile(path, "w", how) as archive:
        for name, content in held.items():
            archive.writestr(name, content)


def _members(change: Callable[[dict[str, bytes]], object]) -> Harm:
    def harm(bundle: Path) -> None:
        held = _read(bundle / FILE)
        change(held)
        _write(bundle / FILE, held)

    return harm


def _put(name: str, content: bytes) -> Harm:
    return _members(lambda held: held.update({name: content}))


def _add(name: str) -> Harm:
    return _members(lambda held: held.update({name: b"import os"}))


def _pack(content: bytes) -> Harm:
    def harm(bundle: Path) -> None:
        held = _read(bundle / FILE)
        _write(bundle / FILE, held | ({WEIGHTS: content} if content else {}), how=zipfile.ZIP_DEFLATED)

    return harm


def _twice(bundle: Path) -> None:
    held = _read(bundle / FILE)
    with zipfile.ZipFile(bundle / FILE, "w") as archive:
        for name, content in (*held.items(), (METADATA, b"{}")):
            # Its central directory names it twice; Python only warns.
            archive.filelist.append(archive.filelist[0]) if name in archive.namelist() else archive.writestr(
                name, content
            )


def _lie(bundle: Path) -> None:
    """Let the directory of the archive claim four billion bytes of weights."""
    content = bytearray((bundle / FILE).read_bytes())
    with zipfile.ZipFile(bundle / FILE) as archive:
        size = archive.getinfo(WEIGHTS).file_size.to_bytes(4, "little")
    place = content.rfind(size)
    content[place : place + 4] = (0xFFFFFF00).to_bytes(4, "little")
    (bundle / FILE).write_bytes(bytes(content))


def _reads_other_windows(bundle: Path) -> None:
    """Let a network of one seed read longer windows than the settings say."""
    held = _read(bundle / FILE)
    said = held[CONFIG].decode()
    assert "[null, 3, " in said
    held[CONFIG] = said.replace("[null, 3, ", "[null, 5, ").encode()
    _write(bundle / FILE, held)


def _edit_config(change: Callable[[Any], object]) -> Harm:
    def harm(bundle: Path) -> None:
        held = _read(bundle / FILE)
        said = json.loads(held[CONFIG])
        change(said)
        held[CONFIG] = json.dumps(said).encode()
        _write(bundle / FILE, held)

    return harm


def _layer(said: Any, name: str) -> Any:
    return next(layer for layer in said["config"]["layers"] if layer["config"]["name"] == name)


def _swap(part: dict[str, object]) -> Callable[[Any], object]:
    return lambda said: _layer(said, "indicator_mix").update(part)


CONFIGS: dict[str, Callable[[Any], object]] = {
    "LSTM has a billion units": lambda said: _layer(said, "lstm")["config"].update(units=10**9),
    "LSTM has one unit more": lambda said: _layer(said, "lstm")["config"].update(units=3),
    "LSTM has no units": lambda said: _layer(said, "lstm")["config"].update(units=0),
    "embedding has a billion rows": lambda said: _layer(said, "headlines")["config"].update(vocabulary_size=10**9),
    "embedding has a row more": lambda said: _layer(said, "headlines")["config"].update(vocabulary_size=7),
    "mixtures are a billion": lambda said: _layer(said, "indicator_mix")["config"].update(units=10**9),
    "activation is evil": lambda said: _layer(said, "direction")["config"].update(activation="evil"),
    "type is evil": lambda said: _layer(said, "direction")["config"].update(dtype="evil"),
    "layers are none": lambda said: said["config"].update(layers=[]),
    "head is missing": lambda said: said["config"]["output_layers"].pop("return"),
    "head has another name": lambda said: said["config"]["output_layers"].update(
        evil=said["config"]["output_layers"].pop("return")
    ),
    "initializer names the shell": lambda said: _layer(said, "direction")["config"]["kernel_initializer"].update(
        module="os", class_name="system"
    ),
    "regularizer names evil": lambda said: _layer(said, "direction")["config"].update(
        kernel_regularizer={"module": "evil", "class_name": "X", "config": {}, "registered_name": "evil>X"}
    ),
    "class is a sequence": lambda said: said.update(class_name="Sequential", module="keras"),
}


def _edit_weights(change: Callable[[Any], object]) -> Harm:
    def harm(bundle: Path) -> None:
        held = _read(bundle / FILE)
        kept = io.BytesIO(held[WEIGHTS])
        with h5py.File(kept, "r+") as file:
            change(file)
        held[WEIGHTS] = kept.getvalue()
        _write(bundle / FILE, held)

    return harm


PLACE = "layers/transposed_lstm/cell/vars/0"


def _replace(**how: Any) -> Callable[[Any], object]:
    def change(file: Any) -> None:
        given = {"data": file[PLACE][()]} | how if "shape" not in how else how
        del file[PLACE]
        file.create_dataset(PLACE, **given)

    return change


def _fill(value: float) -> Callable[[Any], object]:
    def change(file: Any) -> None:
        file[PLACE][0, 0] = value

    return change


def _link(link: object) -> Callable[[Any], object]:
    def change(file: Any) -> None:
        del file[PLACE]
        file[PLACE] = link

    return change


def _virtual(file: Any) -> None:
    layout = h5py.VirtualLayout(shape=file[PLACE].shape, dtype="f4")
    layout[:] = h5py.VirtualSource("/etc/passwd", "x", shape=file[PLACE].shape)
    del file[PLACE]
    file.create_virtual_dataset(PLACE, layout)


def _loop(file: Any) -> None:
    file["layers/lstm/again"] = file["layers"]


HARMED: dict[str, Callable[[Any], object]] = {
    "NaN": _fill(float("nan")),
    "an infinity": _fill(float("inf")),
    "another shape": _replace(data=np.zeros((3, 3), np.float32)),
    "the shape turned": _replace(data=np.zeros((8, 9), np.float32)),
    "a number alone": _replace(data=np.float32(1)),
    "text": _replace(data="evil"),
    "complex numbers": _replace(data=np.zeros((9, 8), np.complex64)),
    "a billion that it doesn't hold": _replace(shape=(10**9, 8), dtype="f4"),
    "a bomb that is packed": _replace(shape=(10_000, 1000), dtype="f4", compression="gzip", fillvalue=0),
    "in the file of passwords": _replace(shape=(9, 8), dtype="f4", external=[("/etc/passwd", 0, 288)]),
    "a link to another file": _link(h5py.ExternalLink("/etc/passwd", "/x")),
    "a link to another place": _link(h5py.SoftLink("/layers/dense/vars/0")),
    "a view of another file": _virtual,
    "a loop": _loop,
    "one too many": lambda file: file.create_dataset("layers/evil/vars/0", data=np.zeros(3, np.float32)),
    "one too few": lambda file: file.__delitem__(PLACE),
    "none": lambda file: file.__delitem__("layers"),
}
