"""Which households an order is about: the rule of the pack decides what is counted, and workers read it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest
from django.utils.timezone import localdate

from shanzhi.base.access import SYSTEM
from shanzhi.city.compounds.models import Building, Compound, Floor, Membership
from shanzhi.city.people import actions as people
from shanzhi.city.places.models import Place
from shanzhi.core.kit.clock import FixedClock
from shanzhi.edge.cli.demo import PASSWORD
from shanzhi.work.orders import packs

pytestmark = pytest.mark.django_db
OPENED = date(2025, 1, 1)


@pytest.fixture
def town(city: None, clock: FixedClock) -> dict[str, Any]:
    """A community with three compounds: one of known floors, shops, one of which only the total is known."""
    grid = Place.objects.filter(level="grid").order_by("code").first()
    assert grid is not None
    community = Place.objects.get(below__descendant=grid, level="community", below__to_on=None)
    Compound.objects.filter(place__below__ancestor=community).update(closed_on=OPENED)
    common = {"area": grid.area, "place": community, "opened_on": OPENED}
    tower = Compound.objects.create(name="示例高楼", pinyin="shi li gao lou", lon=104.0, lat=30.0, **common)
    shops = Compound.objects.create(
        name="示例商街", pinyin="shi li shang jie", kind="shops", households=7, lon=104.5, lat=30.0, **common
    )
    old = Compound.objects.create(
        name="示例老院", pinyin="shi li lao yuan", households=40, lon=104.0, lat=30.5, **common
    )
    building = Building.objects.create(area=grid.area, compound=tower, name="1", opened_on=OPENED)

    def floor(low: int, top: int, homes: int, shops: int = 0) -> Floor:
        return Floor.objects.create(
            area=grid.area, building=building, floor=low, top=top, homes=homes, shops=shops, opened_on=OPENED
        )

    made = [floor(-1, -1, 2), floor(1, 1, 0, 5), floor(2, 2, 6), floor(3, 6, 24)]
    for one in made[:3]:
        Membership.objects.create(area=grid.area, floor=one, place=grid, from_on=OPENED)
    people.enrol(
        [people.Enrolment("w0", "示例员", "grid_worker", grid.id, None)], PASSWORD, from_on=localdate(clock.now()),
        actor=SYSTEM, at=clock.now(),
    )  # fmt: skip
    return {"grid": grid, "community": community, "tower": tower, "shops": shops, "old": old}


@pytest.fixture
def ask(
    sign_in: Callable[[str], Any], town: dict[str, Any], clock: FixedClock
) -> Callable[..., tuple[int, Any]]:
    lead = sign_in("zhibanzhang")

    def post(rule: str, place: str = "community", path: str = "preview", **more: Any) -> tuple[int, Any]:
        body = {
            "title": "示例", "sentence": "示例。", "place_ids": [str(town[place].id)], "post_kinds": ["grid_worker"],
            "until_at": (clock.now() + timedelta(hours=3)).isoformat(), "ladder": "app_only",
            "household_rule": rule,
        } | more  # fmt: skip
        return lead.post(f"/api/orders/{path}", body)

    return post


BOX = {
    "type": "Polygon",
    "coordinates": [[[103.9, 29.9], [104.1, 29.9], [104.1, 30.6], [103.9, 30.6], [103.9, 29.9]]],
}


@pytest.mark.parametrize(
    ("rule", "place", "more", "households", "says"),
    [
        ("all", "community", {}, 2 + 6 + 24 + 40, False),
        ("shops", "community", {}, 5 + 7, False),
        ("doors", "community", {}, 72 + 12, False),
        # Basement and ground floor; of the two without floors nothing is guessed, and that is said.
        ("ground_floor", "community", {}, 2 + 5, True),
        ("all", "grid", {}, 8, False),
        ("shops", "grid", {}, 5, False),
        ("ground_floor", "grid", {}, 7, False),
        ("all", "community", {"outline": BOX}, 72, False),
        ("shops", "community", {"outline": BOX}, 5, False),
    ],
)
def test_the_rule_decides_what_is_counted(
    ask: Any, rule: str, place: str, more: dict[str, Any], households: int, says: bool
) -> None:
    status, found = ask(rule, place, **more)
    assert (status, found["households"]) == (200, households), found
    assert any("没有楼层资料" in one["zh"] for one in found["warnings"]) is says


def test_compounds_are_chosen_and_lie_in_the_places(ask: Any, town: dict[str, Any]) -> None:
    tower, old = str(town["tower"].id), str(town["old"].id)
    assert ask("chosen", compound_ids=[tower])[1]["households"] == 32
    assert ask("chosen", compound_ids=[tower, old, old])[1]["households"] == 72
    assert ask("chosen_ground_floor", compound_ids=[tower])[1]["households"] == 7
    for wrong in ({"compound_ids": []}, {"compound_ids": [str(town["grid"].id)]}):
        status, refused = ask("chosen", **wrong)
        assert (status, refused["error"]["field"]) == (422, "compound_ids")
    status, refused = ask("chosen", "grid", compound_ids=[old])
    assert (status, refused["error"]["field"]) == (422, "compound_ids")
    status, refused = ask("everything")
    assert (status, refused["error"]["field"]) == (422, "household_rule")
    # Where the rule names none, none are kept.
    status, made = ask("all", path="drafts", compound_ids=[tower])
    assert (status, made["compounds"], made["household_rule"]["code"]) == (201, [], "all")


def test_who_gets_the_order_reads_which_households(
    ask: Any, sign_in: Callable[[str], Any], town: dict[str, Any]
) -> None:
    status, made = ask("chosen_ground_floor", path="drafts", compound_ids=[str(town["tower"].id)])
    assert status == 201, made
    order_id = made["row"]["id"]
    sign_in("zhibanzhang").post(f"/api/orders/{order_id}/propose", {})
    status, issued = sign_in("zhihui").post(f"/api/orders/{order_id}/confirm", {})
    assert (status, issued["households"]) == (200, 7)
    assert issued["household_rule"]["zh"] == "指定小区的一楼及地下室"
    assert [one["name"] for one in issued["compounds"]] == ["示例高楼"]
    [mine] = sign_in("w0").get("/api/orders/mine")[1]["orders"]
    assert (mine["household_rule"]["zh"], mine["compounds"]) == ("指定小区的一楼及地下室", ["示例高楼"])


@pytest.mark.once
def test_every_template_and_rule_of_the_pack_holds_together() -> None:
    from shanzhi.city.people.models import PostKind
    from shanzhi.city.people.queries import post_kinds

    rules, kinds = (
        packs.household_rules(),
        {kind.code for kind in post_kinds()} or set(PostKind.objects.values_list("code", flat=True)),
    )
    assert {"all", "ground_floor", "shops", "chosen"} <= rules.keys()
    hazards = {one.hazard for one in packs.templates().values()}
    assert {"flood", "epidemic", "heat", "gas"} <= hazards
    for code, one in packs.templates().items():
        assert one.ladder in packs.ladders() and one.households in rules, code
        assert not kinds or kinds.issuperset(one.post_kinds), code
        for words in (one.zh, one.en):
            assert 0 < len(words.title) <= 60 and 0 < len(words.sentence) <= 120, code
        assert one.zh.title != one.en.title and (bool(one.zh.body) == bool(one.en.body)), code
        assert all(ask.zh and ask.en for ask in one.asks) and len(one.asks) <= 6, code
