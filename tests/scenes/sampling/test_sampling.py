"""Campaigns: drafted by one and issued by another, planned without loss, corrected by hand, seen by those who may."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import pytest
from django.db import ProgrammingError, connection, transaction
from django.db.models import Sum
from django.utils.timezone import localdate, localtime

from shanzhi.base.retention.holdings import Scope, known
from shanzhi.city.modes import happenings, standing
from shanzhi.city.modes.parts import Live
from shanzhi.core.kit.errors import InvalidInput, NotFound, Refused
from shanzhi.core.kit.ids import uuid7
from shanzhi.scenes.sampling import actions, correcting, drafting, rollup, slots, tickets
from shanzhi.scenes.sampling.drafting import Draft
from shanzhi.scenes.sampling.errors import PlanShort, SecondPerson
from shanzhi.scenes.sampling.models import (
    Act,
    Allocation,
    Campaign,
    CampaignEvent,
    CheckIn,
    PlaceCount,
    Point,
    PointCount,
    Retest,
    Ticket,
    Tube,
)
from shanzhi.scenes.sampling.parts import SamplingPart

DAY = date(2026, 3, 10)


def _draft(town: Any, **changes: Any) -> Draft:
    return Draft("round_ten", [town.community.id], DAY, **changes)


def _whole(campaign: Campaign) -> None:
    """Every door of every micro-grid in exactly one piece, no slot beyond what it takes."""
    by_place: dict[Any, list[tuple[int, int]]] = {}
    for piece in Allocation.objects.filter(campaign=campaign):
        by_place.setdefault(piece.place_id, []).append((piece.first, piece.first + piece.doors))
    for spans in by_place.values():
        spans.sort()
        assert [low for low, _ in spans] == [0, *(high for _, high in spans[:-1])]
        assert spans[-1][1] == 60
    for row in (
        Allocation.objects.filter(campaign=campaign)
        .values("point_id", "slot")
        .annotate(n=Sum("doors"))
        .order_by()
    ):
        point = Point.objects.get(id=row["point_id"])
        assert row["n"] <= slots.doors_a_slot(campaign, point.tables)
        assert row["n"] * campaign.people_per_home <= campaign.queue_limit


def test_a_round_is_drafted_by_one_and_issued_by_another(
    sign_in: Callable[[str], Any], town: Any, clock: Any
) -> None:
    doctor, boss, lead = sign_in("yiwu"), sign_in("zhihui"), sign_in("zhibanzhang")
    body = {"template": "round_ten", "place_ids": [str(town.community.id)], "first_on": "2026-03-10"}
    assert lead.post("/api/sampling/drafts", body)[0] == 403
    status, need = doctor.post("/api/sampling/preview", body)
    assert (status, need["doors"], need["people"], need["microgrids"]) == (200, 360, 943, 6)
    assert Campaign.objects.count() == 0
    status, made = doctor.post("/api/sampling/drafts", body)
    assert status == 201, made
    assert (made["state"], made["left_out"], made["number"]) == ("draft", 0, "CY20260309-001")
    address = f"/api/sampling/campaigns/{made['id']}"
    assert doctor.post(f"{address}/propose", {})[1]["state"] == "proposed"
    assert [one["verb"] for one in doctor.get(address)[1]["allowed_actions"]] == ["send_back"]
    status, refused = doctor.post(f"{address}/issue", {})
    assert (status, refused["error"]["code"]) == (403, "sampling-second-person")
    assert (Campaign.objects.get().state, Ticket.objects.count()) == ("proposed", 0)
    assert lead.post(f"{address}/issue", {})[0] == 403
    status, issued = boss.post(f"{address}/issue", {})
    assert (status, issued["state"], issued["issued_by"]) == (200, "issued", "示例zhihui")
    assert Ticket.objects.count() == 360
    assert len(set(Ticket.objects.values_list("code", flat=True))) == 360
    assert all(tickets.read_code(code) == code for code in Ticket.objects.values_list("code", flat=True))
    assert boss.post(f"{address}/end", {})[1]["error"]["field"] == "reason"
    assert boss.post(f"{address}/end", {"reason": "全部完成"})[1]["state"] == "ended"
    assert [one.verb for one in CampaignEvent.objects.order_by("at", "id")] == [
        "draft",
        "propose",
        "issue",
        "end",
    ]
    assert lead.get("/api/sampling/campaigns")[1][0]["state"] == "ended"
    assert sign_in("shouli").get("/api/sampling/campaigns")[0] == 403


def test_whoever_stands_elsewhere_sees_and_changes_nothing(
    town: Any, who: Callable[[str], Any], clock: Any
) -> None:
    from dataclasses import replace

    at, doctor = clock.now(), who("yiwu")
    made = actions.create(_draft(town), actor=doctor, at=at)
    elsewhere = replace(
        doctor, posts=tuple(replace(one, place_id=town.microgrids[0].id) for one in doctor.posts)
    )
    from shanzhi.city.places.errors import OutsideYourPlaces

    with pytest.raises(OutsideYourPlaces):
        actions.create(_draft(town), actor=elsewhere, at=at)
    with pytest.raises(NotFound):
        actions.perform(made.id, "propose", actor=elsewhere, at=at)
    with pytest.raises(Refused):
        actions.perform(made.id, "propose", actor=who("zhibanzhang"), at=at)
    assert Campaign.objects.get().state == "draft"
    assert CampaignEvent.objects.count() == 1


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"most_tables": 9}, "most_tables"), ({"days": 3}, "days"), ({"pooling": "twenty"}, "pooling"),
        ({"slot_minutes": 5}, "slot_minutes"), ({"people_per_point": 5}, "people_per_point"),
    ],
)  # fmt: skip
def test_numbers_that_break_a_rule_name_their_field(
    town: Any, clock: Any, changes: dict[str, Any], field: str
) -> None:
    with pytest.raises(InvalidInput) as caught:
        drafting.checked(_draft(town, **changes), clock.now())
    assert caught.value.field == field


def test_nobody_is_planned_twice_or_lost(town: Any, who: Callable[[str], Any], clock: Any) -> None:
    made = actions.create(_draft(town, people_per_point=400), actor=who("yiwu"), at=clock.now())
    assert (made.doors, made.left_out, Point.objects.filter(campaign=made).count()) == (360, 0, 3)
    _whole(made)
    assert made.metres < 400


def test_a_round_drafted_late_in_the_day_has_tables_for_the_hours_left(
    town: Any, who: Callable[[str], Any], clock: Any
) -> None:
    evening = localtime(clock.now()).replace(hour=18, minute=40)
    today = Draft("round_ten", [town.community.id], localdate(evening), opens=time(8), closes=time(20))
    need = actions.preview(today, actor=who("yiwu"), at=evening)
    assert (need.slots, need.points, need.tables) == (2, 3, 15)
    made = actions.create(today, actor=who("yiwu"), at=evening)
    assert (made.left_out, Point.objects.filter(campaign=made).count()) == (0, 3)
    assert set(Allocation.objects.filter(campaign=made).values_list("slot", flat=True)) == {22, 23}


def test_corrections_by_hand_plan_the_rest_again(town: Any, who: Callable[[str], Any], clock: Any) -> None:
    at, doctor = clock.now(), who("yiwu")
    made = actions.create(_draft(town, people_per_point=400), actor=doctor, at=at)
    first, _, last = Point.objects.filter(campaign=made).order_by("lon")
    moved = Allocation.objects.filter(campaign=made, point=first)[0].place_id
    correcting.move(made.id, moved, last.id, actor=doctor, at=at)
    assert set(
        Allocation.objects.filter(campaign=made, place_id=moved).values_list("point_id", "pinned")
    ) == {(last.id, True)}
    _whole(made)
    correcting.change_point(made.id, first.id, correcting.PointChange(is_open=False), actor=doctor, at=at)
    assert not Allocation.objects.filter(campaign=made, point=first).exists()
    assert Allocation.objects.filter(campaign=made, place_id=moved, point=last).exists()
    _whole(made)
    new = correcting.open_point(
        made.id,
        correcting.NewPoint(town.community.id, "示例广场", "示例路 1 号", 3, 104.03, 30.63),
        actor=doctor,
        at=at,
    )
    assert Allocation.objects.filter(campaign=made, point=new).exists()
    with pytest.raises(InvalidInput) as caught:
        correcting.change_point(made.id, new.id, correcting.PointChange(tables=40), actor=doctor, at=at)
    assert caught.value.field == "tables"
    correcting.move(made.id, moved, None, actor=doctor, at=at)
    _whole(made)
    verbs = list(CampaignEvent.objects.order_by("at", "id").values_list("verb", flat=True))
    assert verbs == ["draft", "move", "change_point", "open_point", "move"]


def test_a_plan_that_leaves_somebody_out_is_not_submitted(
    town: Any, who: Callable[[str], Any], clock: Any
) -> None:
    at, doctor = clock.now(), who("yiwu")
    made = actions.create(_draft(town), actor=doctor, at=at)
    [point] = Point.objects.filter(campaign=made)
    short = correcting.PointChange(closes=made.opens.replace(hour=9))
    correcting.change_point(made.id, point.id, short, actor=doctor, at=at)
    made.refresh_from_db()
    assert made.left_out > 0
    planned = Allocation.objects.filter(campaign=made).aggregate(n=Sum("doors"))["n"]
    assert planned + made.left_out == 360
    with pytest.raises(PlanShort):
        actions.perform(made.id, "propose", actor=doctor, at=at)
    assert Campaign.objects.get().state == "draft"


def test_under_way_what_has_begun_stays(
    start: Callable[..., Any], who: Callable[[str], Any], clock: Any
) -> None:
    field = start()
    campaign = field.campaign
    begun = slots.begun(campaign, clock.now())
    assert begun == 5  # 08:00 … 10:00
    frozen = set(
        Allocation.objects.filter(campaign=campaign, slot__lt=begun).values_list("place_id", flat=True)
    )
    before = {one.id for one in Allocation.objects.filter(campaign=campaign, place_id__in=frozen)}
    assert frozen
    correcting.change_point(
        campaign.id, field.point.id, correcting.PointChange(tables=5), actor=who("zhihui"), at=clock.now()
    )
    after = {one.id for one in Allocation.objects.filter(campaign=campaign, place_id__in=frozen)}
    assert before == after
    later = Allocation.objects.filter(campaign=campaign).exclude(place_id__in=frozen)
    assert all(one.slot >= begun for one in later)
    _whole(campaign)
    with pytest.raises(InvalidInput) as caught:
        correcting.move(campaign.id, next(iter(frozen)), None, actor=who("zhihui"), at=clock.now())
    assert caught.value.field == "place_id"


def test_the_second_person_is_asked_for_at_the_verb_too(
    town: Any, who: Callable[[str], Any], clock: Any
) -> None:
    made = actions.create(_draft(town), actor=who("yiwu"), at=clock.now())
    actions.perform(made.id, "propose", actor=who("yiwu"), at=clock.now())
    with pytest.raises(SecondPerson):
        actions.perform(made.id, "issue", actor=who("yiwu"), at=clock.now())


def test_the_board_adds_up(start: Callable[..., Any], clock: Any, sign_in: Callable[[str], Any]) -> None:
    field = start()
    tube = field.tube()
    assert field.come(tube, 0, 3).status == "stored"
    assert field.come(tube, 1, 2).status == "stored"
    field.send(field.act("queue", people=120), field.act("pause", table=2))
    assert rollup.roll_up(clock.now()) == 1
    whole = PointCount.objects.get(point_id=field.point.id, table_no=0)
    assert (whole.come, whole.hour, whole.waiting, whole.tubes_open) == (5, 5, 120, 1)
    assert PointCount.objects.get(point_id=field.point.id, table_no=1).come == 5
    assert whole.planned == 943
    place = PlaceCount.objects.get(campaign=field.campaign, place_id=field.campaign.place_ids[0])
    assert (place.doors, place.come_doors, place.come_people) == (360, 2, 5)
    desk = sign_in("zhihui")
    status, board = desk.get(f"/api/sampling/campaigns/{field.campaign.id}/board")
    assert (status, board["come_people"], board["points"][0]["waiting"]) == (200, 5, 120)
    assert [one["is_paused"] for one in board["points"][0]["tables"]][:2] == [False, True]
    # Two tables of 75 an hour, one of them paused: 120 people wait 96 minutes.
    active = field.point.tables - 1
    assert board["points"][0]["wait_minutes"] == -(-120 * 60 // (75 * active))
    status, gone = desk.get(f"/api/sampling/campaigns/{field.campaign.id}/missing")
    assert (status, len(gone["doors"]), gone["has_more"]) == (200, 200, True)
    status, rest = desk.get(f"/api/sampling/campaigns/{field.campaign.id}/missing?offset=200")
    assert len(rest["doors"]) == 158
    assert set(rest["doors"][0]) == {"microgrid", "compound", "where", "point", "begin"}


def test_a_resident_learns_when_and_where_and_nothing_else(
    start: Callable[..., Any], resident: Any, town: Any
) -> None:
    field = start()
    ticket = field.ticket(0)
    status, slot = resident.get(f"/api/public/slots/{ticket.code.lower()}")
    assert (status, slot["is_ticket"], slot["slots"][0]["point"]) == (200, True, field.point.name)
    assert slot["slots"][0]["begin"].startswith("2026-03-10T")
    assert not {"people", "doors", "place_id", "floor_id"} & set(slot["slots"][0])
    status, grid = resident.get(f"/api/public/slots/{town.microgrids[0].code}")
    assert (status, grid["place"], grid["is_ticket"]) == (200, "示例微网格1", False)
    # The page behind a grid's QR code tells when its micro-grids come.
    status, slots = resident.get(f"/api/public/grids/{town.microgrids[0].code}/slots")
    assert (status, [one["grid"] for one in slots]) == (200, ["示例微网格1"])
    assert slots[0]["point"] == field.point.name and slots[0]["begin"] == slot["slots"][0]["begin"]
    status, above = resident.get(f"/api/public/grids/{town.microgrids[0].code[:15]}/slots")
    assert status == 200 and slots[0] in above
    wrong = ticket.code[:-1] + ("0" if ticket.code[-1] != "0" else "1")
    assert resident.get(f"/api/public/slots/{wrong}")[0] == 404
    Campaign.objects.update(state="ended")
    assert resident.get(f"/api/public/grids/{town.microgrids[0].code}/slots") == (200, [])
    assert resident.get(f"/api/public/slots/{ticket.code}")[0] == 404


def test_files_hold_doors_and_no_names(
    start: Callable[..., Any], sign_in: Callable[[str], Any], town: Any
) -> None:
    field = start()
    desk = sign_in("zhihui").client
    address = f"/api/sampling/campaigns/{field.campaign.id}"
    excel = desk.get(f"{address}/export")
    assert excel.status_code == 200
    from shanzhi.core.documents import read_table

    table = read_table(excel.content, max_bytes=10**7, max_unpacked_bytes=10**8, max_rows=10_000)
    assert table[0][:3] == ["序号", "点位", "地址"]
    slips = desk.get(f"{address}/slips?place={town.microgrids[0].id}")
    assert (slips.status_code, slips.content[:5]) == (200, b"%PDF-")
    assert desk.get(f"{address}/slips").status_code == 422


def test_history_cannot_be_altered(start: Callable[..., Any]) -> None:
    field = start()
    field.come(field.tube(), 0, 2)
    for table in ("sampling_act", "sampling_campaignevent"):
        with pytest.raises(ProgrammingError), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(f"DELETE FROM {table}")


def _live(town: Any, who: Callable[[str], Any], at: datetime, **changes: Any) -> Live:
    return Live(
        **{
            "activation_id": uuid7(), "number": "XY1", "plan": "epidemic", "hazard": "epidemic", "level": 2,
            "place_ids": (town.community.id,), "is_drill": True, "proposed_by": who("yiwu").account_id,
            "approved_by": who("zhihui").account_id, "from_at": at, "last_on": None,
        }
        | changes
    )  # type: ignore[arg-type]  # fmt: skip


def test_a_response_proposes_and_ends_what_it_proposed(
    town: Any, who: Callable[[str], Any], clock: Any
) -> None:
    part, at = SamplingPart(), clock.now()
    items = [{"template": "round_ten"}, {"template": "goods_usual"}]
    part.check(items)
    for wrong, name in (([{"template": "none"}], "sampling.0.template"), ([{"x": 1}], "sampling.0")):
        with pytest.raises(InvalidInput) as caught:
            part.check(wrong)
        assert caught.value.field == name
    live = _live(town, who, at)
    assert [one.count for one in part.preview(items, live, at)] == [943, 943]
    assert Campaign.objects.count() == 0
    made = part.begin(items, live, who("zhihui"), at)
    assert [one.count for one in made] == [943, 943]
    assert {one.state for one in Campaign.objects.all()} == {"proposed"}
    assert {one.activation_id for one in Campaign.objects.all()} == {live.activation_id}
    assert all(one.is_drill for one in Campaign.objects.all())
    part.begin(items, live, who("zhihui"), at)
    assert Campaign.objects.count() == 2
    first = Campaign.objects.order_by("number")[0]
    actions.perform(first.id, "issue", actor=who("zhihui"), at=at)
    # Another level that holds the first alone: it goes on; back again, the other is proposed anew.
    assert [one.subject_id for one in part.shrink(items[:1], live, who("zhihui"), at)] == [made[1].subject_id]
    assert list(Campaign.objects.order_by("number").values_list("state", flat=True)) == ["issued", "dropped"]
    back = part.begin(items, live, who("zhihui"), at)
    assert back[0].subject_id == first.id and Campaign.objects.get(id=back[1].subject_id).state == "proposed"
    assert Campaign.objects.count() == 3
    # Standing down, the course and the counts of the response tell of them.
    found = standing.known()["sampling"].look(live.activation_id, at)
    assert (found.open, found.total) == (2, 3)
    told = [one.zh for one in happenings._SOURCES["sampling"][1](live.activation_id, who("zhihui"), at)]
    assert any(one.startswith(f"采样与发放 {first.number}") and "复核下达" in one for one in told)
    count = happenings._FACTS["sampling"]
    facts = {one.code: (one.number, one.of) for one in count(live.activation_id, at)}
    assert facts["sampling-people"] == (0, 943) and "distribution-people" not in facts
    Act.objects.create(
        area="510107", campaign=first, point=Point.objects.filter(campaign=first)[0], what="check_in", people=4,
        account_id=uuid7(), happened_at=at, received_at=at, hash=bytes(32),
    )  # fmt: skip
    facts = {one.code: (one.number, one.of) for one in count(live.activation_id, at)}
    assert facts["sampling-people"] == (4, 943)
    # The authority that ends a response need not run sampling.
    part.end(live, who("shangji"), at + timedelta(hours=1))
    assert sorted(Campaign.objects.values_list("state", flat=True)) == ["dropped", "dropped", "ended"]
    found = standing.known()["sampling"].look(live.activation_id, at)
    assert (found.open, found.total) == (0, 3)
    assert part.end(live, who("shangji"), at) == []
    nowhere = _live(town, who, at, place_ids=(uuid7(),))
    assert part.preview(items[:1], nowhere, at)[0].wrong


def test_what_tells_who_came_is_destroyed_and_the_numbers_stay(
    start: Callable[..., Any], who: Callable[[str], Any], clock: Any
) -> None:
    activation = uuid7()
    field = start(activation_id=activation)
    tube = field.tube(pooling="household")
    field.come(tube, 0, 3)
    rollup.roll_up(clock.now())
    holding = known()["sampling.checkins"]
    scope = Scope(activation_id=activation)
    assert holding.count(scope) == 1 + 360 + 1
    gone = holding.destroy(scope)
    assert gone.rows == 362
    assert len(gone.digest) == 64
    assert (CheckIn.objects.count(), Retest.objects.count(), Ticket.objects.count()) == (0, 0, 0)
    assert Tube.objects.get().ticket_id is None
    assert holding.count(scope) == 0
    rollup.roll_up(clock.now() + timedelta(minutes=5))
    assert PointCount.objects.get(point_id=field.point.id, table_no=0).come == 3
    assert holding.count(Scope(before=datetime(2030, 1, 1, tzinfo=UTC))) == 0


def test_boards_of_the_past_are_not_computed_again(start: Callable[..., Any], clock: Any) -> None:
    field = start()
    rollup.roll_up(clock.now())
    assert rollup.roll_up(clock.now() + timedelta(seconds=20)) == 0
    field.come(field.tube(), 0, 1)
    assert rollup.roll_up(clock.now() + timedelta(seconds=1)) == 1
    Campaign.objects.update(state="ended", ended_at=clock.now())
    assert rollup.roll_up(clock.now() + timedelta(hours=2)) == 0


def test_a_code_forgives_the_eye_and_not_the_finger() -> None:
    code = "ABCDE1230" + tickets.check_character("ABCDE1230")
    assert tickets.read_code(f"https://x.example/r/#/slot/{code}") == code
    assert tickets.read_code(code.lower().replace("1", "l").replace("0", "o")) == code
    assert tickets.read_code(f" {code[:5]} {code[5:]} ") == code
    for place in range(9):
        for other in "23456789":
            if other != code[place]:
                assert tickets.read_code(code[:place] + other + code[place + 1 :]) == ""
