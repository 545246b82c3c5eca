"""Run the notebooks and save what they print: `python -m docs.scripts.notebooks`, and the tests run them by it."""

import ast
import json
import os
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, redirect_stdout
from io import StringIO
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parents[1] / "notebooks"
WRITE_FILE = "%%writefile "


def run_notebook(path: Path, folder: Path, *, sizes: str | None = None) -> list[str]:
    """Run a notebook's code in one process and return what each code cell printed.

    Parameters
    ----------
    path : Path
        Of an .ipynb file; the first code cell sets the sizes.
    folder : Path
        Where it runs, and writes its modules.
    sizes : str, optional
        In place of the first code cell.

    Raises
    ------
    Exception
        What a cell raises.
    """
    sources = [source for source, _ in code_cells(json.loads(path.read_text(encoding="utf-8")))]
    if sizes is not None:
        sources[0] = sizes
    scope: dict[str, Any] = {"__name__": path.stem}
    with _working_in(folder):
        return [_run_cell(source, scope) for source in sources]


def code_cells(notebook: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Return source and saved text of each code cell."""
    cells = [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]
    return [("".join(cell["source"]), "".join("".join(output["text"]) for output in cell["outputs"])) for cell in cells]


def save_outputs(path: Path) -> None:
    """Run a notebook as it stands and write what its cells printed into it."""
    with tempfile.TemporaryDirectory() as folder:
        printed = run_notebook(path, Path(folder))
    notebook = json.loads(path.read_text(encoding="utf-8"))
    cells = [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]
    for cell, text in zip(cells, printed, strict=True):
        lines = text.splitlines(keepends=True)
        cell["outputs"] = [{"name": "stdout", "output_type": "stream", "text": lines}] if lines else []
    path.write_text(json.dumps(notebook, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


@contextmanager
def _working_in(folder: Path) -> Iterator[None]:
    before = Path.cwd()
    os.chdir(folder)
    sys.path.insert(0, str(folder))
    try:
        yield
    finally:
        sys.path.remove(str(folder))
        os.chdir(before)


def _run_cell(source: str, scope: dict[str, Any]) -> str:
    """Run a cell as Jupyter does: the value of its last line is shown, and a cell of `%%writefile` is written."""
    if source.startswith(WRITE_FILE):
        head, text = source.split("\n", 1)
        Path(head.removeprefix(WRITE_FILE)).write_text(text + "\n", encoding="utf-8")
        return ""
    body = ast.parse(source).body
    last = body.pop() if body and isinstance(body[-1], ast.Expr) else None
    with redirect_stdout(StringIO()) as printed:
        exec(compile(ast.Module(body, []), "cell", "exec"), scope)  # noqa: S102
        if last is not None:
            value = eval(compile(ast.Expression(last.value), "cell", "eval"), scope)  # noqa: S307
            if value is not None:
                print(repr(value))  # noqa: T201
    return printed.getvalue()


if __name__ == "__main__":
    for notebook in sys.argv[1:] or sorted(map(str, FOLDER.glob("*.ipynb"))):
        save_outputs(Path(notebook))
