"""The packs: complete, in both languages, and as strict as the rules."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest
import yaml

from shanzhi.base.access import SYSTEM
from shanzhi.city.modes import parts, running
from shanzhi.city.modes.contents import PART_CODES
from shanzhi.city.modes.parts import Live
from shanzhi.city.people import actions as people
from shanzhi.city.people.models import Account
from shanzhi.city.places.models import Place
from shanzhi.command.plans import checking, document, packs, proposing
from shanzhi.command.plans.document import CHAPTERS
from shanzhi.core.kit.errors import InvalidInput
from shanzhi.core.kit.ids import uuid7

pytestmark = [pytest.mark.django_db, pytest.mark.once]
FOUR = {"epidemic", "flood", "heat", "gas"}


@pytest.fixture
def posts(db: None, clock: Any, settings: Any) -> None:
    """The kinds of post that plans name."""
    people.load_post_kinds(settings.PACKS / "base" / "posts.yaml", actor=SYSTEM, at=clock.now())


def test_there_are_the_four_plans() -> None:
    assert {packs.read(path).code for path in packs.files()} >= FOUR


@pytest.mark.parametrize("code", sorted(FOUR))
def test_a_plan_is_complete(code: str, posts: None, installed: Any, settings: Any) -> None:
    doc = packs.read(Path(settings.PACKS) / "plans" / f"{code}.yaml")
    assert checking.problems(doc) == []
    for chapter in CHAPTERS:
        assert getattr(doc, chapter), chapter
    assert len(doc.structure.groups) >= 3 and doc.targets
    assert {one.level for one in doc.in_force} >= {1, 3, 4}
    for levels in [doc.levels, *(one.levels for one in doc.editions)]:
        for level in levels:
            assert level.entry and level.measures and level.release and set(level.parts) <= set(PART_CODES)


def test_the_editions_of_the_epidemic_plan_are_those_of_the_field(settings: Any) -> None:
    doc = packs.read(Path(settings.PACKS) / "plans" / "epidemic.yaml")
    names = {one.code: [level.zh for level in one.levels] for one in doc.editions}
    assert names == {
        "v8": ["封控区", "管控区", "防范区", "监测"],
        "v9": ["高风险区", "中风险区", "低风险区", "监测"],
        "twenty": ["高风险区", "低风险区", "监测"],
    }
    assert {level.zh for one in doc.editions for level in one.levels if level.confines} == {
        "封控区", "管控区", "高风险区", "中风险区",
    }  # fmt: skip
    assert [level.zh for level in doc.in_force] == ["高风险区", "低风险区", "监测"]
    assert str(doc.in_force[0].largest) == "microgrid"
    # No zone without its parts: who is kept in is cared for.
    for one in doc.editions:
        for level in one.levels:
            if level.confines:
                assert {"isolation", "sampling", "sweeps", "orders", "kinds"} <= set(level.parts)
                assert level.parts["isolation"] == [{"edition": one.code}]


@pytest.mark.parametrize(
    ("change", "field"),
    [
        (lambda doc: doc.update(surprise=1), "content"),
        (lambda doc: doc["levels"][0].update(most_days="many"), "levels.0.most_days"),
        (lambda doc: doc.pop("exit"), "content"),
    ],
)
def test_a_malformed_pack_is_refused_with_its_place(change: Any, field: str, settings: Any) -> None:
    stored = yaml.safe_load((Path(settings.PACKS) / "plans" / "flood.yaml").read_text("utf-8"))
    change(stored)
    with pytest.raises(InvalidInput) as caught:
        document.read(stored)
    assert caught.value.field == field


@pytest.mark.parametrize(
    ("change", "field"),
    [
        (lambda doc: doc["levels"][0].update(confines=True, largest="county"), "levels.4.largest"),
        (
            lambda doc: doc["levels"][0].update(confines=True, largest="grid", most_days=15),
            "levels.4.most_days",
        ),
        (lambda doc: doc["levels"][0]["parts"].update(notices=[]), "levels.4.parts.notices"),
        (
            lambda doc: doc["levels"][0]["parts"].update(notices=[{"code": "none"}]),
            "levels.4.parts.notices.0",
        ),
        (lambda doc: doc["levels"][0]["parts"].update(tanks=[{"code": "x"}]), "levels.4.parts.tanks"),
        (
            lambda doc: doc["levels"][0]["parts"].update(screens=[{"opens": "/x"}]),
            "levels.4.parts.screens.0.opens",
        ),
        (lambda doc: doc["structure"]["groups"][0].update(lead="nobody"), "structure.groups.0"),
        (lambda doc: doc["exit"].update(phone=""), "exit"),
        (lambda doc: doc["objection"].update(days=0), "objection"),
        (lambda doc: doc["notices"][0]["zh"].update(text="在{places}启动"), "notices.0.zh"),
        (lambda doc: doc["notices"][0]["zh"].update(text="{basis.__class__}"), "notices.0.zh"),
        (lambda doc: doc["notices"][0]["en"].update(title="{until:>999999999}"), "notices.0.en"),
        (lambda doc: doc["levels"][1].update(level=4), "levels"),
    ],
)
def test_what_a_plan_may_not_hold(
    change: Any, field: str, posts: None, installed: Any, settings: Any
) -> None:
    stored = yaml.safe_load((Path(settings.PACKS) / "plans" / "flood.yaml").read_text("utf-8"))
    assert checking.problems(document.read(stored)) == []
    change(stored)
    assert field in {one.field for one in checking.problems(document.read(stored)) if one.stops}


def test_a_plan_comes_back_from_its_text(settings: Any) -> None:
    for path in packs.files():
        doc = packs.read(path)
        assert document.read(yaml.safe_load(packs.as_yaml(doc))) == doc


def levels_of(code: str, settings: Any) -> list[Any]:
    """Every level of every edition of a plan, as a proposal freezes it."""
    doc = packs.read(Path(settings.PACKS) / "plans" / f"{code}.yaml")
    some = [msgspec.structs.replace(doc, edition=one.code) for one in doc.editions] or [doc]
    return [level for one in some for level in proposing.frozen_levels(one)]


@pytest.mark.parametrize("code", sorted(FOUR))
def test_the_engines_take_every_item_of_a_plan(code: str, posts: None, settings: Any) -> None:
    """By the parts that are registered: what a pack holds, the engine under it reads."""
    known = parts.known()
    assert set(known) == set(PART_CODES)
    for level in levels_of(code, settings):
        for part, items in level.parts.items():
            assert items, (level.level, part)
            known[part].check(items)
            # A check that takes anything would not be one.
            with pytest.raises(InvalidInput) as refused:
                known[part].check([*items, {"no_such_thing": 1}])
            assert str(refused.value.field).startswith(part), (part, refused.value.field)
    # With every engine here a plan has nothing to be warned of either.
    assert checking.problems(packs.read(Path(settings.PACKS) / "plans" / f"{code}.yaml")) == []


@pytest.mark.once
@pytest.mark.parametrize("code", sorted(FOUR))
def test_every_level_can_be_previewed_in_the_demo_district(
    code: str, district: Place, clock: Any, settings: Any
) -> None:
    lead, boss = (Account.objects.get(username=name).id for name in ("zhibanzhang", "zhihui"))
    for level in levels_of(code, settings):
        live = Live(
            uuid7(), "XY-1", code, code, level.level, (district.id,), False, lead, boss, clock.now(),
            clock.now().date() + timedelta(days=2),
        )  # fmt: skip
        made = running.preview(level, live, clock.now())
        assert {part for part, _ in made} == set(level.parts), level.level
        said = "\n".join(f"{line.zh}\n{line.en}" for _, line in made)
        assert "未装此项" not in said and "not installed" not in said
