"""Accounts, units and posts: who may appoint whom, and what a post gives."""

from datetime import date, timedelta

import pytest

from shanzhi.base.access import SYSTEM
from shanzhi.base.access.capabilities import ACCOUNT_MANAGE, CASE_VIEW, LABELS
from shanzhi.city.people import actions, queries
from shanzhi.city.people.errors import (
    DutiesConflict,
    OwnPost,
    PostEnded,
    PostNeedsUnit,
    PostTakesNoUnit,
    UsernameTaken,
    WeakPassword,
)
from shanzhi.city.people.models import Account, Post, PostKind
from shanzhi.city.places import actions as places
from shanzhi.city.places.errors import OutsideYourPlaces
from shanzhi.core.kit.errors import InvalidInput, NotFound, Refused

pytestmark = pytest.mark.once

PASSWORD = "Spring-2026"
DAY = date(2026, 3, 9)


@pytest.fixture
def open_account(at):
    def make(username, name="某人"):
        return actions.create_account(username, name, PASSWORD, actor=SYSTEM, at=at)

    return make


@pytest.fixture
def appoint(at):
    def make(account, kind, place_id, unit_id=None, *, from_on=DAY, to_on=None, actor=SYSTEM):
        return actions.appoint(
            account.id, kind, place_id, unit_id, from_on=from_on, to_on=to_on, actor=actor, at=at
        )

    return make


@pytest.fixture
def unit(town, at):
    return actions.create_unit(code="DQ-CG", name="东区城管局", place_id=town["900101"], actor=SYSTEM, at=at)


def test_the_kinds_of_the_pack(post_kinds, db, at, tmp_path):
    assert post_kinds == (20, 0, 0)
    kinds = {kind.code: kind for kind in queries.post_kinds()}
    assert list(kinds) == [
        "acceptor", "shift_lead", "dispatcher", "unit_handler", "unit_lead", "grid_head", "grid_adviser",
        "grid_worker", "grid_helper", "surge_worker", "commander", "duty_officer", "upper_authority", "health_worker",
        "tracer", "laboratory", "store_keeper", "system_admin", "security_admin", "audit_admin",
    ]  # fmt: skip
    assert [code for code, kind in kinds.items() if kind.for_unit] == ["unit_handler", "unit_lead"]
    assert all(kind.zh and kind.en and set(kind.capabilities) <= set(LABELS) for kind in kinds.values())
    changed = tmp_path / "posts.yaml"
    changed.write_text(
        "kinds:\n"
        "  - {code: acceptor, zh: 接线员, en: Acceptor, capabilities: [case.view]}\n"
        "  - {code: volunteer, zh: 志愿者, en: Volunteer, capabilities: [place.view]}\n",
        encoding="utf-8",
    )
    assert actions.load_post_kinds(changed, actor=SYSTEM, at=at) == (1, 1, 0)
    assert actions.load_post_kinds(changed, actor=SYSTEM, at=at) == (0, 0, 2)
    assert PostKind.objects.get(code="acceptor").zh == "接线员"
    assert PostKind.objects.count() == 21


def test_a_pack_with_an_unknown_capability_loads_nothing(post_kinds, counted, at, tmp_path, post_at, town):
    before = counted()
    wrong = tmp_path / "posts.yaml"
    wrong.write_text("kinds:\n  - {code: x, zh: 甲, en: X, capabilities: [case.eat]}\n", encoding="utf-8")
    with pytest.raises(ValueError, match="case.eat"):
        actions.load_post_kinds(wrong, actor=SYSTEM, at=at)
    with pytest.raises(Refused):
        actions.load_post_kinds(wrong, actor=post_at(town["900000"], ACCOUNT_MANAGE), at=at)
    assert counted() == before


@pytest.mark.parametrize(
    ("username", "name", "password", "error", "field"),
    [
        ("li.lei", "李雷", PASSWORD, UsernameTaken, "username"),
        ("LI.LEI ", "李雷", PASSWORD, UsernameTaken, "username"),
        ("a", "甲", PASSWORD, InvalidInput, "username"),
        ("有名", "甲", PASSWORD, InvalidInput, "username"),
        ("han", " ", PASSWORD, InvalidInput, "display_name"),
        ("han", "甲" * 61, PASSWORD, InvalidInput, "display_name"),
        ("han", "韩", "Short-1", WeakPassword, "password"),
        ("han", "韩", "onlylower1", WeakPassword, "password"),
        ("han", "韩", "12345678-", WeakPassword, "password"),
        ("han.mei", "韩", "Xx1-Han.Mei", WeakPassword, "password"),
    ],
)
def test_accounts_that_cannot_be_opened(open_account, at, counted, username, name, password, error, field):
    open_account("li.lei")
    before = counted()
    with pytest.raises(error) as caught:
        actions.create_account(username, name, password, actor=SYSTEM, at=at)
    assert caught.value.field == field
    assert counted() == before


@pytest.mark.parametrize("password", ["Abcdefg1", "abcdef1-", "口令口令aB1-", "A1-" * 40])
def test_passwords_of_three_classes_are_taken(db, at, password):
    made = actions.create_account("some.one", "某人", password, actor=SYSTEM, at=at)
    assert made.check_password(password)


def test_an_actor_has_the_posts_of_the_day_in_one_query(
    town, post_kinds, unit, open_account, appoint, django_assert_num_queries
):
    account = open_account("li.lei", "李雷")
    worker = appoint(account, "grid_worker", town["900101001"])
    handler = appoint(account, "unit_handler", town["900101"], unit.id, from_on=DAY + timedelta(days=1))
    with django_assert_num_queries(1):
        actor = queries.actor_for_account(account.id, "desk", DAY)
    assert actor is not None
    assert (actor.account_id, actor.name, actor.channel) == (account.id, "李雷", "desk")
    assert [(post.id, post.kind, post.place_id, post.unit_id) for post in actor.posts] == [
        (worker.id, "grid_worker", town["900101001"], None)
    ]
    assert actor.can("case.inspect") and not actor.can("case.sign")
    later = queries.actor_for_account(account.id, "phone", DAY + timedelta(days=1))
    assert [post.id for post in later.posts] == [worker.id, handler.id]
    assert later.unit_ids("case.sign") == (unit.id,)
    assert queries.actor_for_account(account.id, "desk", DAY - timedelta(days=1)).posts == ()
    Account.objects.update(is_active=False)
    assert queries.actor_for_account(account.id, "desk", DAY) is None


@pytest.mark.parametrize(
    ("held", "wanted"),
    [
        ("system_admin", "security_admin"),
        ("security_admin", "audit_admin"),
        ("audit_admin", "system_admin"),
    ],
)
def test_the_three_administrators_are_three_people(
    town, post_kinds, open_account, appoint, counted, held, wanted
):
    account = open_account("li.lei")
    end = DAY + timedelta(days=10)
    appoint(account, held, town["900101"], to_on=end)
    before = counted()
    for from_on, to_on in (
        (DAY, None),
        (end - timedelta(days=1), None),
        (DAY - timedelta(days=5), DAY + timedelta(1)),
    ):
        with pytest.raises(DutiesConflict) as caught:
            appoint(account, wanted, town["900102"], from_on=from_on, to_on=to_on)
        assert caught.value.status == 409
    assert counted() == before
    # One after the other is no conflict, nor is another place for the same duty.
    appoint(account, wanted, town["900101"], from_on=end)
    appoint(account, wanted, town["900101"], from_on=DAY - timedelta(days=5), to_on=DAY)
    appoint(account, held, town["900102"], to_on=end)


def test_appointments_that_are_refused(town, post_kinds, unit, open_account, appoint, post_at, counted):
    account = open_account("li.lei")
    east = post_at(town["900101"], ACCOUNT_MANAGE)
    other = open_account("han.mei")
    appoint(other, "acceptor", town["900102"])
    nobody = type("Nobody", (), {"id": town["900101"]})
    before = counted()
    self_made = post_at(town["900101"], ACCOUNT_MANAGE, account_id=account.id)
    refused = [
        (account, ("acceptor", town["900101"]), {"actor": post_at(town["900101"], CASE_VIEW)}, Refused),
        (account, ("acceptor", town["900102"]), {"actor": east}, OutsideYourPlaces),
        (account, ("acceptor", town["900101"]), {"actor": self_made}, OwnPost),
        (other, ("acceptor", town["900101"]), {"actor": east}, NotFound),
        (nobody, ("acceptor", town["900101"]), {}, NotFound),
        (account, ("mayor", town["900101"]), {}, NotFound),
        (account, ("acceptor", unit.id), {}, NotFound),
        (account, ("unit_handler", town["900101"]), {}, PostNeedsUnit),
        (account, ("unit_handler", town["900101"], town["900101"]), {}, NotFound),
        (account, ("acceptor", town["900101"], unit.id), {}, PostTakesNoUnit),
        (account, ("acceptor", town["900101"]), {"to_on": DAY}, InvalidInput),
    ]
    for who, what, more, error in refused:
        with pytest.raises(error):
            appoint(who, *what, **more)
    assert counted() == before
    assert appoint(account, "acceptor", town["900101001"], actor=east).place_id == town["900101001"]


def test_a_post_ends(town, post_kinds, open_account, appoint, post_at, at, counted):
    account = open_account("li.lei")
    post = appoint(account, "acceptor", town["900101"])
    before = counted()
    for actor, on, error in (
        (post_at(town["900102"], ACCOUNT_MANAGE), DAY, NotFound),
        (post_at(town["900101"], CASE_VIEW), DAY, Refused),
        (post_at(town["900101"], ACCOUNT_MANAGE, account_id=account.id), DAY, OwnPost),
        (SYSTEM, DAY - timedelta(days=1), PostEnded),
    ):
        with pytest.raises(error):
            actions.end_post(post.id, on=on, actor=actor, at=at)
    assert counted() == before
    end = DAY + timedelta(days=3)
    actions.end_post(post.id, on=end, actor=post_at(town["900100"], ACCOUNT_MANAGE), at=at)
    assert queries.actor_for_account(account.id, "desk", end - timedelta(days=1)).can("case.accept")
    assert not queries.actor_for_account(account.id, "desk", end).can("case.accept")
    with pytest.raises(PostEnded):
        actions.end_post(post.id, on=end, actor=SYSTEM, at=at)


def test_passwords_are_set_by_the_owner_or_by_who_manages_the_account(
    town, post_kinds, open_account, appoint, post_at, at, counted
):
    account = open_account("li.lei")
    appoint(account, "acceptor", town["900101"])
    before = counted()
    for actor, password, error in (
        (post_at(town["900101"], CASE_VIEW), "Autumn-2026", Refused),
        (post_at(town["900102"], ACCOUNT_MANAGE), "Autumn-2026", NotFound),
        (post_at(town["900101"], ACCOUNT_MANAGE), "short", WeakPassword),
    ):
        with pytest.raises(error):
            actions.set_password(account.id, password, actor=actor, at=at)
    with pytest.raises(OwnPost):
        own = post_at(town["900101"], ACCOUNT_MANAGE, account_id=account.id)
        actions.set_active(account.id, False, actor=own, at=at)
    assert counted() == before
    actions.set_password(account.id, "Autumn-2026", actor=post_at(town["900101"], ACCOUNT_MANAGE), at=at)
    own = queries.actor_for_account(account.id, "desk", DAY)
    actions.set_password(account.id, "Winter-2026", actor=own, at=at)
    assert Account.objects.get(id=account.id).check_password("Winter-2026")


def test_accounts_in_sight(town, post_kinds, open_account, appoint, post_at):
    east, west, new = open_account("east"), open_account("west"), open_account("new")
    appoint(east, "acceptor", town["900101001"])
    appoint(west, "acceptor", town["900102"])

    def seen(code, *capabilities):
        return set(queries.visible_to(post_at(town[code], *capabilities), DAY))

    assert seen("900101", ACCOUNT_MANAGE) == {east, new}
    assert seen("900100", ACCOUNT_MANAGE) == {east, west, new}
    assert seen("900100", CASE_VIEW) == set()
    assert set(queries.visible_to(SYSTEM, DAY)) == {east, west, new}


def test_units_of_places_and_all_below(town, unit, at, post_at, counted):
    street = actions.create_unit(
        code="AD-ZF", name="安定街道办", place_id=town["900101002"], actor=SYSTEM, at=at
    )
    assert list(queries.units_in([town["900101"]], DAY)) == [street, unit]
    assert list(queries.units_in([town["900101002"]], DAY)) == [street]
    places.move(town["900101002"], town["900102"], on=DAY, actor=SYSTEM, at=at)
    assert list(queries.units_in([town["900101"]], DAY)) == [unit]
    assert queries.unit(street.id) == street
    with pytest.raises(NotFound):
        queries.unit(town["900101"])
    before = counted()
    for code, name, place, actor, error in (
        ("DQ-CG", "又一", "900101", SYSTEM, InvalidInput),
        ("X", "", "900101", SYSTEM, InvalidInput),
        ("X", "某", "900102", post_at(town["900101"], ACCOUNT_MANAGE), OutsideYourPlaces),
        ("X", "某", "900101", post_at(town["900101"], CASE_VIEW), Refused),
    ):
        with pytest.raises(error):
            actions.create_unit(code=code, name=name, place_id=town[place], actor=actor, at=at)
    assert counted() == before


def test_posts_at_a_place_are_counted_without_names(town, post_kinds, unit, open_account, appoint):
    for name in ("one", "two"):
        appoint(open_account(name), "unit_handler", town["900101"], unit.id)
    appoint(open_account("lead"), "shift_lead", town["900101"])
    appoint(open_account("past"), "shift_lead", town["900101"], from_on=date(2025, 1, 1), to_on=DAY)
    assert [(held.kind, held.unit_name, held.count) for held in queries.posts_at(town["900101"], DAY)] == [
        ("shift_lead", "", 1), ("unit_handler", "东区城管局", 2),
    ]  # fmt: skip
    assert Post.objects.count() == 4


def test_many_are_enrolled_at_once(post_kinds, town, unit, at):
    county = town["900101"]
    listed = [
        actions.Enrolment("li.he", "李和", "unit_handler", county, unit.id),
        actions.Enrolment("li.he", "李和", "unit_lead", county, unit.id),
        actions.Enrolment("chen.an", "陈安", "acceptor", county),
    ]
    made = actions.enrol(listed, PASSWORD, from_on=DAY, actor=SYSTEM, at=at)
    assert sorted(account.username for account in made) == ["chen.an", "li.he"]
    actor = queries.actor_for_account(made[0].id, "desk", DAY)
    assert [post.kind for post in actor.posts] == ["unit_handler", "unit_lead"]
    assert [one.username for one in queries.holders(unit.id, "case.handle", DAY)] == ["li.he"]
    standing = (Account.objects.count(), Post.objects.count())
    for wrong, error in (
        (actions.Enrolment("chen.an", "另一个", "acceptor", county), UsernameTaken),
        (actions.Enrolment("wang.wu", "王五", "mayor", county), NotFound),
        (actions.Enrolment("wang.wu", "王五", "unit_lead", county), PostNeedsUnit),
        (actions.Enrolment("wang.wu", "王五", "acceptor", county, unit.id), PostTakesNoUnit),
    ):
        fresh = actions.Enrolment("zhao.liu", "赵六", "acceptor", county)
        with pytest.raises(error):
            actions.enrol([fresh, wrong], PASSWORD, from_on=DAY, actor=SYSTEM, at=at)
    duties = [actions.Enrolment("wang.wu", "王五", kind, county) for kind in ("system_admin", "audit_admin")]
    with pytest.raises(DutiesConflict):
        actions.enrol(duties, PASSWORD, from_on=DAY, actor=SYSTEM, at=at)
    with pytest.raises(WeakPassword):
        actions.enrol([fresh], "short", from_on=DAY, actor=SYSTEM, at=at)
    assert (Account.objects.count(), Post.objects.count()) == standing
