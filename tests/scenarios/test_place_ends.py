"""A case outlives its grid: whoever answers for what the grid became sees it and goes on with it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.utils.timezone import localdate

from shanzhi.base.access import SYSTEM, Actor, ActorPost
from shanzhi.base.access.capabilities import CASE_VIEW
from shanzhi.city.places import changes, queries
from shanzhi.city.places.models import Place
from shanzhi.city.places.wishes import Change
from shanzhi.core.kit.ids import uuid7
from shanzhi.work.cases import reach
from shanzhi.work.cases.models import Case


def test_an_open_case_is_seen_from_the_successor(city: None, report: Any, sign_in: Any, clock: Any) -> None:
    receipt = report()
    case = Case.objects.get(number=receipt["number"])
    on = localdate(clock.now())
    parent = queries.parent_of(case.place_id, on)
    old = Place.objects.get(id=case.place_id)
    digits = "990" if len(old.code) <= 9 else "99"
    made = changes.make(
        Change("create", on, "试", parent_id=parent.id, level=old.level, name="接续网格",
               code=old.code[: -len(digits)] + digits),
        actor=SYSTEM, at=clock.now(),
    )  # fmt: skip
    heir = made.rows[0].place
    post = ActorPost(uuid7(), "some_kind", heir, None, frozenset({CASE_VIEW}))
    worker = Actor(uuid7(), "某人", "desk", (post,))
    assert not reach.visible_to(worker, clock.now()).exists()
    wish = Change("merge", on, "试", places=[old.id, heir], into_id=heir)
    shown = changes.preview(wish, actor=SYSTEM, at=clock.now())
    assert {one.kind: one.count for one in shown.touches}["cases"] == 1
    merged = changes.make(wish, actor=SYSTEM, at=clock.now())
    case.refresh_from_db()
    assert case.place_id == old.id, "it stays where it happened"
    assert [one.id for one in reach.visible_to(worker, clock.now())] == [case.id]
    assert reach.in_reach(worker, CASE_VIEW, case, clock.now())
    clock.advance(timedelta(days=1))
    desk = sign_in("shouli")
    status, page = desk.get(f"/api/cases/{case.area}/{case.id}")
    assert status == 200 and page["place_name"].endswith(old.name), page
    status, done = desk.post(f"/api/cases/{case.area}/{case.id}/actions/accept", {"version": page["version"]})
    assert status == 200 and done["state"] == "accepted", done
    changes.undo(merged.change_id, "弄错了", actor=SYSTEM, at=clock.now())
    assert not reach.visible_to(worker, clock.now()).exists()
    status, page = desk.get(f"/api/cases/{case.area}/{case.id}")
    assert status == 200 and page["place_name"].endswith(old.name)
