"""Needs and people offered, to take along (导出需求和派出人员)."""

import json
from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

from django.utils.timezone import get_current_timezone

from shanzhi.city.surge import queries, skills
from shanzhi.city.surge.flow import SURGE
from shanzhi.city.surge.models import Need, Offer
from shanzhi.core.documents import Sheet, columns_of, write_workbook
from shanzhi.core.kit.masking import mask_phone


def needs_workbook(listed: Sequence[Need], on: date, at: datetime, *, zh: bool) -> bytes:
    """A row a need: where, how many and how many are there, task, skills, days."""
    names, met = queries.names_of([need.place_id for need in listed], on), queries.met(listed)
    columns = columns_of(
        (
            ("社区", "Community", "text"), ("小区", "Compound", "text"), ("需要人数", "People needed", "number"),
            ("已派人数", "People posted", "number"), ("缺口", "Still missing", "number"), ("任务", "Task", "text"),
            ("技能", "Skills", "text"), ("开始", "From", "text"),
            ("结束（当天起不再需要）", "Until (first day without)", "text"), ("说明", "Note", "text"),
            ("提出人", "Stated by", "text"),
        ),
        zh=zh,
    )  # fmt: skip
    rows = [
        (
            names.get(need.place_id, ""), need.compound.name if need.compound else "", need.people,
            met.get(need.id, 0), max(need.people - met.get(need.id, 0), 0), need.task,
            skills.words(need.skills)[0 if zh else 1], need.from_on, need.to_on, need.note, need.stated_by,
        )
        for need in listed
    ]  # fmt: skip
    return write_workbook(
        [Sheet("下沉需求" if zh else "Needs", columns, rows)], zone=get_current_timezone(), at=at
    )


def needs_geojson(listed: Sequence[Need], on: date) -> bytes:
    """A point a need in WGS-84: that of its compound, else of its place, else nothing."""
    names, met = queries.names_of([need.place_id for need in listed], on), queries.met(listed)
    points = queries.points_of([need.place_id for need in listed])
    features: list[dict[str, Any]] = []
    for need in listed:
        at_compound = need.compound is not None and need.compound.lon is not None
        point = (
            (need.compound.lon, need.compound.lat)
            if at_compound and need.compound
            else points.get(need.place_id)
        )
        features.append(
            {
                "type": "Feature",
                "id": str(need.id),
                "geometry": None if point is None else {"type": "Point", "coordinates": list(point)},
                "properties": {
                    "place": names.get(need.place_id, ""), "compound": need.compound.name if need.compound else "",
                    "people": need.people, "met": met.get(need.id, 0), "task": need.task, "skills": need.skills,
                    "from_on": need.from_on.isoformat(), "to_on": need.to_on.isoformat(),
                },
            }
        )  # fmt: skip
    return json.dumps({"type": "FeatureCollection", "features": features}, ensure_ascii=False).encode()


def offers_workbook(listed: Sequence[Offer], at: datetime, *, zh: bool) -> bytes:
    """A row a person offered; telephones stay masked, homes are communities. Homes never become a map."""
    columns = columns_of(
        (
            ("单位", "Unit", "text"), ("姓名", "Name", "text"), ("电话", "Telephone", "text"),
            ("技能", "Skills", "text"), ("居住社区", "Home community", "text"), ("开始", "From", "text"),
            ("结束（当天起不再在岗）", "Until (first day off)", "text"), ("状态", "State", "text"),
        ),
        zh=zh,
    )  # fmt: skip
    rows = [
        (
            offer.unit.name, offer.name, mask_phone(offer.phone or ""), skills.words(offer.skills)[0 if zh else 1],
            offer.home.name if offer.home else "", offer.from_on, offer.to_on,
            SURGE.state(offer.state).zh if zh else SURGE.state(offer.state).en,
        )
        for offer in listed
    ]  # fmt: skip
    return write_workbook(
        [Sheet("派出人员" if zh else "People", columns, rows)], zone=get_current_timezone(), at=at
    )
