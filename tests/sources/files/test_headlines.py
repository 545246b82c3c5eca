"""Headlines out of tables: stamps, zones and what is no headline."""

import json

import pandas as pd
import pytest

from stockseq.errors import SettingsError, SourceError
from tests.sources.files.price_files import (
    HEADLINES,
    headlines_of,
    put,
    reasons,
)


def test_stamps_with_a_zone_are_instants_and_bare_dates_are_known_at_their_end(tmp_path):
    """15:45 in New York is 20:45 UTC; 11-29 ends there at 04:59:59.999999 UTC of the 30th."""
    rows = headlines_of(put(tmp_path, "headlines.csv", HEADLINES)).headlines
    assert rows["published_at"].tolist() == [
        pd.Timestamp("2024-11-27 20:45", tz="UTC"),
        pd.Timestamp("2024-11-30 04:59:59.999999", tz="UTC"),
        pd.Timestamp("2024-12-02 14:00", tz="UTC"),
    ]
    assert rows["date_only"].tolist() == [False, True, False]
    assert rows["first_seen_at"].isna().all()


def test_stamps_without_a_zone_are_refused_until_one_is_declared(tmp_path):
    """Five hours are the difference between before and after the close."""
    text = "ticker,published_at,headline\nKOLA,2024-11-27 15:45:00,Kola rises\n"
    with pytest.raises(
        SourceError, match=r"stamps that name no time zone \(1 of \d\), first 2024-11-27 15:45:00; set files.timezone"
    ):
        headlines_of(put(tmp_path, "headlines.csv", text))
    rows = headlines_of(put(tmp_path, "headlines.csv", text), timezone="America/New_York").headlines
    assert rows["published_at"].tolist() == [pd.Timestamp("2024-11-27 20:45", tz="UTC")]
    with pytest.raises(SettingsError, match="is expected, received 'Mars/Base'"):
        headlines_of(put(tmp_path, "headlines.csv", text), timezone="Mars/Base")


def test_a_clock_time_that_comes_twice_is_taken_as_the_later(tmp_path):
    """1:30 on 2024-11-03 in New York is 05:30 or 06:30 UTC: a headline must not be early. 2:30 on 03-10 never was."""
    text = "ticker,published_at,headline\nKOLA,2024-11-03 01:30:00,twice\nKOLA,2024-03-10 02:30:00,never\n"
    rows = headlines_of(put(tmp_path, "headlines.csv", text), timezone="America/New_York").headlines
    assert rows["published_at"].tolist() == [
        pd.Timestamp("2024-03-10 07:00", tz="UTC"),
        pd.Timestamp("2024-11-03 06:30", tz="UTC"),
    ]


def test_naive_stamps_of_parquet_are_refused_too_and_dates_of_parquet_are_dates(tmp_path):
    """A column of midnights is a column of dates; times need their zone."""
    rows = pd.DataFrame(
        {"ticker": "KOLA", "published_at": pd.to_datetime(["2024-11-29", "2024-11-27"]), "headline": ["a", "b"]}
    )
    path = tmp_path / "headlines.parquet"
    rows.to_parquet(path)
    assert headlines_of(path).headlines["date_only"].all()
    rows.assign(published_at=rows["published_at"] + pd.Timedelta(hours=9)).to_parquet(path)
    with pytest.raises(SourceError, match="name no time zone"):
        headlines_of(path)
    rows.assign(published_at=rows["published_at"].dt.date).to_parquet(path)
    assert headlines_of(path).headlines["date_only"].all()


def test_headlines_that_cannot_be_used_are_left_out_and_counted(tmp_path):
    """The future, the unreadable, the empty, the repeated, and tickers that are none."""
    text = """ticker,published_at,headline,url
KOLA,2024-12-02T10:00:00Z,good,u1
KOLA,2024-12-02T10:00:00Z,good,u1
KOLA,2025-12-02T10:00:00Z,future,u2
KOLA,yesterday,unreadable,u3
KOLA,2024-12-02T25:00:00Z,no such hour,u4
KOLA,2024-12-02T10:00:00Z,  ,u5
../../x,2024-12-02T10:00:00Z,path,u6
"""
    read = headlines_of(put(tmp_path, "headlines.csv", text))
    assert read.headlines["text"].tolist() == ["good"]
    assert reasons(read) == {
        "headline repeated": 1,
        "published after now": 1,
        "published_at not readable, such as 'yesterday'": 2,
        "empty text": 1,
        "not a ticker": 1,
    }


def test_first_seen_at_is_kept_where_the_file_has_it(tmp_path):
    """It is the instant from which a headline may be used."""
    text = """ticker,published_at,headline,first_seen_at
KOLA,2024-12-02T10:00:00Z,seen,2024-12-02T11:00:00Z
KOLA,2024-12-02T10:00:00Z,not,
"""
    rows = headlines_of(put(tmp_path, "headlines.csv", text)).headlines.set_index("text")
    assert rows["first_seen_at"]["seen"] == pd.Timestamp("2024-12-02 11:00", tz="UTC")
    assert pd.isna(rows["first_seen_at"]["not"])


def test_the_text_of_a_headline_is_kept_as_it_is(tmp_path):
    """Markup, emoji, right-to-left text, a lone surrogate (which can't be stored) and 2,000 letters."""
    texts = ["<b>null</b>", "null and void", "🚀 up", "שלום", "x" * 2_000]
    lines = [json.dumps({"ticker": "KOLA", "published_at": "2024-12-02T10:00:00Z", "headline": text}) for text in texts]
    lines.append('{"ticker": "KOLA", "published_at": "2024-12-02T10:00:00Z", "headline": "half \\ud83d pair"}')
    path = put(tmp_path, "headlines.jsonl", "\n".join(lines))
    rows = headlines_of(path).headlines
    assert set(rows["text"]) == {*texts, "half ? pair"}


def test_words_for_nothing_and_articles_are_no_headlines(tmp_path):
    """What a program writes for a missing cell says nothing; 2,001 letters are a body."""
    texts = ["NaN", "null", "N/A", "None", "-", "x" * 2_001, "good"]
    lines = [json.dumps({"ticker": "KOLA", "published_at": "2024-12-02T10:00:00Z", "headline": text}) for text in texts]
    read = headlines_of(put(tmp_path, "headlines.jsonl", "\n".join(lines)))
    assert read.headlines["text"].tolist() == ["good"]
    assert reasons(read) == {"empty text": 5, "text longer than 2,000 characters, so no headline": 1}


@pytest.mark.parametrize(
    ("preset", "text"),
    [
        ("fnspid", "Date,Article_title,Stock_symbol,Url,Publisher\n2023-12-16 13:00:00 UTC,Kola rises,KOLA,u,p\n"),
        ("kaggle_ratings", ",title,date,stock\n0,Kola rises,2023-12-16 18:00:00-05:00,KOLA\n"),
        ("kaggle_ratings", ",headline,url,publisher,date,stock\n0,Kola rises,u,p,2023-12-16 18:00:00-05:00,KOLA\n"),
    ],
)
def test_presets_know_public_layouts(tmp_path, preset, text):
    """23:00 UTC, 18:00 in New York, which FNSPID calls 13:00 UTC; Kaggle has two files, with two headers."""
    rows = headlines_of(put(tmp_path, "headlines.csv", text), preset=preset).headlines
    assert rows["ticker"].tolist() == ["KOLA"]
    assert rows["text"].tolist() == ["Kola rises"]
    assert rows["published_at"].tolist() == [pd.Timestamp("2023-12-16 23:00", tz="UTC")]


def test_a_first_sight_that_cannot_be_read_costs_the_headline(tmp_path):
    """Without it the headline would count from its publication, eleven hours before anyone here saw it."""
    text = """ticker,published_at,headline,first_seen_at
KOLA,2024-12-02T10:00:00Z,milliseconds,1733173200000
KOLA,2024-12-02T10:00:00Z,mail,"Mon, 02 Dec 2024 21:00:00 GMT"
KOLA,2024-12-02T10:00:00Z,american,12/02/2024 21:00
KOLA,2024-12-02T10:00:00Z,words,in the evening
"""
    read = headlines_of(put(tmp_path, "headlines.csv", text))
    assert set(read.headlines["text"]) == {"mail", "milliseconds"}
    assert (read.headlines["first_seen_at"] == pd.Timestamp("2024-12-02 21:00", tz="UTC")).all()
    assert reasons(read) == {"first_seen_at not readable, such as '12/02/2024 21:00'": 2}


def test_two_headlines_are_the_same_by_id_or_by_text_and_stamp(tmp_path):
    """A landing page is the address of many stories; the sight that came first is the true one."""
    text = """ticker,published_at,headline,url,id,first_seen_at
KOLA,2024-12-02T10:00:00Z,one,https://n.example/,,
KOLA,2024-12-02T11:00:00Z,one,https://n.example/,,
KOLA,2024-12-02T10:00:00Z,one,https://n.example/other,,
KOLA,2024-12-02T10:00:00Z,two,,a,2024-12-02T14:00:00Z
KOLA,2024-12-02T10:05:00Z,two,,a,2024-12-02T12:00:00Z
KOLA,2024-12-02T10:05:00Z,two,,b,2024-12-02T13:00:00Z
"""
    read = headlines_of(put(tmp_path, "headlines.csv", text))
    assert read.headlines[["text", "published_at"]].to_numpy().tolist() == [
        ["one", pd.Timestamp("2024-12-02 10:00", tz="UTC")],
        ["two", pd.Timestamp("2024-12-02 10:05", tz="UTC")],
        ["one", pd.Timestamp("2024-12-02 11:00", tz="UTC")],
    ]
    assert reasons(read) == {"headline repeated": 3}


def test_text_is_stored_printable_and_tickers_in_capitals(tmp_path):
    """What a terminal obeys, a page decodes or a reader can't see is no part of a headline."""
    line = {"ticker": "kola", "published_at": "2024-12-02T10:00:00Z", "publisher": "A&amp;B", "url": "https://a.b/\n"}
    line["headline"] = "Kola \x1b[2J\x1b]0;title\x07won&rsquo;t\r\nfall\u202e"
    path = put(tmp_path, "headlines.jsonl", json.dumps(line) + '\n{"published_at": "2024-12-02", "headline": "x"}')
    read = headlines_of(path)
    row = read.headlines.iloc[0]
    assert row[["ticker", "text", "publisher", "url"]].tolist() == ["KOLA", "Kola won’t fall", "A&B", "https://a.b/"]
    assert reasons(read) == {"no ticker": 1}


def test_the_source_names_the_preset_that_read_a_row(tmp_path):
    """So that rows of a clock that proves wrong later can be found."""
    text = "Date,Article_title,Stock_symbol\n2023-12-16 13:00:00 UTC,Kola rises,KOLA\n"
    path = put(tmp_path, "headlines.csv", text)
    assert headlines_of(path, preset="fnspid").headlines["source"].tolist() == ["files:fnspid"]
