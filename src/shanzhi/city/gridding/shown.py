"""A proposal and one community of it as the interface shows them."""

import json
from collections.abc import Mapping
from datetime import date, datetime
from typing import Any
from uuid import UUID

import msgspec
import shapely

from shanzhi.city.gridding import instance, naming, queries
from shanzhi.city.gridding.errors import FloorsChanged
from shanzhi.city.gridding.models import Proposal, ProposalPart
from shanzhi.city.gridding.shapes import outlines, polygons
from shanzhi.city.places import queries as places

STEPS = {
    "": ("", ""),
    "reading": ("读取楼栋", "reading buildings"),
    "neighbours": ("查找相邻关系", "finding neighbours"),
    "dividing": ("划分", "dividing"),
    "writing": ("保存方案", "saving the proposal"),
    "drawing": ("绘制边界", "drawing boundaries"),
    "saving": ("写入网格", "writing the grids"),
}


class ProgressOut(msgspec.Struct):
    """How far the work has come."""

    step: str
    step_zh: str
    step_en: str
    done: int
    of: int


class CommunityOut(msgspec.Struct):
    """A community of a proposal."""

    place_id: UUID
    code: str
    name: str
    households: int
    microgrids: int
    exceptions: int
    edited: bool
    approximate: bool


class ExceptionOut(msgspec.Struct):
    """A micro-grid out of its band, and why."""

    community_id: UUID
    community: str
    label: int
    households: int
    reason_zh: str
    reason_en: str


class ProposalRowOut(msgspec.Struct):
    """A proposal in a list."""

    id: UUID
    name: str
    state: str
    low: int
    high: int
    target: int
    mode: str
    emergency: bool
    created_at: datetime
    created_by: str
    published_on: date | None
    version: int
    progress: ProgressOut
    numbers: dict[str, Any]
    error: dict[str, Any] | None


class ProposalOut(ProposalRowOut):
    """A proposal with its communities and its exceptions."""

    communities: list[CommunityOut]
    exceptions: list[ExceptionOut]


class MicrogridOut(msgspec.Struct):
    """A proposed micro-grid. `state`: within, below, above. `kept`: it goes on being `place_id`."""

    label: int
    name: str
    grid: int
    households: int
    shops: int
    floors: int
    state: str
    reason_zh: str
    reason_en: str
    accept: str
    kept: bool
    place_id: UUID | None


class FloorOut(msgspec.Struct):
    """A floor and the label it has."""

    id: UUID
    stairwell: str
    floor: int
    top: int
    homes: int
    shops: int
    label: int


class BuildingOut(msgspec.Struct):
    """A building with its floors."""

    id: UUID
    compound_id: UUID
    compound: str
    name: str
    lon: float
    lat: float
    floors: list[FloorOut]


class EditOut(msgspec.Struct):
    """A correction that was made."""

    n: int
    kind: str
    zh: str
    en: str
    by: str
    at: datetime


class CommunityPlanOut(msgspec.Struct):
    """One community of a proposal, to look at and to correct."""

    place_id: UUID
    name: str
    code: str
    version: int
    low: int
    high: int
    approximate: bool
    microgrids: list[MicrogridOut]
    buildings: list[BuildingOut]
    polygons: dict[str, Any]
    outline: dict[str, Any] | None
    edits: list[EditOut]
    can_undo: bool


def row_out(found: Proposal) -> ProposalRowOut:
    """A proposal as it is in a list."""
    zh, en = STEPS.get(found.step, ("", ""))
    numbers = dict(found.numbers)
    if numbers:
        numbers |= queries.totals(found)
    return ProposalRowOut(
        found.id, found.name, found.state, found.low, found.high, found.target, found.mode, found.emergency,
        found.created_at, found.created_by, found.published_on, found.version,
        ProgressOut(found.step, zh, en, found.done, found.total), numbers, found.error,
    )  # fmt: skip


def proposal_out(found: Proposal) -> ProposalOut:
    """A proposal in full."""
    row = row_out(found)
    return ProposalOut(
        **{name: getattr(row, name) for name in row.__struct_fields__},
        communities=[CommunityOut(**vars(one)) for one in queries.communities(found)],
        exceptions=[
            ExceptionOut(
                one.community_id, one.community, one.label, one.households,
                *_reason(one.certificate, one.accept),
            )
            for one in queries.exceptions(found)
        ],
    )  # fmt: skip


def _reason(certificate: int, accept: str) -> tuple[str, str]:
    if accept:
        return f"人工确认：{accept}", f"accepted by hand: {accept}"
    return queries.reason(certificate)


def community_out(found: Proposal, part: ProposalPart, on: date) -> CommunityPlanOut:
    """One community with its buildings, polygons and corrections. Raises FloorsChanged."""
    read = instance.read([part.community_id], on)
    drawn = outlines([part.community_id])
    labels = queries.labels_of(read, part)
    if labels is None:
        raise FloorsChanged(name=drawn.names[part.community_id])
    span = slice(0, len(read.ids))
    shapes = polygons(read, span, labels, part.community_id, drawn)
    names = naming.microgrid_names(read, span, labels.tolist())
    place = places.node(part.community_id, on)
    outline = drawn.shape(part.community_id)
    edits = list(queries.edits_of(part.id, part.area))
    return CommunityPlanOut(
        place_id=part.community_id,
        name=place.name,
        code=place.code,
        version=part.version,
        low=found.low,
        high=found.high,
        approximate=drawn.approximate(part.community_id),
        microgrids=[_microgrid(entry, names, found) for entry in part.microgrids],
        buildings=_buildings(read, labels.tolist()),
        polygons={
            "type": "FeatureCollection",
            "features": [
                {
                    "type": "Feature", "properties": {"label": label},
                    "geometry": json.loads(shapely.to_geojson(shape)),
                }
                for label, shape in shapes.items()
            ],
        },
        outline=None if outline is None else json.loads(shapely.to_geojson(outline)),
        edits=[_edit(edit) for edit in edits],
        can_undo=queries.last_edit(part.id, part.area) is not None,
    )  # fmt: skip


def _microgrid(entry: Mapping[str, Any], names: Mapping[int, str], found: Proposal) -> MicrogridOut:
    households = entry["households"]
    state = "below" if households < found.low else "above" if households > found.high else "within"
    zh, en = ("", "") if state == "within" else _reason(entry["certificate"], entry["accept"])
    return MicrogridOut(
        entry["label"], names.get(entry["label"], ""), entry["grid"], households, entry["shops"], entry["floors"],
        state, zh, en, entry["accept"], entry["place"] is not None,
        UUID(entry["place"]) if entry["place"] else None,
    )  # fmt: skip


def _buildings(read: instance.Instance, labels: list[int]) -> list[BuildingOut]:
    found: dict[int, BuildingOut] = {}
    for at, floor in enumerate(read.ids):
        house = int(read.building[at])
        if house not in found:
            (building, name), (compound, called) = (
                read.buildings[house],
                read.compounds[int(read.compound[at])],
            )
            lon, lat = read.lonlat[at].tolist()
            found[house] = BuildingOut(building, compound, called, name, lon, lat, [])
        found[house].floors.append(
            FloorOut(
                floor, read.stairs[at], int(read.floor[at]), int(read.top[at]), int(read.homes[at]),
                int(read.shops[at]), labels[at],
            )
        )  # fmt: skip
    return list(found.values())


_EDITS = {
    "move": ("移动 {n} 个楼层", "moved {n} floors"),
    "split": ("拆出新微网格（{n} 个楼层）", "a new micro-grid of {n} floors"),
    "merge": ("合并微网格（{n} 个楼层）", "merged, {n} floors"),
    "undo": ("撤销第 {undoes} 次调整", "took back number {undoes}"),
}


def _edit(edit: Any) -> EditOut:
    zh, en = _EDITS[edit.kind]
    values = {"n": len(edit.floors), "undoes": edit.undoes}
    return EditOut(edit.number, edit.kind, zh.format(**values), en.format(**values), edit.actor_name, edit.at)
