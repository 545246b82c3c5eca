"""A built site that would ask a network is refused."""

import pytest

from docs.scripts.check_site import find_foreign


@pytest.mark.parametrize(
    "loaded",
    [
        '<link rel="stylesheet" href="https://fonts.example/a.css">',
        '<script src="//cdn.example/a.js"></script>',
        '<img src="http://example/a.png">',
        '<style>@import "https://example/a.css";</style>',
        '<p style="background: url(https://example/a.png)">',
    ],
)
def test_what_a_page_loads_from_elsewhere_is_found(tmp_path, loaded):
    """Fonts, scripts, pictures and styles, each by its own attribute."""
    (tmp_path / "index.html").write_text(f"<html>{loaded}</html>", encoding="utf-8")
    assert len(list(find_foreign(tmp_path))) == 1


def test_links_that_a_reader_follows_and_files_beside_the_page_pass(tmp_path):
    """An address in the text loads nothing."""
    kept = '<a href="https://example">x</a><img src="pictures/a.webp"><link rel="canonical" href="https://example/">'
    (tmp_path / "index.html").write_text(f"<p>url(https://example)</p>{kept}", encoding="utf-8")
    (tmp_path / "a.css").write_text("a { background: url(data:image/png;base64,xyz) }", encoding="utf-8")
    assert list(find_foreign(tmp_path)) == []
    (tmp_path / "b.css").write_text("a { background: url('https://example/b.png') }", encoding="utf-8")
    assert [address for _, address in find_foreign(tmp_path)] == ["https://example/b.png"]
