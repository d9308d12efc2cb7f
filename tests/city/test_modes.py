"""Responses: proposed by one, approved by another; raised, lowered, extended, renewed, ended; and what is refused."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest
from django.utils.timezone import localdate
from tests.city.modes_case import Notebook, Shrinking, level, proposal

from shanzhi.base.access.capabilities import PLAN_VIEW, RESPONSE_APPROVE, RESPONSE_PROPOSE, RESPONSE_RENEW
from shanzhi.base.outbox.models import OutboxRow
from shanzhi.city.modes import actions, parts, queries, standing
from shanzhi.city.modes.actions import Given
from shanzhi.city.modes.models import Activation, ActivationEvent
from shanzhi.city.places.levels import Level
from shanzhi.core.kit.errors import ShanzhiError

pytestmark = [pytest.mark.django_db, pytest.mark.once]


@pytest.fixture
def book(monkeypatch: pytest.MonkeyPatch) -> dict[str, Notebook]:
    """Parts of the test alone."""
    made: dict[str, Notebook] = {
        "notices": Shrinking("notices"), "orders": Notebook("orders"), "sweeps": Shrinking("sweeps"),
    }  # fmt: skip
    monkeypatch.setattr(parts._PARTS, "by_code", dict(made))
    return made


@pytest.fixture
def on(at: Any) -> date:
    return localdate(at)


@pytest.fixture
def people(town: dict[str, Any], post_at: Any) -> dict[str, Any]:
    """At the district: who proposes, who approves, both in one, who renews; and somebody elsewhere."""
    district = town["900101"]
    return {
        "lead": post_at(district, PLAN_VIEW, RESPONSE_PROPOSE),
        "boss": post_at(district, PLAN_VIEW, RESPONSE_PROPOSE, RESPONSE_APPROVE),
        "other": post_at(district, PLAN_VIEW, RESPONSE_APPROVE),
        "upper": post_at(town["900100"], PLAN_VIEW, RESPONSE_APPROVE, RESPONSE_RENEW),
        "far": post_at(town["900102"], PLAN_VIEW, RESPONSE_PROPOSE, RESPONSE_APPROVE),
    }


@pytest.fixture
def live(book: Any, people: Any, at: Any, on: date, town: Any) -> Callable[..., Activation]:
    def make(*codes: str, **changes: Any) -> Activation:
        places = [town[code] for code in codes or ("900101001",)]
        row = actions.propose(proposal(on, places, **changes), actor=people["lead"], at=at)
        return actions.perform(row.id, "approve", Given(), actor=people["boss"], at=at)

    return make


def state() -> Any:
    return (
        list(Activation.objects.order_by("pk").values()), ActivationEvent.objects.count(),
        OutboxRow.objects.count(),
    )  # fmt: skip


def refused(code: str, act: Callable[[], object], field: str | None = None) -> ShanzhiError:
    """That it is refused with this code, and nothing changed."""
    before = state()
    with pytest.raises(ShanzhiError) as caught:
        act()
    assert caught.value.code == code, caught.value
    assert field is None or caught.value.field == field
    assert state() == before
    return caught.value


def test_from_proposal_to_the_end(
    monkeypatch: pytest.MonkeyPatch, live: Any, book: Any, people: Any, town: Any, at: Any, on: date
) -> None:
    row = live(levels=(level(4, orders=["值守"], sweeps=["低洼户"]),))
    assert (row.state, row.number, row.approved_by, row.live_at) == ("live", "XY20260309-001", "某人", at)
    assert row.limit_on == on + timedelta(days=29)
    assert book["orders"].live == {row.id: ["值守"]}
    told = book["orders"].calls[0][1][1]
    assert (told.proposed_by, told.approved_by) == (people["lead"].account_id, people["boss"].account_id)
    # It holds at the place and below it, and nowhere else.
    assert queries.live_at(town["900101001001"], at) == [row]
    assert queries.live_at(town["900101"], at) == queries.live_at(town["900101002001"], at) == []
    assert queries.live_for([town["900101"]], at) == [row]
    row = actions.perform(row.id, "end", Given("雨已停"), actor=people["other"], at=at + timedelta(hours=2))
    assert (row.state, book["orders"].live, book["sweeps"].live) == ("standing_down", {}, {})
    assert queries.live_at(town["900101001001"], at + timedelta(hours=3)) == []
    assert queries.live_at(town["900101001001"], at + timedelta(hours=1)) == [row]
    monkeypatch.setattr(standing, "_CHECKS", {})
    left = [2]
    standing.register(
        "posts", "人员轮换", "relief of people", lambda activation, then: standing.Open(left[0], 2)
    )
    with pytest.raises(standing.StillOpen) as open_still:
        actions.perform(row.id, "finish", Given(), actor=people["other"], at=at + timedelta(hours=4))
    assert open_still.value.params["lines_zh"] == "人员轮换 2 项"
    assert Activation.objects.get(id=row.id).state == "standing_down"
    left[0] = 0
    row = actions.perform(row.id, "finish", Given(), actor=people["other"], at=at + timedelta(hours=4))
    assert row.state == "ended"
    events = queries.events_of(row.id)
    assert [one.verb for one in events] == ["propose", "approve", "end", "finish"]
    assert [line["part"] for line in events[1].made] == ["notices", "sweeps", "orders"]
    news = OutboxRow.objects.filter(topic="modes").order_by("id")
    assert [(one.area, one.event) for one in news] == [
        ("900101", "proposed"), ("900101", "approve"), ("900101", "end"), ("900101", "finish"),
    ]  # fmt: skip


def test_whoever_proposes_does_not_decide(book: Any, people: Any, town: Any, at: Any, on: date) -> None:
    row = actions.propose(proposal(on, [town["900101001"]]), actor=people["boss"], at=at)

    def do(verb: str, who: str, **given: Any) -> Callable[[], object]:
        return lambda: actions.perform(row.id, verb, Given("理由", **given), actor=people[who], at=at)

    refused("response-second-person", do("approve", "boss"))
    refused("response-second-person", do("refuse", "boss"))
    refused("refused", do("approve", "lead"))
    refused("not-found", do("approve", "far"))
    do("approve", "other")()
    refused("response-second-person", do("raise", "boss", level=3))
    refused("response-second-person", do("extend", "boss", last_on=on + timedelta(days=9)))
    refused("unknown-edge", do("approve", "other"))
    do("raise", "other", level=3)()
    refused("response-level", do("raise", "other", level=4), "level")
    refused("response-level", do("lower", "other", level=1), "level")
    refused("response-level", do("lower", "other"), "level")


def test_a_wrong_line_stops_it_and_what_is_not_installed_is_one(
    book: Any, people: Any, town: Any, at: Any, on: date
) -> None:
    bad = level(4, orders=[{"name": "缺人", "wrong": True}], rosters=["夜班"])
    row = actions.propose(proposal(on, [town["900101001"]], levels=(bad,)), actor=people["lead"], at=at)
    error = refused(
        "response-parts-wrong",
        lambda: actions.perform(row.id, "approve", Given(), actor=people["boss"], at=at),
    )
    assert "本系统未装此项" in error.sentence("zh") and "缺人" in error.sentence("zh")
    assert book["notices"].live == {}


def test_what_a_level_no_longer_holds_ends_and_what_stays_is_kept(
    live: Any, book: Any, people: Any, at: Any
) -> None:
    four = level(4, orders=["值守"], sweeps=["低洼户", "老人"])
    three = level(3, sweeps=["低洼户", "地下室"], orders=["值守"])
    two = level(2, sweeps=["地下室"])
    row = live(levels=(four, three, two))
    begun = len(book["orders"].calls)
    actions.perform(row.id, "raise", Given("雨势增强", level=3), actor=people["boss"], at=at)
    assert book["sweeps"].live == {row.id: ["低洼户", "地下室"]}
    assert len(book["orders"].calls) == begun  # nothing to do there
    actions.perform(row.id, "raise", Given("雨势再增", level=2), actor=people["boss"], at=at)
    assert (book["sweeps"].live, book["orders"].live) == ({row.id: ["地下室"]}, {})
    actions.perform(row.id, "lower", Given("雨停", level=4), actor=people["boss"], at=at)
    assert book["sweeps"].live == {row.id: ["低洼户", "老人"]}
    assert [one.level for one in queries.events_of(row.id)] == [4, 4, 3, 2, 4]


def test_an_area_no_larger_than_needed(book: Any, people: Any, town: Any, at: Any, on: date) -> None:
    small = (level(1, confines=True, largest=Level.COMMUNITY),)
    week = {"level": 1, "levels": small, "last_on": on + timedelta(days=6)}

    def act(code: str, **more: Any) -> Callable[[], Activation]:
        wanted = proposal(on, [town[code]], **week, **more)
        return lambda: actions.propose(wanted, actor=people["lead"], at=at)

    refused("response-area-too-large", act("900101001"), "why_so_large")
    refused("response-area-never", act("900101", why_so_large="全区"), "place_ids")
    refused("outside-your-places", act("900102001201"), "place_ids")
    assert act("900101001", why_so_large="病例分布在全街道")().why_so_large
    assert act("900101001001")().state == "proposed"


@pytest.mark.parametrize("field", ["basis", "document", "exit_zh", "exit_en", "exit_phone", "title"])
def test_what_has_to_be_there(field: str, book: Any, people: Any, town: Any, at: Any, on: date) -> None:
    empty = proposal(on, [town["900101001"]], **{field: " "})
    refused("invalid-input", lambda: actions.propose(empty, actor=people["lead"], at=at), field)


def test_nothing_goes_live_without_a_notice(book: Any, people: Any, town: Any, at: Any, on: date) -> None:
    silent = proposal(on, [town["900101001"]], levels=(level(4, notices=[]),))
    refused("response-notice-missing", lambda: actions.propose(silent, actor=people["lead"], at=at))


def test_confinement_is_fourteen_days_and_then_for_another_authority(
    live: Any, book: Any, people: Any, town: Any, at: Any, on: date
) -> None:
    levels = (level(1, confines=True, largest=Level.STREET), level(2, largest=Level.STREET))
    late = proposal(on, [town["900101001"]], level=1, levels=levels, last_on=on + timedelta(days=14))
    refused("response-last-day", lambda: actions.propose(late, actor=people["lead"], at=at), "last_on")
    row = live(level=1, levels=levels, last_on=on + timedelta(days=3))
    assert row.limit_on == on + timedelta(days=13) and row.is_compulsory

    def do(verb: str, who: str, when: int = 0, **given: Any) -> Callable[[], Activation]:
        later = at + timedelta(days=when)
        return lambda: actions.perform(row.id, verb, Given("理由", **given), actor=people[who], at=later)

    last = on + timedelta(days=13)
    refused("response-last-day", do("extend", "boss", last_on=last + timedelta(days=1)), "last_on")
    refused("response-last-day-early", do("extend", "boss", last_on=on + timedelta(days=3)), "last_on")
    assert do("extend", "boss", last_on=last)().last_on == last
    assert book["notices"].calls[-1] == ("prolong", last)
    # Lowering and raising again does not begin the days anew.
    do("lower", "boss", 2, level=2)()
    assert not Activation.objects.get().is_compulsory
    again = {"level": 1, "basis": "示例法", "document": "示例〔2026〕7号"}
    refused("response-last-day", do("raise", "boss", 5, last_on=last + timedelta(days=1), **again), "last_on")
    refused("invalid-input", do("raise", "boss", 5, last_on=last, level=1), "basis")
    assert do("raise", "boss", 5, last_on=last, **again)().limit_on == last
    # Renewal: another authority, another document, fourteen days again.
    further, paper = on + timedelta(days=23), "示例〔2026〕9号"
    refused("refused", do("renew", "boss", 10, last_on=further, document=paper))
    refused("response-document-used", do("renew", "upper", 10, last_on=further, document="示例〔2026〕1号"))
    refused("invalid-input", do("renew", "upper", 10, last_on=further), "document")
    refused(
        "response-last-day", do("renew", "upper", 10, last_on=further + timedelta(days=1), document=paper)
    )
    renewed = do("renew", "upper", 10, last_on=further, document=paper)()
    assert (renewed.last_on, renewed.limit_on, renewed.document) == (further, further, paper)


def test_the_second_authority_is_nobody_who_decided(
    book: Any, people: Any, town: Any, at: Any, on: date
) -> None:
    levels = (level(1, confines=True, largest=Level.STREET),)
    given = proposal(on, [town["900101001"]], level=1, levels=levels)
    row = actions.propose(given, actor=people["lead"], at=at)
    actions.perform(row.id, "approve", Given(), actor=people["upper"], at=at)
    renewal = Given("理由", last_on=on + timedelta(days=13), document="示例〔2026〕8号")
    refused(
        "response-second-authority",
        lambda: actions.perform(row.id, "renew", renewal, actor=people["upper"], at=at),
    )


def test_ending_and_proposing_anew_is_no_way_around(
    live: Any, book: Any, people: Any, town: Any, at: Any, on: date
) -> None:
    levels = (level(1, confines=True, largest=Level.STREET),)
    row = live("900101001001", level=1, levels=levels)
    actions.perform(row.id, "end", Given("到期"), actor=people["boss"], at=at + timedelta(days=6))
    later = at + timedelta(days=7)
    wider = proposal(
        localdate(later), [town["900101001"]], level=1, levels=levels, last_on=on + timedelta(days=12)
    )
    again = actions.propose(wider, actor=people["lead"], at=later)

    def approve(who: str) -> Callable[[], Activation]:
        return lambda: actions.perform(again.id, "approve", Given(), actor=people[who], at=later)

    refused("response-confined-before", approve("boss"), "place_ids")
    assert approve("upper")().state == "live"


def test_the_same_plan_is_live_once_at_a_place(live: Any, people: Any, town: Any, at: Any, on: date) -> None:
    live()
    twin = actions.propose(proposal(on, [town["900101001"]]), actor=people["lead"], at=at)
    refused(
        "response-already-live",
        lambda: actions.perform(twin.id, "approve", Given(), actor=people["boss"], at=at),
    )
    drill = actions.propose(proposal(on, [town["900101001"]], is_drill=True), actor=people["lead"], at=at)
    assert actions.perform(drill.id, "approve", Given(), actor=people["boss"], at=at).is_drill


def test_what_is_past_its_last_day_ends_by_itself(
    live: Any, book: Any, people: Any, town: Any, at: Any, monkeypatch: Any
) -> None:
    row = live(levels=(level(4, orders=["值守"]),))

    def broken(*_: Any) -> Any:
        raise ValueError("示例")

    monkeypatch.setattr(book["orders"], "end", broken)
    assert actions.end_overdue(at + timedelta(days=6)) == 0
    late = at + timedelta(days=7)
    # Before the clock comes round nothing holds any more, and nothing can be changed.
    assert queries.live_at(town["900101001"], late) == []
    extension = Given("理由", last_on=localdate(late) + timedelta(days=2))
    refused(
        "response-over", lambda: actions.perform(row.id, "extend", extension, actor=people["boss"], at=late)
    )
    assert (actions.end_overdue(late), actions.end_overdue(late)) == (1, 0)
    row.refresh_from_db()
    assert (row.state, row.ended_at) == ("standing_down", late)
    event = queries.events_of(row.id)[-1]
    assert (event.verb, event.actor_name) == ("end", "系统")
    assert [(line["part"], line["wrong"]) for line in event.made] == [("notices", False), ("orders", True)]
    assert OutboxRow.objects.filter(topic="modes", event="end").count() == 1


def test_what_fails_while_it_begins_leaves_nothing(
    live: Any, book: Any, people: Any, town: Any, at: Any, on: date, monkeypatch: Any
) -> None:
    row = actions.propose(
        proposal(on, [town["900101001"]], levels=(level(4, orders=["值守"]),)), actor=people["lead"], at=at
    )

    def broken(*_: Any) -> Any:
        raise RuntimeError("示例")

    monkeypatch.setattr(book["orders"], "begin", broken)
    before = state()
    with pytest.raises(RuntimeError):
        actions.perform(row.id, "approve", Given(), actor=people["boss"], at=at)
    assert state() == before
