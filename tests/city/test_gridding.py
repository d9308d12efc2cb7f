"""Division: a town with compounds is proposed, corrected, published, divided again."""

from __future__ import annotations

import io
import json
from datetime import timedelta

import numpy as np
import pytest
import python_calamine
import shapely
from django.utils.timezone import localdate

from shanzhi.base.access import SYSTEM
from shanzhi.base.access.capabilities import PLACE_MANAGE, PLACE_VIEW
from shanzhi.city.compounds.bulk import BulkRows
from shanzhi.city.compounds.models import Floor, Membership
from shanzhi.city.gridding import actions, export, instance, publishing, queries, shown, standing
from shanzhi.city.gridding.errors import (
    FloorsChanged,
    NotContiguous,
    NotInThatState,
    OutOfBand,
)
from shanzhi.city.gridding.models import Proposal, ProposalEdit
from shanzhi.city.places import actions as places
from shanzhi.city.places import journal
from shanzhi.city.places.errors import OutsideYourPlaces
from shanzhi.city.places.models import Place
from shanzhi.core.kit import helpers
from shanzhi.core.kit.errors import Conflict, InvalidInput, NotFound, Refused

LON, LAT = 104.0, 30.0
STEP = 0.0006  # degrees between buildings


def square(west: float, south: float, side: float) -> dict:
    ring = [
        [west, south],
        [west + side, south],
        [west + side, south + side],
        [west, south + side],
        [west, south],
    ]
    return {"type": "Polygon", "coordinates": [ring]}


@pytest.fixture
def built(town, at):
    """Two communities with compounds: 12 buildings of two stairwells with 6 storeys of 4 homes, and a dormitory."""
    on = localdate(at) - timedelta(days=100)
    rows = BulkRows()
    for number, code in enumerate(("900101001001", "900101001002")):
        west = LON + number * 0.01
        places.set_shape(town[code], boundary=square(west, LAT, 0.008), actor=SYSTEM, at=at)
        for c in range(3):
            compound = rows.compound(
                "900101",
                "compound",
                f"示例{'甲乙丙'[c]}苑",
                town[code],
                west + 0.001 + c * 0.002,
                LAT + 0.001,
                192,
                4,
                on,
            )
            for b in range(4):
                lon, lat = west + 0.001 + c * 0.002 + (b % 2) * STEP, LAT + 0.001 + (b // 2) * STEP
                building = rows.building("900101", compound, f"{b + 1}栋", lon, lat, on)
                for stair in ("1单元", "2单元"):
                    for floor in range(1, 7):
                        rows.floor("900101", building, stair, floor, floor, 4, 0, on)
    dormitory = rows.compound(
        "900101", "dormitory", "示例宿舍", town["900101001002"], LON + 0.017, LAT + 0.006, 140, 1, on
    )
    block = rows.building("900101", dormitory, "1栋", LON + 0.017, LAT + 0.006, on)
    rows.floor("900101", block, "", 1, 5, 140, 0, on)
    rows.write()
    return town


def propose(town, at, *codes, **wish):
    wish = {"low": 30, "high": 100, "target": 63} | wish
    made = actions.create(
        actions.NewProposal("试划", [town[code] for code in codes], **wish), actor=SYSTEM, at=at
    )
    return actions.work_out(made.id, at=at)


def publish(found, at, on=None):
    found = actions.begin_publishing(
        found.id, found.version, on=on or localdate(at), reason="演示", actor=SYSTEM, at=at
    )
    return publishing.publish(found.id, on=on or localdate(at), reason="演示", actor=SYSTEM, at=at)


def members(community, at):
    """Households of each micro-grid in force, by its place."""
    read = instance.read([community], localdate(at))
    assert (read.microgrid >= 0).all()
    weights = np.bincount(read.microgrid, read.households)
    return {place: int(weight) for place, weight in zip(read.microgrids, weights, strict=True)}


@pytest.mark.once
def test_a_proposal_keeps_every_bound_and_says_why_where_it_cannot(built, at):
    found = propose(built, at, "900101001")
    assert (found.state, found.error) == (Proposal.READY, None)
    assert found.numbers["households"] == 2 * 3 * 192 + 140
    assert found.numbers["disconnected"] == found.numbers["needless"] == 0
    rows = queries.communities(found)
    assert [row.households for row in rows] == [576, 716] and [row.exceptions for row in rows] == [0, 1]
    (odd,) = queries.exceptions(found)
    assert odd.households == 140 and queries.reason(odd.certificate)[0].startswith("含有不可再分")
    plan = shown.community_out(found, queries.part(found, built["900101001001"]), localdate(at))
    assert sum(one.households for one in plan.microgrids) == 576
    assert all(30 <= one.households <= 100 and one.state == "within" for one in plan.microgrids)
    assert len({one.name for one in plan.microgrids}) == len(plan.microgrids)
    clip = shapely.from_geojson(json.dumps(plan.outline))
    shapes = [shapely.from_geojson(json.dumps(f["geometry"])) for f in plan.polygons["features"]]
    assert all(shape.is_valid for shape in shapes)
    assert sum(shape.area for shape in shapes) == pytest.approx(clip.area, rel=1e-6)
    assert shapely.union_all(shapes).symmetric_difference(clip).area < clip.area * 1e-6


@pytest.mark.parametrize("is_wide", [False, True])
def test_published_grids_tile_their_community_and_hold_every_floor(built, at, is_wide, monkeypatch):
    """In one process, and as a city: floors as arrays, helpers that draw while floors are on their way."""
    if is_wide:
        monkeypatch.setattr(instance, "_FEW", 1)
        monkeypatch.setattr(publishing, "_FEW", 1)
        monkeypatch.setattr(publishing, "_ENOUGH", 1)
        monkeypatch.setattr(publishing, "_PIECE", 1)
        monkeypatch.setattr(helpers, "usual", lambda: 2)
    found = publish(propose(built, at, "900101001"), at)
    assert (found.state, found.error) == (Proposal.PUBLISHED, None)
    for code in ("900101001001", "900101001002"):
        held = members(built[code], at)
        grids = Place.objects.filter(level="grid", code__startswith=code)
        micro = Place.objects.filter(level="microgrid", code__startswith=code)
        assert {place.id for place in micro} == set(held)
        assert all(len(place.code) == 18 and place.code[:15] in {g.code for g in grids} for place in micro)
        whole = shapely.from_wkb(Place.objects.get(id=built[code]).boundary)
        for level in (grids, micro):
            shapes = shapely.from_wkb([bytes(place.boundary) for place in level])
            assert shapely.area(shapes).sum() == pytest.approx(whole.area, rel=1e-6)
        # A building's point lies in a micro-grid to which one of its floors belongs.
        assert places.queries.locate(LON + 0.001, LAT + 0.001) is not None
    read = instance.read([built["900101001001"]], localdate(at))
    spot = places.queries.locate(*read.lonlat[0])
    assert spot in {read.microgrids[int(m)] for m in read.microgrid[read.building == read.building[0]]}


def test_a_division_too_large_to_keep_still_stands_in_the_journal(built, at, monkeypatch):
    """A first division has no micro-grid before it: the communities find it by their new grids."""
    monkeypatch.setattr(journal, "MOST_ROWS", 1)
    publish(propose(built, at, "900101001001"), at)
    on = localdate(at)
    [found] = places.queries.changes(SYSTEM, on, built["900101001001"]).filter(kind="divide")
    assert found.rows is None and journal.read_rows(found) is None
    assert not places.queries.changes(SYSTEM, on, built["900102"]).filter(kind="divide").exists()


def test_dividing_again_keeps_what_is_good(built, at, clock):
    publish(propose(built, at, "900101001"), at)
    before = members(built["900101001001"], at)
    names = dict(Place.objects.filter(id__in=before).values_list("id", "code"))
    clock.advance(timedelta(days=1))
    found = propose(built, clock.now(), "900101001")
    assert found.numbers["moved"] == 0 and found.numbers["kept"] == found.numbers["parts"]
    seen = standing.preview(found, localdate(clock.now()))
    assert (seen.created, seen.closed, seen.moved_households) == (0, [], 0)
    publish(found, clock.now())
    assert members(built["900101001001"], clock.now()) == before
    assert dict(Place.objects.filter(id__in=before).values_list("id", "code")) == names
    assert Membership.objects.filter(to_on__isnull=False).count() == 0


@pytest.mark.once
def test_a_new_building_changes_only_its_neighbourhood(built, at, clock):
    publish(propose(built, at, "900101001"), at)
    before = members(built["900101001001"], at)
    other = members(built["900101001002"], at)
    clock.advance(timedelta(days=1))
    on = localdate(clock.now())
    rows = BulkRows()
    compound = rows.compound(
        "900101", "compound", "示例新苑", built["900101001001"], LON + 0.0065, LAT + 0.006, 60, 1, on
    )
    house = rows.building("900101", compound, "1栋", LON + 0.0065, LAT + 0.006, on)
    for floor in range(1, 16):
        rows.floor("900101", house, "", floor, floor, 4, 0, on)
    rows.write()
    found = propose(built, clock.now(), "900101001")
    assert found.numbers["moved"] == 0
    publish(found, clock.now())
    after = members(built["900101001001"], clock.now())
    assert before.items() <= after.items() and len(after) == len(before) + 1
    assert members(built["900101001002"], clock.now()) == other


def test_an_emergency_cut_is_finer(built, at):
    found = propose(built, at, "900101001001", low=8, high=16, target=12, emergency=True)
    assert found.state == Proposal.READY
    assert found.numbers["below"] == found.numbers["above"] == 0 and found.numbers["parts"] >= 576 / 16


def edit(found, community, version, at, **wish):
    return actions.edit(found.id, community, actions.NewEdit(version, **wish), actor=SYSTEM, at=at)


def test_floors_move_split_merge_and_come_back(built, at):
    community = built["900101001001"]
    found = propose(built, at, "900101001001")
    part = queries.part(found, community)
    start = (part.labels, part.microgrids)
    plan = shown.community_out(found, part, localdate(at))
    here = [floor for house in plan.buildings for floor in house.floors]
    label = here[0].label
    own = [floor for floor in here if floor.label == label]
    # Split: the top floors of one stairwell become a micro-grid of their own, too small but accepted.
    top = sorted((f for f in own if f.stairwell == own[0].stairwell), key=lambda f: -f.floor)[:2]
    with pytest.raises(OutOfBand) as refused:
        edit(found, community, 1, at, kind="split", floors=[f.id for f in top])
    assert refused.value.field == "accept" and refused.value.params["households"] == 8
    edit(found, community, 1, at, kind="split", floors=[f.id for f in top], accept="老人集中居住")
    plan = shown.community_out(found, queries.part(found, community), localdate(at))
    made = [one for one in plan.microgrids if one.households == 8]
    assert [(one.state, one.reason_zh) for one in made] == [("below", "人工确认：老人集中居住")]
    assert shown.proposal_out(Proposal.objects.get(id=found.id)).communities[0].edited
    with pytest.raises(Conflict):
        edit(found, community, 1, at, kind="merge", labels=[label, made[0].label])
    # Merge them again, then take everything back.
    edit(found, community, 2, at, kind="merge", labels=[label, made[0].label])
    assert queries.part(found, community).count == len(start[1])
    for version in (3, 4):
        actions.undo(found.id, community, version, actor=SYSTEM, at=at)
    part = queries.part(found, community)
    assert (part.labels, part.microgrids) == start
    with pytest.raises(InvalidInput):
        actions.undo(found.id, community, 5, actor=SYSTEM, at=at)
    assert [e.kind for e in ProposalEdit.objects.order_by("number")] == ["split", "merge", "undo", "undo"]


def test_what_would_fall_apart_is_refused(built, at):
    community = built["900101001001"]
    found = propose(built, at, "900101001001")
    plan = shown.community_out(found, queries.part(found, community), localdate(at))
    floors = [(f, house) for house in plan.buildings for f in house.floors]
    one = next(f for f, house in floors if house.compound == "示例甲苑" and f.floor == 6)
    far = next(f.label for f, house in reversed(floors) if house.compound == "示例丙苑")
    with pytest.raises(NotContiguous):
        edit(found, community, 1, at, kind="move", floors=[one.id], to=far)
    for wish, field in (
        ({"kind": "move", "floors": [one.id], "to": 999}, "to"),
        ({"kind": "move", "floors": [one.id], "to": one.label}, "floors"),
        ({"kind": "split"}, "floors"),
        ({"kind": "merge", "labels": [one.label]}, "labels"),
        ({"kind": "turn", "floors": [one.id]}, "kind"),
    ):
        with pytest.raises(InvalidInput) as refused:
            edit(found, community, 1, at, **wish)
        assert refused.value.field == field
    assert not ProposalEdit.objects.exists()


def test_who_may(built, at, post_at):
    found = propose(built, at, "900101001001")
    stranger = post_at(built["900102"], PLACE_MANAGE, PLACE_VIEW)
    looker = post_at(built["900101"], PLACE_VIEW)
    with pytest.raises(NotFound):
        queries.proposal(found.id, stranger, localdate(at))
    assert queries.proposal(found.id, looker, localdate(at)) == found
    for verb in (
        lambda who: actions.discard(found.id, 1, actor=who, at=at),
        lambda who: actions.begin_publishing(found.id, 1, on=localdate(at), reason="x", actor=who, at=at),
        lambda who: actions.edit(
            found.id, built["900101001001"], actions.NewEdit(1, "split"), actor=who, at=at
        ),
    ):
        with pytest.raises(NotFound):
            verb(stranger)
        with pytest.raises(Refused):
            verb(looker)
    with pytest.raises(NotFound):
        actions.create(actions.NewProposal("", [built["900101001001"]], 30, 100, 63), actor=stranger, at=at)
    both = post_at(built["900102"], PLACE_MANAGE)
    wide = type(both)(both.account_id, both.name, both.channel, (*both.posts, *looker.posts))
    with pytest.raises(OutsideYourPlaces):
        actions.create(actions.NewProposal("", [built["900101001001"]], 30, 100, 63), actor=wide, at=at)


@pytest.mark.parametrize(
    ("wish", "field"),
    [
        ({"low": 0}, "low"),
        ({"high": 20}, "high"),
        ({"target": 101}, "target"),
        ({"mode": "slow"}, "mode"),
        ({"place_ids": []}, "place_ids"),
    ],
)
def test_a_bad_wish_names_its_field(built, at, wish, field):
    given = {"name": "", "place_ids": [built["900101001001"]], "low": 30, "high": 100, "target": 63} | wish
    with pytest.raises(InvalidInput) as refused:
        actions.create(actions.NewProposal(**given), actor=SYSTEM, at=at)
    assert refused.value.field == field and not Proposal.objects.exists()


def test_nothing_to_divide_is_said(town, at):
    found = propose(town, at, "900102001201")
    assert (found.state, found.error["code"]) == (Proposal.FAILED, "nothing-to-divide")
    with pytest.raises(NotInThatState):
        actions.begin_publishing(found.id, 1, on=localdate(at), reason="x", actor=SYSTEM, at=at)
    actions.discard(found.id, 1, actor=SYSTEM, at=at)


def test_floors_that_changed_meanwhile_stop_a_publishing(built, at):
    found = propose(built, at, "900101001001")
    Floor.objects.order_by("id").first().delete()
    found = publish(found, at)
    assert (found.state, found.error["code"]) == (Proposal.READY, "floors-changed")
    assert not Place.objects.filter(level="microgrid").exists()
    with pytest.raises(FloorsChanged):
        shown.community_out(found, queries.part(found, built["900101001001"]), localdate(at))


def test_compounds_with_counts_alone_are_estimated(town, at):
    rows = BulkRows()
    on = localdate(at) - timedelta(days=1)
    rows.compound("900101", "compound", "示例苑", town["900101001001"], LON, LAT, 301, 3, on)
    rows.compound("900101", "shops", "示例街商铺", town["900101001001"], LON + 0.003, LAT, 45, None, on)
    rows.write()
    found = propose(town, at, "900101001001")
    assert (found.numbers["estimated"], found.numbers["households"]) == (2, 346)
    assert set(Floor.objects.values_list("estimated", flat=True)) == {True}
    assert found.numbers["below"] == found.numbers["above"] == 0
    assert propose(town, at, "900101001001").numbers["estimated"] == 0
    assert publish(found, at).state == Proposal.PUBLISHED
    assert set(Place.objects.filter(level="microgrid").values_list("approximate", flat=True)) == {True}


def test_idle_grids_go_on(built, at):
    community = built["900101001001"]
    west = places.create_grid(
        community,
        "900101001001001",
        "西网格",
        boundary=square(LON, LAT, 0.004),
        on=localdate(at),
        actor=SYSTEM,
        at=at,
    )
    found = publish(propose(built, at, "900101001001"), at)
    assert found.state == Proposal.PUBLISHED
    west.refresh_from_db()
    assert west.closed_on is None and west.name == "西网格"
    assert Place.objects.filter(level="microgrid", code__startswith=west.code).exists()


def test_a_proposal_is_taken_along(built, at):
    found = propose(built, at, "900101001")
    sheet = python_calamine.load_workbook(io.BytesIO(export.as_workbook(found, localdate(at), at)))
    rows = sheet.get_sheet_by_index(0).to_python()
    assert rows[0][:4] == ["社区代码", "社区", "网格", "微网格"]
    assert sum(row[5] for row in rows[1:]) == found.numbers["households"]
    drawn = json.loads(export.as_geojson(found, localdate(at)))
    assert len(drawn["features"]) == len(rows) - 1 == found.numbers["parts"]
