"""Writes a page that needs no network: index.html from a template, with its scripts and plotly.js next to it."""

import os
from collections.abc import Mapping
from functools import lru_cache
from importlib.resources import files
from pathlib import Path

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from stockseq.printable import visible
from stockseq.report import format as wording

# Styles are inline because plotly.js writes inline styles; scripts are only the files next to the page.
CONTENT_SECURITY_POLICY = (
    "default-src 'none'; script-src 'self' file:; style-src 'unsafe-inline'; img-src data:; "
    "base-uri 'none'; form-action 'none'"
)

# Scripts beside every page.
SCRIPTS = ("page.js", "tables.js")

# A stylesheet a subject, in the order of the cascade.
STYLES = ("frame", "verdict", "outlook", "tickers", "figures", "tables", "book", "account", "runs", "layers")


def write_page(
    template: str, context: Mapping[str, object], folder: Path, *, beside: Mapping[str, str] | None = None
) -> Path:
    """Write the page and what it needs, and return the path of its index.html.

    Parameters
    ----------
    template : str
        A template of this package that extends frame.html.
    context : mapping
        What the template names; a name that is missing raises jinja2's `UndefinedError`.
    folder : Path
        Created where missing; index.html, its scripts and plotly.min.js are replaced, each in one step.
    beside : mapping of path to content, optional
        Further files of the page, by their path in the folder.

    Raises
    ------
    OSError
        If the folder can't be written.
    """
    from plotly.offline import get_plotlyjs

    folder.mkdir(parents=True, exist_ok=True)
    _replace(folder / "plotly.min.js", get_plotlyjs())
    for script in SCRIPTS:
        _replace(folder / script, asset(script))
    for name, content in (beside or {}).items():
        (folder / name).parent.mkdir(exist_ok=True)
        _replace(folder / name, content)
    page = _environment().get_template(template).render(policy=CONTENT_SECURITY_POLICY, **context)
    return _replace(folder / "index.html", page)


@lru_cache(maxsize=1)
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("stockseq.report"),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=_seen,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    # Figures write None for what is missing; a NaN that slips through must fail here and not in the browser.
    environment.policies["json.dumps_kwargs"] = {"allow_nan": False, "separators": (",", ":")}
    environment.filters |= {
        "session": wording.session,
        "instant": wording.instant,
        "text": wording.text,
        "count": wording.count,
    }
    environment.globals["css"] = "\n".join(asset(f"styles/{name}.css") for name in STYLES)
    return environment


def _seen(value: object) -> object:
    """Return what the template writes: a direction mark would turn round what stands beside it on the page."""
    return visible(value, lines=True) if isinstance(value, str) and not isinstance(value, Markup) else value


def asset(name: str) -> str:
    """Return a file of the templates."""
    return (files("stockseq.report") / "templates" / name).read_text(encoding="utf-8")


def _replace(path: Path, content: str) -> Path:
    encoded = content.encode("utf-8")
    # plotly.js is most of a page's bytes, and a page that is drawn again has it already.
    if path.is_file() and path.stat().st_size == len(encoded) and path.read_bytes() == encoded:
        return path
    # Two processes may write the list of runs at once.
    partial = path.with_name(f".partial-{os.getpid()}-{path.name}")
    partial.write_bytes(encoded)
    os.replace(partial, path)
    return path
