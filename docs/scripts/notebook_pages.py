"""A hook of mkdocs: each notebook becomes a page of its text, its code and what the code printed."""

import json
from pathlib import Path
from typing import Any

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page


class NotebookFile(File):
    """A notebook under its own name, so that a link to it works on GitHub and in the site."""

    def is_documentation_page(self) -> bool:
        """Return True: it is read as Markdown, and not copied."""
        return True


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Take each notebook for a page."""
    for file in [file for file in files if file.src_uri.endswith(".ipynb")]:
        files.remove(file)
        files.append(NotebookFile(file.src_uri, config.docs_dir, config.site_dir, config.use_directory_urls))
    return files


def on_page_read_source(page: Page, config: MkDocsConfig) -> str | None:
    """Return a notebook as Markdown; any other page is read as ever."""
    if not page.file.src_uri.endswith(".ipynb"):
        return None
    notebook = json.loads(Path(config.docs_dir, page.file.src_uri).read_text(encoding="utf-8"))
    return "\n\n".join(_markdown(cell) for cell in notebook["cells"])


def _markdown(cell: dict[str, Any]) -> str:
    source = "".join(cell["source"])
    if cell["cell_type"] == "markdown":
        return source
    printed = "".join("".join(output.get("text", "")) for output in cell["outputs"])
    blocks = [f"```python\n{source}\n```"] + ([f"```text\n{printed.rstrip()}\n```"] if printed else [])
    return "\n\n".join(blocks)
