"""Surge posting: needs, people, the one click, and what becomes of those who were posted."""

from datetime import date, timedelta

import pytest
from django.db import DatabaseError, transaction

from shanzhi.base.access import SYSTEM, Actor, ActorPost
from shanzhi.base.access.capabilities import SURGE_MANAGE, SURGE_OFFER
from shanzhi.base.audit.models import AuditEntry
from shanzhi.city.compounds.models import Compound
from shanzhi.city.people import actions as people
from shanzhi.city.people.models import Account, Post
from shanzhi.city.places.models import Place
from shanzhi.city.surge import actions, lists
from shanzhi.city.surge.actions import NewNeed, NewOffer
from shanzhi.city.surge.errors import AlreadyOffered, ListChanged, NeedInUse, NobodyToAssign, PostingOver
from shanzhi.city.surge.flow import SURGE
from shanzhi.city.surge.jobs import end_due_postings
from shanzhi.city.surge.models import Need, Offer, Posting, SurgeEvent
from shanzhi.core.flow.errors import UnknownEdge
from shanzhi.core.kit.errors import InvalidInput, NotFound, Refused
from shanzhi.core.kit.ids import uuid7

pytestmark = pytest.mark.once

DAY = date(2026, 3, 9)
END = DAY + timedelta(days=14)


@pytest.fixture
def unit(town, post_kinds, at):
    return people.create_unit(code="DQ-01", name="东区甲局", place_id=town["900101"], actor=SYSTEM, at=at)


@pytest.fixture
def manager(town, post_at, db):
    """Manages surge posting in 东区."""
    account = Account.objects.create(
        username="manager", display_name="指挥", password="!", created_at="2026-01-01T00:00:00Z",
        password_changed_at="2026-01-01T00:00:00Z",
    )  # fmt: skip
    return post_at(town["900101"], SURGE_MANAGE, account_id=account.id)


@pytest.fixture
def lead(unit):
    """Offers people of 东区甲局."""
    post = ActorPost(uuid7(), "unit_lead", unit.place_id, unit.id, frozenset({SURGE_OFFER}))
    return Actor(uuid7(), "负责人", "desk", (post,))


@pytest.fixture
def state(town, at):
    def make(code="900101001001", how_many=2, actor=SYSTEM, **changes):
        given = {
            "people": how_many, "from_on": DAY, "to_on": END, "task": "到社区报到，协助入户登记",
            "place_id": town[code],
        }  # fmt: skip
        return actions.state_need(NewNeed(**(given | changes)), actor=actor, at=at)

    return make


@pytest.fixture
def offer(unit, town, at):
    numbers = iter(range(1, 1000))

    def make(home="", name="", actor=SYSTEM, unit_id=None, **changes):
        new = NewOffer(
            name=name or f"干部{next(numbers)}", phone="028-0000-0001", home_id=town[home] if home else None,
            **({"from_on": DAY, "to_on": END} | changes),
        )  # fmt: skip
        return actions.offer_people(unit_id or unit.id, [new], actor=actor, at=at)[0]

    return make


@pytest.fixture
def rows(counted):
    """Everything that surge posting could have changed."""

    def read():
        tables = (Need, Offer, Posting, SurgeEvent, AuditEntry)
        return counted(), [list(table.objects.order_by("pk").values()) for table in tables]

    return read


def assign(actor, at, **options):
    return actions.assign(options.pop("needs", ()), options.pop("on", DAY), actor=actor, at=at, **options)


def test_the_table_of_states_is_sound():
    assert SURGE.check() == []
    assert [edge.verb for edge in SURGE.edges_from("returned")] == []


def test_from_offer_to_return(state, offer, manager, lead, town, at, clock):
    need = state(how_many=1, actor=manager)
    person = offer("900101001001", "干部甲", actor=lead, skills=["驾驶", "medical"])
    assert (person.state, person.skills, person.account_id) == ("offered", ["driving", "medical"], None)
    done, [posting] = assign(manager, at)
    assert (done.unmet, done.left_over) == (0, 0)
    # The post, the place, the first task.
    post = Post.objects.get(id=posting.post_id)
    assert (post.kind_id, post.place_id, post.from_on, post.to_on) == (
        "surge_worker", town["900101001001"], DAY, END,
    )  # fmt: skip
    [shown] = lists.postings_out(manager, [lists.again(posting)], at)
    assert (shown.task, shown.place.name, shown.why_zh) == (
        "到社区报到，协助入户登记", "长乐社区", "该处缺口 100%；住本社区",
    )  # fmt: skip
    assert [step.verb for step in shown.allowed_actions] == ["report_in", "relieve", "return"]
    person.refresh_from_db()
    assert (person.state, person.posting_id) == ("assigned", posting.id)
    assert not Account.objects.get(id=person.account_id).has_usable_password()
    actions.perform(posting.area, posting.id, "report_in", actor=manager, at=at)
    clock.advance(timedelta(days=3))
    actions.perform(posting.area, posting.id, "relieve", reason="轮休", actor=manager, at=clock.now())
    posting.refresh_from_db()
    post.refresh_from_db()
    assert (posting.to_on, posting.end_reason, post.to_on) == (date(2026, 3, 12), "轮休", date(2026, 3, 12))
    # Relieved, and free again: the second posting is another row, the first stays.
    _, [second] = assign(manager, clock.now(), on=date(2026, 3, 12))
    assert second.id != posting.id and second.need_id == need.id
    with pytest.raises(PostingOver):
        actions.perform(posting.area, posting.id, "return", reason="x", actor=manager, at=clock.now())
    actions.perform(second.area, second.id, "return", reason="任务结束", actor=manager, at=clock.now())
    person.refresh_from_db()
    assert (person.state, person.phone, person.home_id, person.home_lon) == ("returned", "", None, None)
    assert [(one.verb, one.reason, one.place) for one in lists.history(manager, person.id, clock.now())] == [
        ("offer", "", ""), ("assign", "", "长乐社区"), ("report_in", "", "长乐社区"), ("relieve", "轮休", "长乐社区"),
        ("assign", "", "长乐社区"), ("return", "任务结束", "长乐社区"),
    ]  # fmt: skip


def test_whoever_is_posted_reports_in_themselves_and_does_no_more(state, offer, manager, at):
    state(how_many=1)
    person = offer("900101001001")
    _, [posting] = assign(manager, at)
    person.refresh_from_db()
    self = Actor(person.account_id, person.name, "desk", ())
    [mine] = lists.postings_out(self, [lists.again(posting)], at)
    assert [step.verb for step in mine.allowed_actions] == ["report_in"]
    with pytest.raises(Refused):
        actions.perform(posting.area, posting.id, "relieve", reason="累", actor=self, at=at)
    actions.perform(posting.area, posting.id, "report_in", actor=self, at=at)
    posting.refresh_from_db()
    assert posting.reported_at == at
    with pytest.raises(NotFound):
        other = Actor(uuid7(), "别人", "desk", ())
        actions.perform(posting.area, posting.id, "report_in", actor=other, at=at)


def test_home_and_skills_decide_and_are_the_reason(state, offer, manager, town, at):
    Place.objects.filter(id=town["900101001001"]).update(lon=104.0, lat=30.0)
    Place.objects.filter(id=town["900101001002"]).update(lon=104.0, lat=30.01)
    first = state("900101001001", 1)
    second = state("900101001002", 1, skills=["水电维修"])
    near = offer(home_point=(104.0012345, 30.0012345))
    able = offer("900101001001", skills=["repairs"])
    assert (near.home_lon, near.home_lat) == (104.001, 30.001)  # a hundred metres, no door
    done, _ = assign(manager, at)
    assert {one.need.id: one.offer.id for one in done.postings} == {first.id: near.id, second.id: able.id}
    shown = {one.name: one.why_zh for one in lists.assignment_out(done, at, 0).items}
    assert shown == {
        near.name: "该处缺口 100%；家距约 100 米", able.name: "该处缺口 100%；家距约 1.1 公里；具备：水电维修",
    }  # fmt: skip


def test_a_compound_is_where_one_goes_and_its_community_where_the_post_stands(
    state, offer, manager, town, at
):
    compound = Compound.objects.create(
        area="900101", name="甲小区", pinyin="jia xiao qu", place_id=town["900101001002"], lon=104.0, lat=30.0,
        opened_on=DAY,
    )  # fmt: skip
    state(how_many=1, place_id=None, compound=("900101", compound.id), actor=manager)
    offer(home_point=(104.0, 30.02))
    _, [posting] = assign(manager, at)
    assert (posting.place_id, posting.distance_m) == (town["900101001002"], 2223)
    rows = lists.chosen_postings(manager, at, unit_id=None, compound_id=compound.id, place_id=None, on=DAY)
    assert [one.compound.name for one in lists.postings_out(manager, rows, at)] == ["甲小区"]
    assert not lists.chosen_postings(
        manager, at, unit_id=None, compound_id=uuid7(), place_id=None, on=None
    ).exists()


def test_days_and_places_bound_who_may_go(state, offer, manager, town, at):
    state(how_many=5, from_on=DAY + timedelta(10), to_on=DAY + timedelta(20))
    offer(to_on=DAY + timedelta(10))  # gone before it begins
    late = offer(from_on=DAY + timedelta(12))
    west = people.create_unit(code="XQ-01", name="西区乙局", place_id=town["900102"], actor=SYSTEM, at=at)
    offer(unit_id=west.id)  # of another district
    city = people.create_unit(code="SZ-01", name="市丙局", place_id=town["900100"], actor=SYSTEM, at=at)
    wide = offer(unit_id=city.id)
    _, postings = assign(manager, at)
    assert {one.offer_id: (one.from_on, one.to_on) for one in postings} == {
        late.id: (DAY + timedelta(12), END), wide.id: (DAY + timedelta(10), END),
    }  # fmt: skip


def test_a_unit_may_let_its_people_report_where_they_live(state, manager, unit, town, at):
    """双报到: the home may lie in another district than the unit."""
    state("900102001201", 1)
    new = NewOffer(name="干部甲", home_id=town["900102001201"], from_on=DAY, to_on=END)
    actions.offer_people(unit.id, [new], place_id=town["900100"], actor=SYSTEM, at=at)
    done, _ = assign(SYSTEM, at)
    assert [(one.is_home, one.offer.name) for one in done.postings] == [(True, "干部甲")]
    with pytest.raises(NotFound):
        other = NewOffer(name="干部乙", from_on=DAY, to_on=END)
        actions.offer_people(unit.id, [other], place_id=town["900102"], actor=SYSTEM, at=at)


def test_the_preview_is_what_happens_or_nothing_does(state, offer, manager, at, rows):
    state(how_many=2)
    offer("900101001001")
    seen = actions.preview((), DAY, actor=manager, at=at)
    assert (len(seen.postings), seen.unmet, seen.left_over, Posting.objects.count()) == (1, 1, 0, 0)
    offer("900101001001")
    before = rows()
    with pytest.raises(ListChanged):
        assign(manager, at, token=seen.token)
    assert rows() == before
    fresh = actions.preview((), DAY, actor=manager, at=at)
    done, postings = assign(manager, at, token=fresh.token)
    assert [one.offer.id for one in done.postings] == [one.offer.id for one in fresh.postings]
    assert len(postings) == 2
    before = rows()
    with pytest.raises(NobodyToAssign):
        assign(manager, at)
    assert rows() == before


def test_the_head_of_a_community_assigns_there_and_nowhere_else(state, offer, town, post_at, at, rows):
    head = post_at(town["900101001001"], SURGE_MANAGE)
    here, there = state("900101001001", 1), state("900101001002", 1)
    offer("900101001002")
    offer("900101001002")
    before = rows()
    for error, doing in (
        (NotFound, lambda: assign(head, at, needs=[(there.area, there.id)])),
        (NotFound, lambda: assign(head, at, needs=[(here.area, here.id), (there.area, there.id)])),
        (NotFound, lambda: state("900101001002", 1, actor=head)),
        (NotFound, lambda: actions.withdraw_need(there.area, there.id, "x", actor=head, at=at)),
    ):
        with pytest.raises(error):
            doing()
    assert rows() == before
    done, [posting] = assign(head, at)
    assert [one.need.id for one in done.postings] == [here.id] and posting.place_id == town["900101001001"]
    _, [other] = assign(SYSTEM, at)
    before = rows()
    with pytest.raises(NotFound):
        actions.perform(other.area, other.id, "relieve", reason="x", actor=head, at=at)
    assert rows() == before
    assert [one.need_id for one in lists.chosen_postings(
        head, at, unit_id=None, compound_id=None, place_id=None, on=None)] == [here.id]  # fmt: skip


def test_refused_steps_change_nothing(state, offer, manager, lead, unit, town, at, rows, post_at):
    need, person = state(how_many=1), offer("900101001001", "干部甲")
    _, [posting] = assign(manager, at)
    free = offer(name="干部乙")
    west = people.create_unit(code="XQ-01", name="西区乙局", place_id=town["900102"], actor=SYSTEM, at=at)
    days = {"from_on": DAY, "to_on": END}
    key, compound = (posting.area, posting.id), ("900101", uuid7())
    stranger = post_at(town["900101"])

    def offers(*names, who=lead, of=unit, **changes):
        listed = [NewOffer(name=name, **(days | changes)) for name in names]
        return actions.offer_people(of.id, listed, actor=who, at=at)

    before = rows()
    for error, doing in (
        (Refused, lambda: state(actor=lead)),
        (Refused, lambda: assign(lead, at)),
        (Refused, lambda: actions.preview((), DAY, actor=stranger, at=at)),
        (Refused, lambda: offers("丙", who=manager)),
        (Refused, lambda: actions.perform(*key, "relieve", reason="x", actor=lead, at=at)),
        (Refused, lambda: actions.reveal_phone(person.id, "x", actor=stranger, at=at)),
        (Refused, lambda: lists.overview(stranger, at, place_id=None, unit_id=None, state="")),
        (NotFound, lambda: offers("丙", of=west)),
        (NotFound, lambda: offers("", account_id=uuid7())),
        (NotFound, lambda: offers("丙", home_id=uuid7())),
        (NotFound, lambda: state(place_id=None, compound=compound)),
        (NotFound, lambda: actions.perform("900102", posting.id, "relieve", reason="x", actor=manager, at=at)),
        (NotFound, lambda: actions.withdraw_offer(uuid7(), "x", actor=lead, at=at)),
        (NotFound, lambda: lists.history(stranger, person.id, at)),
        (AlreadyOffered, lambda: offers("干部乙")),
        (AlreadyOffered, lambda: offers("丙", "丙")),
        (InvalidInput, lambda: offers(" ")),
        (InvalidInput, lambda: offers("丙", phone="没有")),
        (InvalidInput, lambda: offers("丙", skills=["飞行"])),
        (InvalidInput, lambda: offers("丙", home_id=town["900101"])),
        (InvalidInput, lambda: offers("丙", home_point=(104.0, 95.0))),
        (InvalidInput, lambda: offers("丙", to_on=DAY)),
        (InvalidInput, lambda: offers("丙", from_on=DAY - timedelta(9), to_on=DAY - timedelta(2))),
        (InvalidInput, lambda: offers("丙", to_on=DAY + timedelta(400))),
        (InvalidInput, lambda: offers()),
        (InvalidInput, lambda: state(how_many=0)),
        (InvalidInput, lambda: state(task=" ")),
        (InvalidInput, lambda: state("900101001")),
        (InvalidInput, lambda: state(place_id=None)),
        (InvalidInput, lambda: assign(manager, at, on=DAY - timedelta(1))),
        (InvalidInput, lambda: actions.perform(*key, "relieve", reason=" ", actor=manager, at=at)),
        (InvalidInput, lambda: actions.withdraw_offer(free.id, "", actor=lead, at=at)),
        (UnknownEdge, lambda: actions.perform(*key, "withdraw", reason="x", actor=manager, at=at)),
        (UnknownEdge, lambda: actions.withdraw_offer(person.id, "x", actor=lead, at=at)),
        (NeedInUse, lambda: actions.withdraw_need(need.area, need.id, "x", actor=manager, at=at)),
    ):  # fmt: skip
        with pytest.raises(error):
            doing()
        assert rows() == before
    actions.perform(*key, "report_in", actor=manager, at=at)
    before = rows()
    with pytest.raises(UnknownEdge):
        actions.perform(*key, "report_in", actor=manager, at=at)
    assert rows() == before


def test_needs_and_people_are_taken_back(state, offer, manager, lead, at):
    need, person = state(), offer("900101001001")
    actions.withdraw_offer(person.id, "另有任务", actor=lead, at=at)
    person.refresh_from_db()
    assert (person.state, person.phone, person.home_id) == ("returned", "", None)
    actions.withdraw_need(need.area, need.id, "不再需要", actor=manager, at=at)
    offer("900101001001")
    with pytest.raises(NobodyToAssign):
        assign(manager, at)
    with pytest.raises(NotFound):
        actions.withdraw_need(need.area, need.id, "再来一次", actor=manager, at=at)


def test_history_is_only_appended(state, offer, manager, at):
    state()
    offer()
    assign(manager, at)
    for change in (lambda: SurgeEvent.objects.update(reason="改"), lambda: SurgeEvent.objects.all().delete()):
        with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
            change()
    assert [one.verb for one in SurgeEvent.objects.order_by("at", "id")] == ["offer", "assign"]


def test_time_ends_postings_and_erases_what_was_for_them(state, offer, manager, at, clock):
    state(how_many=1, to_on=DAY + timedelta(5))
    person, unused = offer("900101001001"), offer(to_on=DAY + timedelta(6))
    _, [posting] = assign(manager, at)
    assert posting.offer_id == person.id and end_due_postings(0) == (0, 0)
    clock.advance(timedelta(days=5))
    assert end_due_postings(0) == (1, 0)
    posting.refresh_from_db()
    assert (posting.to_on, posting.end_reason) == (DAY + timedelta(5), "到期")
    clock.advance(timedelta(days=9))
    assert end_due_postings(0) == (0, 2) and end_due_postings(0) == (0, 0)
    for one in (person, unused):
        one.refresh_from_db()
        assert (one.state, one.phone, one.home_id) == ("returned", "", None)


def test_a_telephone_is_read_against_a_reason(offer, manager, lead, at):
    person = offer()
    raw = Offer.objects.extra(select={"raw": "phone"}).values_list("raw", flat=True).get()
    assert b"028" not in bytes(raw)
    assert actions.reveal_phone(person.id, "通知报到", actor=manager, at=at) == "028-0000-0001"
    entry = AuditEntry.objects.get(event="reveal")
    assert (entry.subject, entry.detail) == (str(person.id), {"what": "surge-phone", "reason": "通知报到"})


def test_appointing_many_stays_within_what_the_kind_allows(town, post_kinds, manager, at, counted):
    from shanzhi.city.people.errors import OwnPost
    from shanzhi.city.places.errors import OutsideYourPlaces

    there = people.Appointment(town["900101001001"], DAY, END, display_name="干部甲")
    before = counted()
    for error, kind, listed in (
        (NotFound, "grid_worker", [there]),
        (NotFound, "system_admin", [there]),
        (NotFound, "nothing", [there]),
        (OutsideYourPlaces, "surge_worker", [there, people.Appointment(town["900102"], DAY, END)]),
        (OwnPost, "surge_worker", [people.Appointment(there.place_id, DAY, END, manager.account_id)]),
        (NotFound, "surge_worker", [people.Appointment(there.place_id, DAY, END, uuid7())]),
        (InvalidInput, "surge_worker", [people.Appointment(there.place_id, DAY, DAY)]),
    ):  # fmt: skip
        with pytest.raises(error):
            people.appoint_many(kind, listed, actor=manager, at=at)
        assert counted() == before
    [post] = people.appoint_many("surge_worker", [there], actor=manager, at=at)
    with pytest.raises(OutsideYourPlaces):
        west = Actor(
            uuid7(), "西", "desk", (ActorPost(uuid7(), "x", town["900102"], None, frozenset({SURGE_MANAGE})),)
        )
        people.end_many({post.id: DAY}, actor=west, at=at)
    people.end_many({post.id: DAY + timedelta(3)}, actor=manager, at=at)
    people.end_many({post.id: DAY + timedelta(9)}, actor=manager, at=at)  # ended by then: stays
    post.refresh_from_db()
    assert post.to_on == DAY + timedelta(3)
    with pytest.raises(NotFound):
        people.end_many({uuid7(): DAY}, actor=manager, at=at)
