"""What a file recorded, against what Shanzhi computes: reading, flags, targets, the command."""

from __future__ import annotations

import gzip
import importlib.util
import json
from datetime import datetime
from pathlib import Path
from types import ModuleType
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from shanzhi.core.worktime import Calendar, Limit, Unit
from shanzhi.edge.cli.main import main
from shanzhi.edge.exchange import feeds, recorded, target_rules
from shanzhi.edge.exchange.target_rules import Start, TargetRules

pytestmark = pytest.mark.once

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / "packs" / "replay"
BOSTON = "events/boston311_2011_jul_oct.csv.gz"
ZONE = ZoneInfo("America/New_York")
HEADER = "case_enquiry_id,open_dt,target_dt,closed_dt,ontime,type,queue,latitude,longitude"


def row(
    identity: str, opened: str, target: str = "", closed: str = "", flag: str = "", kind: str = "A"
) -> str:
    return f"{identity},{opened},{target},{closed},{flag},{kind},Q,42.3,-71.1"


def read(folder: Path, *rows: str, header: str = HEADER, name: str = "boston311") -> feeds.Feed:
    path = folder / "reports.csv"
    path.write_text("\n".join([header, *rows]) + "\n", "utf-8")
    return feeds.read_feed(path, feeds.load_mapping(FOLDER, name))


def wall(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=ZONE)


@pytest.fixture(scope="module")
def tool() -> ModuleType:
    """tools/derive_limits.py as a module."""
    found = importlib.util.spec_from_file_location("derive_limits", ROOT / "tools" / "derive_limits.py")
    assert found is not None and found.loader is not None
    module = importlib.util.module_from_spec(found)
    found.loader.exec_module(module)
    return module


def test_bad_rows_are_listed_and_the_rest_is_read(tmp_path: Path) -> None:
    feed = read(
        tmp_path,
        row("1", "2011-07-01 08:00:00"),
        row("2", "yesterday"),
        "3,2011-07-01 08:00:00",
        row("", "2011-07-01 08:00:00"),
        row("1", "2011-07-01 09:00:00"),
        row("4", "2011-07-01 08:00:00", flag="MAYBE"),
        "5,2011-07-01 08:00:00,,,,A,Q,north,-71.1",
        row("6", "0001-07-01 08:00:00"),
        row("7", "2011-07-01 10:00:00"),
    )
    assert [report.id for report in feed.reports] == ["1", "7"]
    assert feed.rows == 9
    assert [(error["line"], error["column"]) for error in feed.errors] == [
        (3, "open_dt"), (4, "row"), (5, "case_enquiry_id"), (6, "case_enquiry_id"), (7, "ontime"), (8, "latitude"),
        (9, "open_dt"),
    ]  # fmt: skip
    first = feed.reports[0]
    assert first.opened_at == wall("2011-07-01 08:00:00")
    assert (first.target_at, first.on_time, first.queue, first.lon, first.lat) == (
        None,
        None,
        "Q",
        -71.1,
        42.3,
    )


def test_a_damaged_file_gives_its_rows_so_far(tmp_path: Path) -> None:
    whole = gzip.compress(
        "\n".join([HEADER, *(row(str(n), "2011-07-01 08:00:00") for n in range(9000))]).encode()
    )
    path = tmp_path / "cut.csv.gz"
    path.write_bytes(whole[: len(whole) - 20])
    feed = feeds.read_feed(path, feeds.load_mapping(FOLDER, "boston311"))
    assert len(feed.errors) == 1
    assert "ends here" in feed.errors[0]["problem"]
    assert len(feed.reports) == feed.rows - 1 > 0
    path.write_bytes(whole[:5000] + bytes(200) + whole[5200:])
    assert len(feeds.read_feed(path, feeds.load_mapping(FOLDER, "boston311")).errors) >= 1
    for nothing in (whole[:15], b"not compressed"):
        path.write_bytes(nothing)
        with pytest.raises(feeds.FeedError):
            feeds.read_feed(path, feeds.load_mapping(FOLDER, "boston311"))


@pytest.mark.parametrize(
    ("name", "header"), [("boston311", "a,b"), ("no such map", HEADER), ("../base", HEADER)]
)
def test_a_file_that_does_not_fit_is_refused(tmp_path: Path, name: str, header: str) -> None:
    with pytest.raises(feeds.FeedError):
        read(tmp_path, header=header, name=name)


def test_flags_are_judged_by_the_second_and_open_cases_as_of_the_file(tmp_path: Path) -> None:
    opened, target = "2011-07-01 08:00:00", "2011-07-05 08:00:00"
    feed = read(
        tmp_path,
        row("on the second", opened, target, target, "ONTIME"),
        row("a second late", opened, target, "2011-07-05 08:00:01", "OVERDUE"),
        row("open past", opened, target, "", "OVERDUE"),
        row("open ahead", opened, "2030-01-01 08:00:00", "", "ONTIME"),
        row("wrong", opened, target, target, "OVERDUE"),
        row("no target", opened, "", target, "ONTIME"),
        row("no flag", opened, target, target),
    )
    found = recorded.compare(feed)["recorded"]
    assert (found["compared"], found["agree"]) == (5, 4 / 5)
    assert [entry["id"] for entry in found["disagreements"]] == ["wrong"]
    assert found["disagreements"][0]["published"] is False
    assert found["disagreements"][0]["derived"] is True
    assert (found["targets"], found["targets_derived"]) == (6, None)


def test_open_cases_are_judged_as_of_the_last_closure(tmp_path: Path) -> None:
    feed = read(
        tmp_path, row("1", "2011-07-01 08:00:00"), row("2", "2011-07-01 08:00:00", "", "2021-01-01 00:00:00")
    )
    assert recorded.as_of(feed) == wall("2021-01-01 00:00:00")


def test_shares_without_rows_are_null(tmp_path: Path) -> None:
    rules = target_rules.load_rules(FOLDER / "boston311_limits.yaml")
    calendar = target_rules.load_calendar(FOLDER / "boston311_calendar.yaml")
    found = recorded.compare(read(tmp_path), rules, calendar)
    assert (found["rows"], found["recorded"]["agree"], found["recorded"]["targets_derived"]) == (
        0,
        None,
        None,
    )
    assert "–" in recorded.table(found)


BOSTON_START = Start(after_closing=True, skip_days_off=False)


@pytest.mark.parametrize(
    ("start", "opened", "days", "due"),
    [
        # Tuesday to Thursday, across a weekend, and over the holiday of Monday 4 July that counts or not.
        (BOSTON_START, "2011-07-19 09:51:30", 2, "2011-07-21 09:51:30"),
        (BOSTON_START, "2011-07-22 09:51:30", 2, "2011-07-26 09:51:30"),
        (BOSTON_START, "2011-07-01 10:36:57", 2, "2011-07-05 10:36:57"),
        (Start(), "2011-07-01 10:36:57", 2, "2011-07-06 10:36:57"),
        # Before opening the clock stays; from closing on it is the next opening.
        (BOSTON_START, "2011-07-19 05:00:00", 1, "2011-07-20 05:00:00"),
        (Start(before_opening=True), "2011-07-19 05:00:00", 1, "2011-07-20 08:30:00"),
        (BOSTON_START, "2011-07-19 16:59:59", 1, "2011-07-20 16:59:59"),
        (BOSTON_START, "2011-07-19 17:00:00", 1, "2011-07-21 08:30:00"),
        # A Sunday counts as Monday at the same clock, and a Saturday night as Tuesday's opening.
        (BOSTON_START, "2011-08-28 10:28:45", 1, "2011-08-30 10:28:45"),
        (BOSTON_START, "2011-07-02 22:41:21", 20, "2011-08-02 08:30:00"),
        # A working day keeps the clock over the change of 6 November.
        (BOSTON_START, "2011-11-04 09:00:00", 1, "2011-11-07 09:00:00"),
    ],
)
def test_working_days_count_by_date(start: Start, opened: str, days: int, due: str) -> None:
    calendar = target_rules.load_calendar(FOLDER / "boston311_calendar.yaml")
    begun = np.array([target_rules.wall_seconds(wall(opened))], np.int64)
    table = target_rules.working_dates(calendar, start, begun, 100)
    ended = np.array([target_rules.wall_seconds(wall(due))], np.int64)
    assert table.due(begun, np.array([days], np.int64)).tolist() == ended.tolist()
    assert table.amounts(begun, ended, 60).tolist() == [days]
    assert table.amounts(begun, ended + 61, 60).tolist() == [-1]


def test_each_unit_derives_a_target(tmp_path: Path) -> None:
    calendar = target_rules.load_calendar(FOLDER / "boston311_calendar.yaml")
    feed = read(tmp_path, *(row(kind, "2011-11-04 16:00:00", kind=kind) for kind in "DCHEX"))
    limits = {
        "D": Limit(1, Unit.working_day), "C": Limit(3, Unit.calendar_day), "H": Limit(2, Unit.working_hour),
        "E": Limit(72, Unit.emergency_hour),
    }  # fmt: skip
    found = target_rules.derive(TargetRules(Start(), limits), calendar, feed.reports)
    # The clocks go back on 6 November: 72 real hours end an hour earlier by the wall clock.
    assert found == [
        wall("2011-11-07 16:00:00"), wall("2011-11-07 16:00:00"), wall("2011-11-07 09:30:00"),
        wall("2011-11-07 15:00:00"), None,
    ]  # fmt: skip
    assert target_rules.matches(found[0], wall("2011-11-07 16:01:00"), 60)
    assert not target_rules.matches(found[0], wall("2011-11-07 16:01:01"), 60)
    assert not target_rules.matches(None, wall("2011-11-07 16:01:01"), 60)


def test_the_tool_finds_the_rules_that_made_the_targets(tmp_path: Path, tool: ModuleType) -> None:
    calendar = target_rules.load_calendar(FOLDER / "boston311_calendar.yaml")
    limits = {
        "A": Limit(2, Unit.working_day), "B": Limit(30, Unit.calendar_day), "C": Limit(6, Unit.working_hour),
        "D": Limit(5, Unit.emergency_hour),
    }  # fmt: skip
    for start in (BOSTON_START, Start(before_opening=True), Start(after_closing=True, before_opening=True)):
        made = TargetRules(start, limits)
        opened = [f"2011-{month:02d}-{day:02d} {hour:02d}:17:03" for month in (7, 9) for day in range(1, 29)
                  for hour in (3, 10, 21)]  # fmt: skip
        plain = [row(f"{kind}{at}", at, kind=kind) for kind in "ABCD" for at in opened]
        targets = target_rules.derive(made, calendar, read(tmp_path, *plain).reports)
        rows = [
            row(
                report.id,
                f"{report.opened_at:%Y-%m-%d %H:%M:%S}",
                f"{due:%Y-%m-%d %H:%M:%S}",
                kind=report.type,
            )
            for report, due in zip(read(tmp_path, *plain).reports, targets, strict=True)
            if due is not None
        ]
        rows.append(row("rare", "2011-07-01 08:00:00", "2011-07-02 08:00:00", kind="R"))
        rules, evidence = tool.learn(read(tmp_path, *rows).reports, calendar)
        assert rules == made
        assert evidence["A"] == (168, 1.0)
        assert tool.learn(read(tmp_path, *reversed(rows)).reports, calendar)[0] == rules
        path = tmp_path / "limits.yaml"
        path.write_text(tool.as_yaml(rules, evidence, "invented"), "utf-8")
        assert target_rules.load_rules(path) == rules


def test_shipped_mappings_fit_their_files(shared_data: Path) -> None:
    for name, path, rows in (
        ("nyc311", "events/nyc311_elevator_2024_22504.csv.gz", 22_504),
        ("sf311", "events/sf311_sample_2008_2018_10k.csv.gz", 10_000),
    ):
        feed = feeds.read_feed(shared_data / path, feeds.load_mapping(FOLDER, name))
        found = recorded.compare(feed)
        assert (found["rows"], found["errors"], len(feed.reports)) == (rows, [], rows)
        assert (found["recorded"]["compared"], found["recorded"]["agree"]) == (0, None)


def test_boston_agrees_in_every_flag_and_its_targets_are_derived(
    shared_data: Path, tmp_path: Path, tool: ModuleType, capsys: pytest.CaptureFixture[str]
) -> None:
    path, target = shared_data / BOSTON, tmp_path / "found.json"
    assert main(["replay", str(path), "--map", "boston311", "--recorded", "--json", str(target)]) == 0
    assert "100 %" in capsys.readouterr().out
    found = json.loads(target.read_text("utf-8"))
    assert (found["rows"], found["errors"]) == (41_827, [])
    part: dict[str, Any] = found["recorded"]
    assert (part["compared"], part["agree"], part["disagreements"]) == (35_640, 1.0, [])
    assert part["targets"] == 35_754
    assert part["targets_derived"] >= 0.985
    # Learned without the last month, the rules hold in it.
    calendar: Calendar = target_rules.load_calendar(FOLDER / "boston311_calendar.yaml")
    reports = feeds.read_feed(path, feeds.load_mapping(FOLDER, "boston311")).reports
    rules, _ = tool.learn([report for report in reports if report.opened_at.month < 10], calendar)
    assert (
        tool.reproduced(rules, calendar, [report for report in reports if report.opened_at.month == 10])
        >= 0.985
    )
    # And the shipped table is what the tool learns from the whole file.
    rules, evidence = tool.learn(reports, calendar)
    assert tool.as_yaml(rules, evidence, "Boston 311") == (FOLDER / "boston311_limits.yaml").read_text(
        "utf-8"
    )


def test_the_command_says_what_is_not_there(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "reports.csv"
    path.write_text(f"{HEADER}\n{row('1', '2011-07-01 08:00:00')}\n", "utf-8")
    for name in ("Not a name", "shanzhi"):
        assert main(["replay", str(path), "--map", "boston311", "--restart", "--database", name]) == 1
        assert "begins with replay" in capsys.readouterr().err
    assert main(["replay", str(path), "--map", "boston311", "--staff", "nobody"]) == 1
    assert "nobody.yaml" in capsys.readouterr().err
    assert main(["replay", str(tmp_path / "none.csv"), "--map", "boston311", "--recorded"]) == 1
    assert "none.csv" in capsys.readouterr().err
    assert main(["replay", str(path), "--map", "paris", "--recorded"]) == 1
    assert "boston311, cn-complaints, nyc311, sf311" in capsys.readouterr().err
    assert main(["replay", str(path), "--map", "boston311", "--recorded", "--json", "-"]) == 0
    shown = capsys.readouterr()
    assert json.loads(shown.out)["rows"] == 1
    assert "行数" in shown.err
