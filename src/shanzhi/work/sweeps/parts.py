"""Sweeps as a part of a response (响应内容): what a plan's level lists under "sweeps"."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from shanzhi.base.access import Actor
from shanzhi.city.modes.parts import Item, Line, Live
from shanzhi.core.kit.errors import InvalidInput, ShanzhiError
from shanzhi.work.forms import packs as forms
from shanzhi.work.sweeps import actions, packs, queries, snapshot
from shanzhi.work.sweeps.drafting import area_of, checked
from shanzhi.work.sweeps.flow import ISSUED
from shanzhi.work.sweeps.models import Sweep


class SweepItem(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A sweep of a level: its template, and what of it is otherwise here."""

    template: str
    targets: list[str] = msgspec.field(default_factory=list)
    form: str = ""
    cadence: str = ""
    hours: int = 0
    per_head: int = 0


def _read(item: Item, index: int) -> SweepItem:
    where = f"sweeps.{index}"
    try:
        found = msgspec.convert(item, SweepItem)
    except msgspec.ValidationError as error:
        raise InvalidInput(field=where, reason_zh="内容不合要求。", reason_en=str(error)) from None
    packs.template(found.template, f"{where}.template")
    if found.form:
        forms.newest_of(found.form, f"{where}.form")
    if found.cadence:
        packs.cadence(found.cadence, f"{where}.cadence")
    if not set(packs.TARGETS).issuperset(found.targets):
        raise InvalidInput(
            field=f"{where}.targets", reason_zh="对象不在目录中。", reason_en="There is no such target."
        )
    if not 0 <= found.hours <= 60 * 24 or not 0 <= found.per_head <= packs.LONGEST_HEAD:
        raise InvalidInput(
            field=f"{where}.hours", reason_zh="时长或每人户数超出范围。", reason_en="Out of range."
        )
    return found


def _changes(item: SweepItem) -> dict[str, Any]:
    return {
        name: value
        for name in SweepItem.__struct_fields__
        if name != "template" and (value := getattr(item, name))
    }


def address_of(sweep_id: UUID) -> str:
    """The desk's page of a sweep."""
    return f"/sweeps/{sweep_id}"


class Sweeps:
    """Sweeps that become live with an activation."""

    code = "sweeps"
    zh = "敲门行动"
    en = "Sweeps"

    def check(self, items: Sequence[Item]) -> None:
        """Whether a plan may hold these. Raises InvalidInput whose field begins with `sweeps.<index>`."""
        for index, item in enumerate(items):
            _read(item, index)

    def preview(self, items: Sequence[Item], live: Live, at: datetime) -> list[Line]:
        """How many doors each would have, and how many people there are for them."""
        lines = []
        for index, item in enumerate(items):
            read = _read(item, index)
            template = packs.template(read.template)
            try:
                columns = checked(
                    actions.draft_of(read.template, list(live.place_ids), at, _changes(read)), at
                )
                doors = snapshot.count(area_of(columns), live.from_at.date()).doors
                people = queries.visitors(columns["place_ids"], at)
            except ShanzhiError as error:
                lines.append(Line(error.sentence("zh"), error.sentence("en"), wrong=True))
                continue
            head = f"，平均每人 {-(-doors // people)} 户" if people else "，没有可派人员"
            lines.append(
                Line(
                    f"{template.title_zh}：{doors:,} 户，{people:,} 人{head}",
                    f"{template.title_en}: {doors:,} doors, {people:,} people", doors, wrong=not doors,
                )
            )  # fmt: skip
        return lines

    def begin(self, items: Sequence[Item], live: Live, actor: Actor, at: datetime) -> list[Line]:
        """Issue them; those of the activation that are under way are told, not made again.

        A level that is entered again begins anew what was ended when it was left.
        """
        lines = []
        for index, item in enumerate(items):
            read = _read(item, index)
            sweep = Sweep.objects.filter(
                activation_id=live.activation_id, template=read.template, state=ISSUED
            ).first()
            if sweep is None:
                sweep = actions.from_template(
                    read.template, list(live.place_ids), drafted_by=live.proposed_by, actor=actor, at=at,
                    changes=_changes(read), activation_id=live.activation_id, is_drill=live.is_drill,
                )  # fmt: skip
            lines.append(
                Line(
                    f"{sweep.title}（{sweep.number}）", f"{sweep.title} ({sweep.number})", sweep.doors,
                    subject_id=sweep.id, address=address_of(sweep.id),
                )
            )  # fmt: skip
        return lines

    def end(self, live: Live, actor: Actor, at: datetime) -> list[Line]:
        """End what this activation made live; what was collected for it is destroyed by the retention run."""
        return self._end(live, actor, at, f"响应 {live.number} 终止")

    def shrink(self, left: Sequence[Item], live: Live, actor: Actor, at: datetime) -> list[Line]:
        """End those that the new level does not hold; the others go on, their doors stay visited."""
        stays = {str(item.get("template", "")) for item in left}
        return self._end(live, actor, at, f"响应 {live.number} 调整级别", stays)

    @staticmethod
    def _end(
        live: Live, actor: Actor, at: datetime, why: str, stays: Collection[str] | None = None
    ) -> list[Line]:
        ended = actions.end_for(live.activation_id, actor=actor, at=at, reason=why, but=stays)
        return [
            Line(
                f"{sweep.title}（{sweep.number}）已结束", f"{sweep.title} ({sweep.number}) ended", sweep.doors,
                subject_id=sweep.id, address=address_of(sweep.id),
            )
            for sweep in ended
        ]  # fmt: skip
