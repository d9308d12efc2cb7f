"""Simulated staff: repeatable, whole, resumable; and what the scoreboard says of it."""

from __future__ import annotations

import dataclasses
import random
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.db.utils import OperationalError
from python_calamine import CalamineWorkbook

from shanzhi.base.audit import sealer
from shanzhi.core.kit.clock import FixedClock
from shanzhi.core.kit.errors import ShanzhiError
from shanzhi.edge.exchange import feeds, integrity, replaying, scoreboard, simulation, staff, town
from shanzhi.work.cases import actions as cases
from shanzhi.work.cases.limits import calendar_of
from shanzhi.work.cases.models import Case, CaseEvent

pytestmark = [pytest.mark.django_db, pytest.mark.once]
ROOT = Path(__file__).resolve().parents[2]
REPLAY = ROOT / "packs" / "replay"
ZONE = ZoneInfo("America/New_York")
AREA = "990311"


def invented(rows: int, minutes: int = 11) -> feeds.Feed:
    begins = datetime(2011, 7, 5, 9, tzinfo=ZONE)
    reports = [
        feeds.Report(
            line=number + 2, id=f"T{number}", type=f"Type {number % 3}",
            opened_at=begins + timedelta(minutes=minutes * number), queue=f"Crew {number % 2}",
            neighbourhood=f"Quarter {number % 2}",
        )
        for number in range(rows)
    ]  # fmt: skip
    return feeds.Feed(feeds.load_mapping(REPLAY, "boston311"), rows, reports)


def usual(**shares: float) -> staff.Staff:
    found = staff.load_staff(ROOT / "packs" / "staff" / "usual.yaml")
    return dataclasses.replace(found, shares=found.shares | shares)


def none_but(**shares: float) -> staff.Staff:
    """Staff to whom only these side roads happen."""
    found = usual()
    return dataclasses.replace(found, shares=dict.fromkeys(found.shares, 0.0) | shares)


class Run:
    """A town and what is needed to replay in it."""

    def __init__(self, photo: str, people: staff.Staff, feed: feeds.Feed) -> None:
        self.people, self.photo = people, photo
        self.town = town.build(feed, None, people, datetime(2011, 7, 1, tzinfo=UTC))
        self.listed = replaying.incoming(feed.reports, self.town, people, "test")

    def replay(self, door: replaying.Door | None = None, **more: Any) -> replaying.Replay:
        engine = simulation.Simulation(self.town, self.people, calendar_of(AREA), self.photo)
        return replaying.Replay(self.town, engine, self.listed, door=door or replaying.OwnDoor(), **more)

    def check(self, journal: Path | None = None) -> dict[str, Any]:
        sealer.seal_all(datetime(2011, 12, 1, tzinfo=UTC), all_rows=True)
        return integrity.check(AREA, {one.id for one in self.listed}, journal)


@pytest.fixture
def run(photo: str, clock: FixedClock) -> Any:
    def make(people: staff.Staff | None = None, rows: int = 40) -> Run:
        return Run(photo, people or usual(), invented(rows))

    return make


def story() -> list[tuple[Any, ...]]:
    """What happened, without the keys that differ between runs."""
    rows = CaseEvent.objects.filter(area=AREA).order_by("case_id", "sequence")
    return list(rows.values_list("case_id", "verb", "to_state", "actor_name", "at"))


def test_every_case_comes_to_an_end_and_nothing_is_amiss(run: Any, tmp_path: Path) -> None:
    made, journal = run(), tmp_path / "journal.txt"
    progress = made.replay(journal=journal).run()
    found = made.check(journal)
    assert (found["problems"], found["seal_problems"]) == (0, [])
    assert found["acknowledged"] == progress.steps + progress.reports
    assert set(Case.objects.filter(area=AREA).values_list("closed_at", flat=True)).isdisjoint({None})
    # Each case goes its own way: nobody acts before the case was reported, and times never run back.
    for case in Case.objects.filter(area=AREA):
        times = list(case.events.order_by("sequence").values_list("at", flat=True))
        assert times == sorted(times), list(case.events.order_by("sequence").values_list("verb", "at"))


def test_the_same_seed_does_the_same(run: Any) -> None:
    from django.db import transaction

    class Undo(Exception):
        pass

    stories = []
    for _ in range(2):
        try:
            with transaction.atomic():
                made = run(rows=25)
                made.replay().run()
                stories.append(story())
                raise Undo
        except Undo:
            pass
    assert stories[0] == stories[1] and len(stories[0]) > 200
    other = run(people=dataclasses.replace(usual(), seed=3), rows=25)
    other.replay().run()
    assert story() != stories[0]


def test_a_replay_that_was_cut_off_goes_on(run: Any) -> None:
    made = run()
    moments = [made.listed[number].at for number in (8, 20, 33)]
    for moment in moments:
        made.replay().run(until=moment)
    half = CaseEvent.objects.filter(area=AREA).count()
    made.replay().run()
    found = made.check()
    assert (found["problems"], found["reports_missing"]) == (0, 0)
    assert 0 < half < found["events"]
    assert not Case.objects.filter(area=AREA, closed_at=None).exists()


class BadLine(replaying.OwnDoor):
    """A line that breaks, sometimes after the work was done: nobody knows."""

    def __init__(self) -> None:
        self.chance, self.broken = random.Random(4), 0

    def _maybe(self) -> None:
        if self.chance.random() < 0.3:
            self.broken += 1
            raise OperationalError("the line broke")

    def report(self, incoming: replaying.Incoming) -> None:
        self._maybe()
        super().report(incoming)
        self._maybe()

    def perform(self, area: str, steps: Sequence[cases.Step]) -> Sequence[Case | ShanzhiError]:
        self._maybe()
        done = super().perform(area, steps)
        self._maybe()
        return done


def test_a_broken_line_loses_and_doubles_nothing(run: Any, monkeypatch: Any, tmp_path: Path) -> None:
    monkeypatch.setattr(replaying.connection, "close", lambda: None)  # the test's own transaction goes on
    monkeypatch.setattr(replaying.time, "sleep", lambda seconds: None)
    made, door, journal = run(), BadLine(), tmp_path / "journal.txt"
    mended: list[int] = []
    progress = made.replay(door, journal=journal, mend=lambda: mended.append(1)).run()
    assert door.broken >= 10 and progress.breaks == door.broken == len(mended)
    assert made.check(journal)["problems"] == 0


@pytest.mark.parametrize(
    ("shares", "verbs"),
    [
        ({"reworked": 1.0}, {"rework": 2}),
        ({"rejected": 1.0}, {"reject": 1}),
        ({"verified_first": 1.0, "verified_untrue": 1.0}, {"ask_verify": 1, "verify_untrue": 1}),
        ({"declined": 1.0}, {"decline": 1}),
        ({"extended": 1.0}, {"ask_extend": 1, "endorse_extend": 1, "approve_extend": 1}),
        ({"suspended": 1.0}, {"ask_suspend": 1, "approve_suspend": 1, "wake": 1}),
        (
            {"returned": 1.0, "return_refused": 1.0},
            {"ask_return": 4, "refuse_return": 2, "overrule_return": 2},
        ),
        ({"supported": 1.0}, {"add_support": 1, "finish_support": 1}),
        ({"urged": 1.0, "supervised": 1.0}, {"answer_urge": 1, "answer_supervise": 1}),
        ({"voided": 1.0}, {"ask_void": 1, "approve_void": 1}),
        ({"special": 1.0}, {"ask_special": 1, "approve_special": 1}),
        ({"rated": 1.0, "unsolved": 1.0}, {"rate": 1, "reopen": 1}),
        ({"forwarded": 1.0}, {"forward": 1}),
        ({"by_worker": 1.0, "self_handled": 1.0}, {"self_handle": 1}),
    ],
    ids=lambda value: "-".join(value) if isinstance(value, dict) else None,
)
def test_shares_lead_down_their_roads(shares: dict[str, float], verbs: dict[str, int], run: Any) -> None:
    made = run(people=none_but(**shares), rows=4)
    made.replay().run()
    for case in Case.objects.filter(area=AREA):
        done = Counter(case.events.values_list("verb", flat=True))
        assert {verb: done[verb] for verb in verbs} == verbs
        assert case.closed_at is not None


def test_the_scoreboard_counts_what_the_events_say(run: Any) -> None:
    made = run(people=usual(reworked=0.3, returned=0.2, extended=0.3, rated=0.7, duplicate=0.3), rows=60)
    made.replay().run(until=made.listed[-1].at + 3 * 86400)
    at = datetime.fromtimestamp(made.listed[-1].at + 3 * 86400, UTC)
    found = scoreboard.scoreboard(AREA, at)
    told = {case: set(case.events.values_list("verb", flat=True)) for case in Case.objects.filter(area=AREA)}
    late_open = {
        case.id for case in told
        if case.clock_name == "handle" and case.due_at and case.due_at < at
    }  # fmt: skip
    handled = [case for case, verbs in told.items() if "feed_back" in verbs]
    expected = {
        "reported": len(told),
        "filed": sum("file" in verbs for verbs in told.values()),
        "dispatched": sum("dispatch" in verbs for verbs in told.values()),
        "handled": len(handled),
        "on_time": sum(not case.is_overdue and case.id not in late_open for case in handled),
        "closed": sum(case.close_kind != "" for case in told),
        "reworked": sum("rework" in verbs for verbs in told.values()),
        "returned": CaseEvent.objects.filter(area=AREA, verb="ask_return").count(),
        "extended": sum("approve_extend" in verbs for verbs in told.values()),
        "self_handled": sum("self_handle" in verbs for verbs in told.values()),
        "merged": sum(case.master_id is not None for case in told),
    }
    assert {name: found["totals"][name] for name in expected} == expected
    assert all(count > 0 for name, count in expected.items() if name != "self_handled")
    assert sum(unit["dispatched"] for unit in found["units"]) == expected["dispatched"]
    assert sum(kind["reported"] for kind in found["kinds"]) == expected["reported"]
    steps = {step["verb"]: step for step in found["steps"]}
    waits = []
    for case in told:
        events = list(case.events.order_by("sequence"))
        waits += [
            (two.at - one.at).total_seconds() / 60
            for one, two in zip(events, events[1:], strict=False)
            if two.verb == "accept"
        ]
    waits.sort()
    middle = (waits[(len(waits) - 1) // 2] + waits[len(waits) // 2]) / 2
    assert (steps["accept"]["count"], round(float(steps["accept"]["p50_minutes"]), 6)) == (
        len(waits), round(middle, 6),
    )  # fmt: skip


def test_an_empty_denominator_is_nothing(db: None) -> None:
    found = scoreboard.scoreboard("990399", datetime(2011, 7, 1, tzinfo=UTC))
    assert (found["totals"]["reported"], found["totals"]["on_time_rate"]) == (0, None)
    assert "按期处置率 on time: –" in scoreboard.table(found)


def test_the_scoreboard_as_excel(run: Any, tmp_path: Path) -> None:
    made = run(rows=6)
    made.replay().run()
    found = scoreboard.scoreboard(AREA, datetime(2011, 12, 1, tzinfo=UTC))
    path = tmp_path / "found.xlsx"
    path.write_bytes(scoreboard.workbook(found, ZONE))
    book = CalamineWorkbook.from_path(str(path))
    assert book.sheet_names == ["总览", "步骤", "时限", "单位", "类别"]
    heading, line = book.get_sheet_by_name("总览").to_python()
    assert line[heading.index("上报 reported")] == 6
    assert len(book.get_sheet_by_name("单位").to_python()) == 1 + len(found["units"])


@pytest.mark.parametrize(
    ("name", "file", "rows"),
    [
        ("nyc311", "nyc311_elevator_2024_22504.csv.gz", 22504),
        ("sf311", "sf311_sample_2008_2018_10k.csv.gz", 10000),
        ("cn-complaints", "cn_complaints_labeled7.csv.gz", 691),
        ("cn-complaints", "cn_complaints_hotspots_4326.csv.gz", 4326),
        ("cn-complaints", "cn_complaints_with_replies_2816.csv.gz", 1419),
    ],
)
def test_other_files_can_be_replayed(name: str, file: str, rows: int, shared_data: Path, photo: str) -> None:
    feed = feeds.read_feed(shared_data / "events" / file, feeds.load_mapping(REPLAY, name))
    assert (feed.rows, feed.errors) == (rows, [])
    feed = feeds.first_rows(feed, 12)
    people, begins = usual(), min(report.opened_at for report in feed.reports)
    made = town.build(feed, None, people, begins.astimezone(UTC) - timedelta(days=2))
    engine = simulation.Simulation(made, people, calendar_of(made.area), photo)
    listed = replaying.incoming(feed.reports, made, people, name)
    replaying.Replay(made, engine, listed, door=replaying.OwnDoor()).run()
    assert not Case.objects.filter(area=made.area, closed_at=None).exists()
    assert Case.objects.filter(area=made.area).count() == 12


def test_staff_that_are_wrong_are_named(tmp_path: Path) -> None:
    text = (ROOT / "packs" / "staff" / "usual.yaml").read_text("utf-8")
    path = tmp_path / "odd.yaml"
    path.write_text(text.replace("rejected: 0.02", "rejected: 2"), "utf-8")
    with pytest.raises(feeds.FeedError, match="rejected"):
        staff.load_staff(path)
    path.write_text(text.replace("acceptor: 10", "acceptor: many"), "utf-8")
    with pytest.raises(feeds.FeedError, match="odd.yaml"):
        staff.load_staff(path)
