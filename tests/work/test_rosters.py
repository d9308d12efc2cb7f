"""Rosters: made for a span, shared out with rest, held, handed over, and stood down with the response."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.db import connection
from django.db.utils import DatabaseError
from django.utils.timezone import localdate
from hypothesis import given
from hypothesis import strategies as st
from tests.work.live import actor_of, response

from shanzhi.base.access import SYSTEM
from shanzhi.base.outbox.models import OutboxRow
from shanzhi.base.retention.holdings import Scope
from shanzhi.city.modes import parts
from shanzhi.city.people import actions as people
from shanzhi.city.places.models import Place
from shanzhi.core.kit.clock import FixedClock
from shanzhi.core.kit.errors import InvalidInput
from shanzhi.edge.cli.demo import PASSWORD
from shanzhi.work.rosters import actions, making, notes, packs, proposing
from shanzhi.work.rosters.models import Roster, Shift, Turn, TurnEvent

pytestmark = pytest.mark.django_db
SignIn = Callable[[str], Any]
HOUR = timedelta(hours=1)


@pytest.fixture
def grids(city: None) -> list[Place]:
    return list(Place.objects.filter(level="grid").order_by("code"))


@pytest.fixture
def workers(grids: list[Place], clock: FixedClock) -> list[str]:
    """Three workers in each of the first two grids."""
    made = [people.Enrolment(f"r{n}", f"示例员{n}", "grid_worker", grids[n // 3].id, None) for n in range(6)]
    people.enrol(made, PASSWORD, from_on=localdate(clock.now()), actor=SYSTEM, at=clock.now())
    return [one.username for one in made]


@pytest.fixture
def begun(sign_in: SignIn, grids: list[Place], workers: list[str], clock: FixedClock) -> Callable[..., Any]:
    def make(**changes: Any) -> Any:
        on = localdate(clock.now())
        body = {
            "template": "flood_watch", "place_ids": [str(grids[0].id)], "from_on": on.isoformat(),
            "to_on": (on + timedelta(days=2)).isoformat(),
        } | changes  # fmt: skip
        status, made = sign_in("zhibanzhang").post("/api/rosters", body)
        assert status == 201, made
        return made

    return make


def shifts_of(browser: Any, roster: Any, **query: str) -> list[Any]:
    asked = "&".join(f"{name}={value}" for name, value in query.items())
    status, body = browser.get(f"/api/rosters/{roster['id']}?{asked}")
    assert status == 200, body
    return list(body["shifts"])


def share_out(browser: Any, roster: Any) -> Any:
    status, found = browser.post(f"/api/rosters/{roster['id']}/propose", {})
    assert status == 200, found
    status, done = browser.post(f"/api/rosters/{roster['id']}/confirm", {"token": found["token"]})
    assert (status, done["made"]) == (200, found["total"]), done
    return found


def written() -> tuple[int, ...]:
    return tuple(model.objects.count() for model in (Roster, Shift, Turn, TurnEvent, OutboxRow))


def test_a_roster_is_shared_out_signed_on_and_handed_over(
    sign_in: SignIn, begun: Any, clock: FixedClock
) -> None:
    lead = sign_in("zhibanzhang")
    roster = begun()
    # Monday 10:00: the shift from 8 goes on, so there are two a day for two days.
    assert (roster["numbers"]["shifts"], roster["numbers"]["gaps"]) == (4, 4)
    found = share_out(lead, roster)
    assert (found["total"], found["unfilled"]) == (4, 0)
    assert lead.post(f"/api/rosters/{roster['id']}/confirm", {"token": found["token"]})[0] == 409
    shifts = shifts_of(lead, roster)
    assert [one["gap"] for one in shifts] == [0, 0, 0, 0]
    first = shifts[0]["turns"][0]
    name = first["name"]
    worker = sign_in(f"r{name[-1]}")
    [mine, *_] = worker.get("/api/rosters/mine")[1]
    assert (mine["turn"]["id"], mine["shift"]["place"]["name"]) == (first["id"], "示例网格 1-1")
    assert {one["verb"] for one in mine["turn"]["allowed_actions"]} == {"sign_on", "ask_swap"}
    step = f"/api/roster-turns/{first['area']}/{first['id']}"
    # Nobody signs on for somebody else, not even the shift lead; nobody hands over without a note.
    before = written()
    assert lead.post(f"{step}/sign-on", {})[1]["error"]["code"] == "roster-not-yours"
    assert worker.post(f"{step}/sign-off", {"note": "x"})[1]["error"]["code"] == "unknown-edge"
    assert written() == before
    status, on = worker.post(f"{step}/sign-on", {})
    assert (status, on["state"]) == (200, "on_post")
    assert worker.post(f"{step}/sign-off", {"note": " "})[1]["error"]["field"] == "note"
    clock.advance(11 * HOUR)
    second = shifts[1]["turns"][0]
    status, off = sign_in(f"r{name[-1]}").post(f"{step}/sign-off", {"note": "示例桥下水位 20 厘米"})
    assert (status, off["state"], off["handover"]) == (200, "relieved", "示例桥下水位 20 厘米")
    [next_one] = [
        one
        for one in sign_in(f"r{second['name'][-1]}").get("/api/rosters/mine")[1]
        if one["turn"]["id"] == second["id"]
    ]
    assert [one["note"] for one in next_one["handovers"]] == ["示例桥下水位 20 厘米"]
    assert [event.verb for event in TurnEvent.objects.filter(turn_id=first["id"])] == [
        "assign", "sign_on", "sign_off",
    ]  # fmt: skip
    # The note is a holding: it ends, the record of the turn stays.
    assert notes.count(Scope(before=clock.now() + timedelta(days=1))) == 1
    gone = notes.destroy(Scope(before=clock.now() + timedelta(days=1)))
    assert (gone.rows, len(gone.digest)) == (1, 64)
    assert (Turn.objects.get(id=first["id"]).handover, Turn.objects.count()) == ("", 4)


def test_nobody_is_booked_twice_and_everybody_rests(
    sign_in: SignIn, begun: Any, grids: list[Place], clock: FixedClock
) -> None:
    lead, roster = sign_in("zhibanzhang"), begun()
    shifts = shifts_of(lead, roster)
    who = lead.get(f"/api/roster-shifts/{shifts[0]['area']}/{shifts[0]['id']}/candidates")[1]
    # Those of the grid before those of the district, who may be sent to a place of the roster.
    assert [one["name"] for one in who[:3]] == ["示例员0", "示例员1", "示例员2"]
    address = "/api/roster-shifts/{area}/{id}/assign"
    status, _ = lead.post(address.format(**shifts[0]), {"person_id": who[0]["person_id"]})
    assert status == 201
    before = written()
    # The next shift begins when this one ends.
    status, wrong = lead.post(address.format(**shifts[1]), {"person_id": who[0]["person_id"]})
    assert (status, wrong["error"]["code"]) == (409, "roster-booked-twice"), wrong
    assert "8 小时" in wrong["error"]["message_zh"]
    status, wrong = lead.post(address.format(**shifts[0]), {"person_id": who[1]["person_id"]})
    assert (status, wrong["error"]["code"]) == (409, "roster-shift-full")
    status, _ = lead.post(address.format(**shifts[1]), {"person_id": str(uuid4())})
    assert status == 404
    assert written() == before


@pytest.mark.django_db(transaction=True)
@pytest.mark.once
def test_two_managers_cannot_give_one_person_two_shifts(
    sign_in: SignIn, begun: Any, grids: list[Place], clock: FixedClock
) -> None:
    lead, first, second = sign_in("zhibanzhang"), begun(), begun(template="evacuation_post")
    one, other = shifts_of(lead, first)[0], shifts_of(lead, second)[0]
    person = next(found for found in lead.get(f"/api/roster-shifts/{one['area']}/{one['id']}/candidates")[1])[
        "person_id"
    ]
    actor, outcomes = actor_of("zhibanzhang", clock.now()), []
    barrier = threading.Barrier(2)

    def give(shift: Any) -> None:
        barrier.wait()
        try:
            actions.assign(shift["area"], UUID(shift["id"]), UUID(person), actor=actor, at=clock.now())
            outcomes.append("given")
        except Exception as error:
            outcomes.append(type(error).__name__)
        finally:
            connection.close()

    threads = [threading.Thread(target=give, args=(shift,)) for shift in (one, other)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["BookedTwice", "given"]
    assert Turn.objects.filter(person_id=person).count() == 1


def test_who_does_not_come_is_told_to_the_duty_officer(
    sign_in: SignIn, begun: Any, clock: FixedClock
) -> None:
    lead, roster = sign_in("zhibanzhang"), begun()
    share_out(lead, roster)
    assert actions.warn_late(clock.now() + timedelta(minutes=14)) == 0
    clock.advance(timedelta(minutes=15))
    assert actions.warn_late(clock.now()) == 1
    assert actions.warn_late(clock.now()) == 0
    status, seen = sign_in("zhiban").get("/api/rosters")
    assert status == 200
    assert [shift["turns"][0]["is_late"] for shift in seen["late"]] == [True]
    assert OutboxRow.objects.filter(topic="rosters", event="late").count() == 1
    [late] = seen["late"]
    turn = late["turns"][0]
    worker = sign_in(f"r{turn['name'][-1]}")
    assert worker.post(f"/api/roster-turns/{turn['area']}/{turn['id']}/sign-on", {})[0] == 200
    assert sign_in("zhiban").get("/api/rosters")[1]["late"] == []


def test_two_people_swap_and_one_asks_for_it(sign_in: SignIn, begun: Any, clock: FixedClock) -> None:
    lead, roster = sign_in("zhibanzhang"), begun()
    share_out(lead, roster)
    shifts = shifts_of(lead, roster)
    one, other = shifts[2]["turns"][0], shifts[3]["turns"][0]
    assert one["person_id"] != other["person_id"]
    ask = f"/api/roster-turns/{one['area']}/{one['id']}"
    status, asked = sign_in(f"r{one['name'][-1]}").post(f"{ask}/ask-swap", {"reason": "家中有事"})
    assert (status, asked["swap_reason"]) == (200, "家中有事")
    assert "家中有事" not in str(list(TurnEvent.objects.values_list("reason", flat=True)))
    body = {"other": {"area": other["area"], "id": other["id"]}}
    before = written()
    assert sign_in(f"r{one['name'][-1]}").post(f"{ask}/swap", body)[0] == 403
    assert lead.post(f"{ask}/swap", {})[1]["error"]["field"] == "with"
    assert written() == before
    status, done = lead.post(f"{ask}/swap", body)
    if status == 409:
        # Whoever had the shift before would not have rested: then it stays as it was.
        assert done["error"]["code"] == "roster-booked-twice" and written() == before
        return
    assert (status, done["person_id"], done["swap_reason"]) == (200, other["person_id"], "")
    after = shifts_of(lead, roster)
    assert after[3]["turns"][0]["person_id"] == one["person_id"]


def test_a_worker_sees_only_their_own_and_others_have_their_places(
    sign_in: SignIn, begun: Any, grids: list[Place], clock: FixedClock
) -> None:
    roster = begun()
    worker = sign_in("r0")
    before = written()
    assert worker.get("/api/rosters")[0] == 403
    assert worker.get(f"/api/rosters/{roster['id']}")[0] == 403
    assert worker.post(f"/api/rosters/{roster['id']}/propose", {})[0] == 403
    assert sign_in("zhiban").post(f"/api/rosters/{roster['id']}/end", {"reason": "x"})[0] == 403
    far = Place.objects.create(
        level="county", code="510199", name="示例别区", pinyin="bie qu", area="510199",
        opened_on=date(2020, 1, 1),
    )  # fmt: skip
    status, wrong = sign_in("zhibanzhang").post(
        "/api/rosters",
        {
            "template": "flood_watch", "place_ids": [str(far.id)], "from_on": "2026-03-09", "to_on": "2026-03-11",
        },
    )  # fmt: skip
    assert (status, wrong["error"]["field"]) == (403, "place_ids")
    for changes, field in (
        ({"template": "none"}, "template"),
        ({"to_on": "2026-09-01"}, "to_on"),
        ({"place_ids": []}, "place_ids"),
    ):
        body = {
            "template": "flood_watch",
            "place_ids": [str(grids[0].id)],
            "from_on": "2026-03-09",
            "to_on": "2026-03-11",
        }
        status, wrong = sign_in("zhibanzhang").post("/api/rosters", body | changes)
        assert (status, wrong["error"]["field"]) == (422, field)
    assert written() == before


def test_history_of_turns_cannot_be_changed(sign_in: SignIn, begun: Any) -> None:
    share_out(sign_in("zhibanzhang"), begun())
    with pytest.raises(DatabaseError, match="append-only"), connection.cursor() as cursor:
        cursor.execute("DELETE FROM rosters_turnevent")


def test_a_response_begins_rosters_once_and_its_end_relieves_people(
    sign_in: SignIn, grids: list[Place], workers: list[str], clock: FixedClock
) -> None:
    part = parts.known()["rosters"]
    items = [{"template": "flood_watch", "shift": "白班"}, {"template": "command_post", "posts": ["desk"]}]
    part.check(items)
    for wrong, field in (
        ({"template": "nothing"}, "rosters.0.template"),
        ({"template": "flood_watch", "posts": ["x"]}, "rosters.0.posts"),
        ({"template": "flood_watch", "shift": "x"}, "rosters.0.shift"),
        ({"who": 1, "template": "flood_watch"}, "rosters.0.who"),
    ):
        with pytest.raises(InvalidInput) as caught:
            part.check([wrong])
        assert caught.value.field == field
    at, commander = clock.now(), actor_of("zhihui", clock.now())
    live = response(at, last_on=localdate(at) + timedelta(days=1))
    before = written()
    lines = part.preview(items, live, at)
    assert written() == before
    assert [line.count for line in lines] == [12, 1]
    made = part.begin(items, live, commander, at)
    assert part.begin(items, live, commander, at) == made
    assert Roster.objects.filter(activation_id=live.activation_id).count() == 2
    watch = Roster.objects.get(template="flood_watch")
    assert {shift.name_zh for shift in Shift.objects.filter(roster=watch)} == {"白班"}
    assert Shift.objects.filter(roster=watch).count() == 2 * 12
    assert made[0].address == f"/rosters/{watch.id}"
    # The last day is the 10th: nothing is made after it, however many nights pass.
    assert making.extend_all(at + timedelta(days=3)) == 0
    share_out(sign_in("zhibanzhang"), {"id": str(watch.id)})
    turn = Turn.objects.filter(
        shift__roster=watch, begins_at__lte=at, account__username__startswith="r"
    ).first()
    assert turn is not None
    status, _ = sign_in(turn.account.username).post(f"/api/roster-turns/{turn.area}/{turn.id}/sign-on", {})
    assert status == 200
    ended = part.end(live, commander, clock.now())
    assert sum(line.count or 0 for line in ended) == 1
    assert part.end(live, commander, clock.now()) == []
    assert set(Turn.objects.values_list("state", flat=True)) == {"relieved", "taken_off"}
    assert not Shift.objects.filter(begins_at__gt=clock.now(), dropped_at=None).exists()


def test_every_night_a_roster_without_end_goes_on(grids: list[Place], clock: FixedClock) -> None:
    at = clock.now()
    [line] = parts.known()["rosters"].begin(
        [{"template": "command_post", "posts": ["lead"]}], response(at), actor_of("zhihui", at), at
    )
    ahead = packs.rules().days_ahead
    count = Shift.objects.filter(roster_id=line.subject_id).count()
    assert count == 3 * ahead - 1  # the night shift of today is over
    assert making.extend_all(at) == 0
    assert making.extend_all(at + timedelta(days=1)) == 3
    assert making.extend_all(at + timedelta(days=1)) == 0


BASE = datetime.fromisoformat("2026-03-09T00:00:00+00:00")


@given(st.lists(st.tuples(st.integers(0, 200), st.integers(1, 14)), max_size=14), st.integers(0, 12))
def test_a_diary_rests_as_counted_by_hand(taken: list[tuple[int, int]], rest: int) -> None:
    """Beside brute force: shifts accepted one by one never lie nearer than the rest, nor hold more than a week."""
    diary, kept = proposing.Diary(), []
    for begin, hours in taken:
        span = (BASE + begin * HOUR, BASE + (begin + hours) * HOUR)
        apart = all(end + rest * HOUR <= span[0] or span[1] + rest * HOUR <= start for start, end in kept)
        assert diary.rested(*span, rest * HOUR) == apart
        week = all(
            sum((e - b) / HOUR for b, e in [*kept, span] if first <= b < first + timedelta(days=7)) <= 48
            for first, _ in [*kept, span]
            if first <= span[0] < first + timedelta(days=7)
        )
        assert diary.fits_week(*span, 48) == week
        if apart and week:
            diary.add(*span)
            kept.append(span)
