"""Headlines are stored printable and read as a keyboard would have written them."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from stockseq.headline_text import clean_address, clean_text, plain_text


@pytest.mark.parametrize(
    ("text", "clean"),
    [
        ("Kola \x1b[2J\x1b[1;1H\x1b[32mrises 99 %\x1b[0m", "Kola rises 99 %"),
        ("Kola \x1b]0;title taken\x07 falls", "Kola falls"),
        ("Kola \x1b]8;;https://x.example\x1b\\link\x1b]8;;\x1b\\ up", "Kola link up"),
        ("Kola\r\nP(up) 99.9%\nfalls\u2028now", "Kola P(up) 99.9% falls now"),
        ("Kola \0 nul and \x9b31m C1", "Kola nul and C1"),
        ("\u202eesir lliw aloK\u202c", "esir lliw aloK"),
        ("dis\u00adappoint\u200b \ufeffx", "disappoint x"),
        ("half \ud83d pair", "half pair"),
        ("won&#39;t &rsquo; &amp;#39; &amp;amp; A", "won't ’ ' & A"),
        ("&#27;[31mred&#x1b;[0m", "red"),
        ("AT&T, S&P 500, R&D; Q&A &copyright", "AT&T, S&P 500, R&D; Q&A &copyright"),
        ("&lt;b&gt;bold&lt;/b&gt;", "<b>bold</b>"),
        ("👨\u200d👩\u200d👧 up – كولا 株価", "👨\u200d👩\u200d👧 up – كولا 株価"),
        ("\u00a0 a\u3000b ", "a b"),
    ],
)
def test_text_is_stored_printable_with_its_entities_decoded(text: str, clean: str) -> None:
    """It goes to terminals, tables and pages; what can't be seen there must not act there."""
    assert clean_text(text) == clean
    assert clean_text(clean) == clean


@given(st.text(max_size=60))
@example("&#27;&#91;31m")
@example("\x1b\x1b[[31m")
def test_no_text_keeps_a_control_code(text: str) -> None:
    """Whatever a stranger writes."""
    clean = clean_text(text)
    assert not any(letter < " " or "\x7f" <= letter <= "\x9f" or "\u202a" <= letter <= "\u202e" for letter in clean)
    assert clean == " ".join(clean.split())


def test_what_is_no_text_is_empty_and_an_address_has_no_blanks() -> None:
    """Numbers and None come from JSON."""
    assert [clean_text(value) for value in (None, 17, ["x"])] == ["", "", ""]
    assert clean_address("https://n.example/a\x1b[31m\r\nb") == "https://n.example/ab"
    assert clean_address(None) == ""


@pytest.mark.parametrize(
    "sign", ["'", "\u2019", "\u2018", "\u02bc", "\u00b4", "`", "\uff07", "&#39;", "&rsquo;", "&apos;"]
)
def test_every_apostrophe_reads_as_the_one_of_a_keyboard(sign: str) -> None:
    """A lexicon holds "won't" in one spelling."""
    assert plain_text(f"Kola won{sign}t “disappoint” ﬁve".replace("“", '"').replace("”", "\u201d")) in (
        'Kola won\'t "disappoint" five',
        f'Kola won{sign}t "disappoint" five',
    )
    assert plain_text(f"é won{sign}t") == "é won't"
