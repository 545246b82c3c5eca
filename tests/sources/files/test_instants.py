"""What a column of stamps means: zones, units, dates in disguise, and the presets' clocks."""

import datetime as dt

import pandas as pd
import pytest

from stockseq.errors import SourceError
from stockseq.sources.files import FilesSettings
from stockseq.sources.files.bar_dates import read_dates
from stockseq.sources.files.instants import Instants, read_instants
from stockseq.sources.files.source import read_bars_file
from tests.sources.files.price_files import NOW, headlines_of

NEW_YORK = "America/New_York"
NINE = pd.Timestamp("2024-12-02 21:00", tz="UTC")


def read(*stamps: object, timezone: str | None = None, exchange: str = NEW_YORK, preset: str = "none") -> Instants:
    values = stamps[0] if isinstance(stamps[0], pd.Series) else pd.Series(list(stamps), dtype=object)
    return read_instants(values, name="h.csv: at", timezone=timezone, exchange_timezone=exchange, preset=preset)


def sessions_of(values: pd.Series, exchange: str = NEW_YORK) -> list[str]:
    return read_dates(values, timezone=exchange)[0].dt.strftime("%m-%d").tolist()


@pytest.mark.parametrize(
    "stamp",
    [
        "2024-12-02T21:00:00Z",
        "2024-12-02 21:00:00 UTC",
        "2024-12-02 21:00+00",
        "2024-12-02T21:00:00.000+0000",
        "2024-12-02T16:00:00-05:00",
        "2024-12-02 16:00:00 -0500",
        "2024-12-03T02:30:00+05:30",
        "20241202T210000Z",
        "2024-12-02T21:00:00,000Z",
        "2024-12-02T16:00:00-05:00[America/New_York]",
        "Mon, 02 Dec 2024 21:00:00 GMT",
        "2 Dec 2024 16:00 -0500",
        "Mon, 02 Dec 2024 16:00:00 EST",
        "Mon, 02 Dec 2024 21:00:00 +0000 (UTC)",
        "1733173200",
        "1733173200.0",
        "1733173200000",
        "1733173200000000",
        1733173200,
        1733173200000.0,
        pd.Timestamp("2024-12-02 16:00", tz=NEW_YORK),
    ],
)
def test_every_usual_way_of_writing_an_instant_is_read(stamp: object) -> None:
    """21:00 UTC, 16:00 in New York."""
    result = read(stamp)
    assert result.instants.tolist() == [NINE]
    assert not result.date_only.any()


@pytest.mark.parametrize(
    "stamp",
    [
        *("yesterday", "12/02/2024 21:00", "02.12.2024", "2024-13-02", "2024-12-02T25:00Z", "2024-12-02T21:00+25:00"),
        *("0", "17331732", "-1733173200", "1.73317E+12", "Dec 2, 2024", "2024-12-02T21:00:00 CET", True, {"at": 1}),
    ],
)
def test_what_is_not_an_instant_is_said_to_be_unreadable(stamp: object) -> None:
    """A guess could be wrong by hours, or by months."""
    result = read(stamp, "2024-12-02T21:00:00Z", None, "", "NaT", float("nan"))
    assert result.unreadable.tolist() == [True, False, False, False, False, False]
    assert result.instants.isna().tolist() == [True, False, True, True, True, True]
    assert result.example == str(stamp)


def test_the_units_of_epochs_are_told_apart_and_said() -> None:
    """No number lies between 1980 and 2100 in two units."""
    assert read("1733173200", 1733173200000, "1733173200001").notes == (
        "h.csv: at: numbers are read as seconds (1) and milliseconds (2) since 1970.",
    )


MIDNIGHTS = {
    "naive": pd.Series(["2024-11-29 00:00:00", "2024-07-01T00:00"]),
    "Z": pd.Series(["2024-11-29T00:00:00Z", "2024-07-01T00:00:00Z"]),
    "+00:00": pd.Series(["2024-11-29 00:00:00+00:00", "2024-07-01 00:00:00+00:00"]),
    "UTC": pd.Series(["2024-11-29 00:00:00 UTC", "2024-07-01 00:00:00 UTC"]),
    "offsets": pd.Series(["2024-11-29 00:00:00-05:00", "2024-07-01 00:00:00-04:00"]),
    "New York in UTC": pd.Series(["2024-11-29T05:00:00Z", "2024-07-01T04:00:00Z"]),
    "UTC in New York": pd.Series(["2024-11-28 19:00:00-05:00", "2024-06-30 20:00:00-04:00"]),
    "mail": pd.Series(["Fri, 29 Nov 2024 00:00:00 GMT", "Mon, 01 Jul 2024 00:00:00 GMT"]),
    "epoch": pd.Series([1732838400, 1719792000]),
    "milliseconds": pd.Series([1732838400000.0, 1719792000000.0]),
    "times": pd.Series(pd.to_datetime(["2024-11-29", "2024-07-01"])),
    "aware times": pd.Series(pd.to_datetime(["2024-11-29", "2024-07-01"], utc=True).as_unit("ns")),
    "times moved": pd.Series(pd.to_datetime(["2024-11-29", "2024-07-01"], utc=True).tz_convert(NEW_YORK)),
    "dates": pd.Series([dt.date(2024, 11, 29), dt.date(2024, 7, 1)]),
    "compact": pd.Series([20241129, 20240701]),
}


@pytest.mark.parametrize("stamps", MIDNIGHTS.values(), ids=MIDNIGHTS.keys())
def test_midnights_are_dates_whatever_zone_they_name(stamps: pd.Series) -> None:
    """11-29 ends in New York at 04:59:59.999999 UTC of the 30th, and a bar of it is filed under it."""
    result = read(stamps)
    assert result.instants.tolist() == [
        pd.Timestamp("2024-11-30 04:59:59.999999", tz="UTC"),
        pd.Timestamp("2024-07-02 03:59:59.999999", tz="UTC"),
    ]
    assert result.date_only.all()
    assert sessions_of(stamps) == ["11-29", "07-01"]


def test_midnights_end_where_the_exchange_is() -> None:
    """The day of Tokyo ends at 14:59:59.999999 UTC."""
    stamps = pd.Series(["2024-11-29T00:00:00Z", "2024-11-28T15:00:00Z"])
    assert read(stamps.head(1), exchange="Asia/Tokyo").instants[0] == pd.Timestamp(
        "2024-11-29 14:59:59.999999", tz="UTC"
    )
    assert sessions_of(stamps, "Asia/Tokyo") == ["11-29", "11-29"]


def test_a_single_midnight_among_times_is_a_time_and_ten_are_dates() -> None:
    """A clock shows midnight once a day; where every tenth stamp does, these are dates."""
    times = pd.Series(pd.date_range("2024-11-01 09:01", periods=90, freq="61min", tz="UTC").strftime("%FT%H:%M:%SZ"))
    one = read(pd.concat([times, pd.Series(["2024-12-02T00:00:00Z"])], ignore_index=True))
    assert not one.date_only.any()
    days = pd.Series(pd.date_range("2024-11-01", periods=10, tz="UTC").strftime("%FT%H:%M:%SZ"))
    ten = read(pd.concat([times, days], ignore_index=True))
    assert ten.date_only.sum() == 10
    assert not ten.date_only[:90].any()
    assert ten.notes == (
        "h.csv: at: 10 of 100 times are midnights, so these are dates, known at the end of their day in "
        "America/New_York.",
    )


@pytest.mark.parametrize(("n_times", "n_midnights", "dates"), [(28, 9, 9), (34, 3, 3), (35, 2, 0), (10, 2, 2)])
def test_so_many_midnights_as_chance_does_not_give_are_dates(n_times: int, n_midnights: int, dates: int) -> None:
    """Of 37 stamps 2 are midnights by a chance of 666 / 1440^2 = 3.2e-4, 3 of 3e-6; of 12 stamps 2 of 3.2e-5."""
    times = pd.Series(pd.date_range("2024-11-01 09:01", periods=n_times, freq="61min", tz="UTC").strftime("%FT%TZ"))
    days = pd.Series(pd.date_range("2024-11-10", periods=n_midnights, tz="UTC").strftime("%FT%TZ"))
    assert read(pd.concat([times, days], ignore_index=True)).date_only.sum() == dates


def test_times_that_name_no_zone_are_refused_beside_midnights_that_do_not() -> None:
    """Nine midnights are dates; the tenth stamp still needs its zone."""
    stamps = pd.Series(["2024-11-29 00:00:00"] * 9 + ["2024-11-29 15:45:00"])
    with pytest.raises(SourceError, match=r"no time zone \(1 of 10\), first 2024-11-29 15:45:00; set files.timezone"):
        read(stamps)
    assert read(stamps, timezone=NEW_YORK).instants[9] == pd.Timestamp("2024-11-29 20:45", tz="UTC")


def test_a_bar_with_a_time_of_day_belongs_to_its_day_at_the_exchange() -> None:
    """21:00 UTC is 16:00 in New York and the next morning in Tokyo."""
    assert sessions_of(pd.Series(["2024-11-29T21:00:00Z"])) == ["11-29"]
    assert sessions_of(pd.Series(["2024-11-28T21:00:00Z"]), "Asia/Tokyo") == ["11-29"]


@pytest.mark.parametrize(
    ("stamp", "instant"),
    [
        # One story stands in Kaggle's set at 10:30:54-04:00 and in FNSPID at 06:30:54 UTC of 2020-06-05.
        ("2020-06-05 06:30:54 UTC", "2020-06-05 14:30:54"),
        ("2020-01-06 05:30:54 UTC", "2020-01-06 15:30:54"),
        ("2020-01-06T05:30:54+00:00", "2020-01-06 15:30:54"),
        # A bare date became midnight UTC; it ends in New York at 04:00 or 05:00 UTC.
        ("2020-06-05 00:00:00 UTC", "2020-06-06 03:59:59.999999"),
        ("2020-06-05", "2020-06-06 03:59:59.999999"),
        # Clocks went forward on 2020-03-08 at 2:00, 07:00 UTC: 3:30 that day is written 23:30 of the 7th.
        ("2020-03-07 23:30:00 UTC", "2020-03-08 07:30:00"),
        # 1:30 on 2020-11-01 came twice, written 21:30 and 20:30: the first is the later of what it may be.
        ("2020-10-31 20:30:00 UTC", "2020-11-01 06:30:00"),
        ("2020-06-05 10:30:54-04:00", "2020-06-05 14:30:54"),
    ],
)
def test_the_clock_of_fnspid_is_put_right(stamp: str, instant: str) -> None:
    """New York's clock with its offset added where it is to be taken away: 8 hours early in summer, 10 in winter."""
    result = read(stamp, preset="fnspid")
    assert result.instants.tolist() == [pd.Timestamp(instant, tz="UTC")]
    assert (
        read(pd.Series(pd.to_datetime([stamp], utc=True)), preset="fnspid").instants.tolist()
        == (result.instants.tolist())
        or "-04:00" in stamp
    )


def test_the_fixed_offset_of_kaggle_is_taken_as_the_later_instant_in_winter() -> None:
    """-04:00 is not New York's offset in January; 15:30 UTC is the later reading."""
    result = read("2020-01-06 10:30:00-04:00", "2020-06-05 10:30:00-04:00", preset="kaggle_ratings")
    assert result.instants.dt.strftime("%H:%M").tolist() == ["15:30", "14:30"]
    assert "-04:00 stands in New York's standard time in 1 stamp" in result.notes[0]


@pytest.mark.parametrize("zone", [None, "UTC", NEW_YORK])
def test_the_same_table_gives_the_same_sessions_in_every_format(tmp_path, zone: str | None) -> None:
    """Parquet keeps times as times, and JSON as milliseconds or text."""
    days = pd.Series(pd.to_datetime(["2024-11-27", "2024-11-29", "2024-12-02"]))
    prices = dict.fromkeys(["open", "high", "low", "close"], 9.0)
    bars = pd.DataFrame({"ticker": "KOLA", "date": days if zone is None else days.dt.tz_localize(zone)})
    bars = bars.assign(**prices, volume=5)
    bars.to_csv(tmp_path / "bars.csv", index=False)
    bars.to_parquet(tmp_path / "bars.parquet")
    milliseconds = [int(stamp.timestamp() * 1000) for stamp in bars["date"]]
    bars.assign(date=milliseconds).to_json(tmp_path / "bars.jsonl", orient="records", lines=True)
    news = bars[["ticker", "date"]].rename(columns={"date": "published_at"}).assign(headline="Kola")
    news.to_csv(tmp_path / "headlines.csv", index=False)
    news.to_parquet(tmp_path / "headlines.parquet")
    news.to_json(tmp_path / "headlines.jsonl", orient="records", lines=True, date_format="iso")
    for kind in ("csv", "jsonl", "parquet"):
        read_bars = read_bars_file(tmp_path / f"bars.{kind}", FilesSettings(), now=NOW).bars
        assert read_bars["session"].tolist() == days.tolist(), kind
        headlines = headlines_of(tmp_path / f"headlines.{kind}").headlines
        assert headlines["date_only"].all(), kind
        ends = headlines["published_at"].dt.tz_convert(NEW_YORK).dt.strftime("%m-%d %H:%M").tolist()
        assert ends == ["11-27 23:59", "11-29 23:59", "12-02 23:59"], kind


@pytest.mark.parametrize("stamp", ["9999-12-31T23:59:59-14:00", "9999-12-31", "0001-01-01T00:00:00+14:00", "2024-11"])
def test_a_stamp_beyond_what_zones_reach_is_not_readable(stamp):
    """Databases write 9999-12-31 for "never"; in another zone it ended in a traceback."""
    read = read_instants(pd.Series([stamp]), name="x", timezone="UTC", exchange_timezone="America/New_York")
    assert read.unreadable.tolist() == [True]


def test_a_time_of_parquet_beyond_what_zones_reach_is_not_readable():
    """The same in a column of times."""
    times = pd.Series([pd.Timestamp("9999-12-31"), pd.Timestamp("2024-11-29 12:00")]).astype("datetime64[us]")
    read = read_instants(times, name="x", timezone="UTC", exchange_timezone="America/New_York")
    assert read.unreadable.tolist() == [True, False]
