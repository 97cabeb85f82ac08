"""What devices and apps export is read as it comes; where it can be read in two ways, a person is asked which."""

import json
from pathlib import Path
from typing import Any
from uuid import UUID, uuid5

import pytest

from include.errors import FileUnusableError, OptionError
from producer.recording.columns import Wishes, parse_wishes
from producer.recording.survey import survey
from producer.replay import ReplayPlan, replay_events
from tests.producer.recording.files import CUSTOMER, refusal, send, write

ONE = Wishes({}, CUSTOMER)


def readings(path: Path, wishes: Wishes = ONE) -> list[Any]:
    recording = survey(path, wishes).recording
    events = replay_events(ReplayPlan(str(path), recording=recording))
    return [json.loads(event.value or b"") for event in events]


@pytest.mark.parametrize(
    ("export", "heart_rate", "timestamp"),
    [
        ("timestamp,beats per minute\n2016-04-12T11:21:00Z,97\n", 97, "2016-04-12T11:21:00Z"),
        (
            "sourceName,unit,creationDate,startDate,endDate,value\n"
            "Watch,count/min,x,2016-04-12 07:21:00 -0400,y,97\n",
            97,
            "2016-04-12T11:21:00.000Z",
        ),
        (
            "Start,Finish,Heart Rate (count/min)\n12-Apr-2016 11:21,12-Apr-2016 12:21,97.5\n",
            97.5,
            "2016-04-12T11:21:00.000Z",
        ),
        ("Time;HR (bpm)\n12.04.2016 11:21;97\n", 97, "2016-04-12T11:21:00.000Z"),
        ("timestamp\theart_rate\tspeed\n2016/04/12 11:21:00\t97\t1,5\n", 97, "2016-04-12T11:21:00.000Z"),
        ("Time,Pulse\n1460460060,97\n", 97, "2016-04-12T11:21:00.000Z"),
        ("Time,Pulse\n1460460060250,97\n", 97, "2016-04-12T11:21:00.250Z"),
        ('Time,Pulse\n"Apr 12, 2016 11:21 AM",97\n', 97, "2016-04-12T11:21:00.000Z"),
        (
            "Name,Sport,Date,Start time,Duration,Average heart rate (bpm),\n"
            "A,RUNNING,12-04-2016,11:21:00,00:30:00,100,\n"
            "Sample rate,Time,HR (bpm),Speed (km/h),\n"
            "1,00:00:00,97,0,\n",
            97,
            "2016-04-12T11:21:00.000Z",
        ),
    ],
)
def test_a_widely_used_export_simply_works(
    tmp_path: Path, export: str, heart_rate: float, timestamp: str
) -> None:
    assert readings(write(tmp_path, export)) == [
        {"customer_id": CUSTOMER, "heart_rate": heart_rate, "timestamp": timestamp}
    ]


def test_ids_of_another_system_become_uuids_always_the_same(tmp_path: Path) -> None:
    path = write(tmp_path, "Id,Time,Value\n7,4/13/2016 7:21:00 AM,97\n7,4/12/2016 7:21:05 PM,98\n8,x,99\n")

    first, second, other = readings(path, Wishes({}))

    assert first["customer_id"] == second["customer_id"] != other["customer_id"]
    assert [first["timestamp"], second["timestamp"]] == [
        "2016-04-13T07:21:00.000Z",
        "2016-04-12T19:21:05.000Z",
    ]
    assert first["customer_id"] == str(uuid5(UUID("0b7e3c54-1d7a-5c0f-8a35-6a1d2f9e4b71"), "7"))


def test_the_first_number_above_twelve_tells_day_from_month_wherever_it_stands(tmp_path: Path) -> None:
    rows = ["1/2/2016 11:21,97\n"] * 25_000 + ["13/2/2016 11:21,97\n"]

    assert (
        readings(write(tmp_path, "Time,Pulse\n" + "".join(rows)))[0]["timestamp"]
        == "2016-02-01T11:21:00.000Z"
    )


@pytest.mark.parametrize(
    ("export", "option"),
    [
        ("Time,Pulse\n4/12/2016 7:21,97\n", "--dates day-first or --dates month-first"),
        ("Time,HR (bpm)\n00:00:01,97\n", "--times-from"),
        ("Time,HR (bpm),Pulse\n2016-04-12T11:21:00Z,97,98\n", "--column heart_rate=NUMBER"),
        ("Time,Heart Rate [Min]\n2016-04-12T11:21:00Z,97\n", "--column heart_rate=NAME"),
    ],
)
def test_what_can_be_read_in_two_ways_is_refused_with_the_option_that_decides(
    tmp_path: Path, export: str, option: str
) -> None:
    assert option in refusal(send(write(tmp_path, export), "--customer", CUSTOMER))


def test_a_recording_of_nobody_is_refused_with_the_option_that_says_whose(tmp_path: Path) -> None:
    assert "--customer UUID" in refusal(send(write(tmp_path, "timestamp,bpm\n2016-04-12T11:21:00Z,97\n")))


@pytest.mark.parametrize(
    ("export", "words", "sent"),
    [
        ("Time,Pulse\n4/12/2016 7:21,97\n", {"dates": "day-first"}, (97, "2016-12-04T07:21:00.000Z")),
        ("Time,Pulse\n4/12/2016 7:21,97\n", {"dates": "month-first"}, (97, "2016-04-12T07:21:00.000Z")),
        ("Time,Pulse\n25:00:01.5,97\n", {"counts_from_us": 0}, (97, "1970-01-02T01:00:01.500Z")),
        (
            "Time,Pulse,HR\n2016-04-12T11:21:00Z,97,98\n",
            {"columns": ["heart_rate=3"]},
            (98, "2016-04-12T11:21:00Z"),
        ),
        (
            "Time,Heart Rate [Avg]\n2016-04-12T11:21:00Z,97\n",
            {"columns": ["heart_rate=heart rate [avg]"]},
            (97, "2016-04-12T11:21:00Z"),
        ),
    ],
)
def test_the_option_decides(
    tmp_path: Path, export: str, words: dict[str, Any], sent: tuple[int, str]
) -> None:
    asked: dict[str, Any] = {"columns": [], "customer_id": CUSTOMER, "dates": None, "counts_from_us": None}

    (reading,) = readings(write(tmp_path, export), parse_wishes(**{**asked, **words}))

    assert (reading["heart_rate"], reading["timestamp"]) == sent


@pytest.mark.parametrize(
    "words",
    [
        {"columns": ["pulse=3"]},
        {"columns": ["heart_rate="]},
        {"customer_id": "me"},
        {"dates": "year-first"},
        {"columns": ["customer_id=1"], "customer_id": CUSTOMER},
    ],
)
def test_a_wish_that_means_nothing_is_refused(words: dict[str, Any]) -> None:
    with pytest.raises(OptionError):
        parse_wishes(**{"columns": [], "customer_id": None, "dates": None, "counts_from_us": None, **words})


def test_a_column_that_is_not_there_is_named_in_the_refusal(tmp_path: Path) -> None:
    with pytest.raises(FileUnusableError, match="no column is called 'x'"):
        survey(write(tmp_path, "Time,Pulse\n"), Wishes({"heart_rate": "x"}, CUSTOMER))
