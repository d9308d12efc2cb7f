"""Rosters as a part of a response (响应中的值班)."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from django.utils.timezone import localdate

from shanzhi.base.access import Actor
from shanzhi.city.modes.parts import Item, Line, Live
from shanzhi.core.kit.errors import InvalidInput
from shanzhi.work.rosters import actions, making, packs
from shanzhi.work.rosters.models import Roster


class RosterPart:
    """`{template: code}`, narrowed by `posts: [code]` and `shift: name`."""

    code, zh, en = "rosters", "值班值守", "Rosters"

    def check(self, items: Sequence[Item]) -> None:
        """Raises InvalidInput naming rosters.<index>."""
        for index, item in enumerate(items):
            where = f"{self.code}.{index}"
            if unknown := set(item) - {"template", "posts", "shift"}:
                raise InvalidInput(
                    field=f"{where}.{sorted(unknown)[0]}",
                    reason_zh="没有这一项。",
                    reason_en="No such entry.",
                )
            _narrowed(item, where)

    def preview(self, items: Sequence[Item], live: Live, at: datetime) -> list[Line]:
        """Places, shifts a day, people a day."""
        lines = []
        for index, item in enumerate(items):
            template = _narrowed(item, f"{self.code}.{index}")
            spots = len(making.where(template, live.place_ids, localdate(at)))
            shifts, people = making.count(template, spots)
            lines.append(
                Line(
                    f"{template.zh}：{spots} 处，每天 {shifts} 个班次，需 {people} 人次",
                    f"{template.en}: {spots} places, {shifts} shifts a day, {people} turns a day", count=spots,
                )
            )  # fmt: skip
        return lines

    def begin(self, items: Sequence[Item], live: Live, actor: Actor, at: datetime) -> list[Line]:
        """A roster for each template that this activation has not begun."""
        lines = []
        known = {
            one.template: one
            for one in Roster.objects.filter(activation_id=live.activation_id, ended_at=None)
        }
        for index, item in enumerate(items):
            where = f"{self.code}.{index}"
            template = _narrowed(item, where)
            posts, shift = _wishes(item, where)
            made = known.get(template.code) or making.begin(
                template.code, live.place_ids, posts=posts, shift=shift, from_on=localdate(at),
                to_on=live.last_on + timedelta(days=1) if live.last_on else None, actor=actor, at=at,
                activation_id=live.activation_id, is_drill=live.is_drill,
                name=f"{template.zh}（{live.number}）",
            )  # fmt: skip
            known[template.code] = made
            lines.append(
                Line(
                    f"已建立值班表：{made.name}", f"Roster begun: {template.en}", subject_id=made.id,
                    address=f"/rosters/{made.id}",
                )
            )  # fmt: skip
        return lines

    def shrink(self, left: Sequence[Item], live: Live, actor: Actor, at: datetime) -> list[Line]:
        """End the rosters of templates that the new level does not hold any more."""
        return self._end(live, actor, at, {str(item.get("template", "")) for item in left})

    def prolong(self, items: Sequence[Item], live: Live, actor: Actor, at: datetime) -> list[Line]:
        """Make shifts up to the new last day, or drop those after it."""
        lines = []
        to_on = live.last_on + timedelta(days=1) if live.last_on else None
        rows = Roster.objects.select_for_update().filter(activation_id=live.activation_id, ended_at=None)
        for roster in rows:
            if actions.move_end(roster, to_on, actor, at):
                said = (
                    f"{roster.name}：排班到 {live.last_on}",
                    f"{roster.name}: shifts until {live.last_on}",
                )
                lines.append(Line(*said, subject_id=roster.id, address=f"/rosters/{roster.id}"))
        return lines

    def choices(self) -> dict[str, list[tuple[str, str, str]]]:
        """Templates."""
        return {"template": [(one.code, one.zh, one.en) for one in packs.templates().values()]}

    def end(self, live: Live, actor: Actor, at: datetime) -> list[Line]:
        """Relieve the people (人员撤收)."""
        return self._end(live, actor, at, set())

    def _end(self, live: Live, actor: Actor, at: datetime, stays: set[str]) -> list[Line]:
        lines = []
        rows = Roster.objects.select_for_update().filter(activation_id=live.activation_id, ended_at=None)
        rows = rows.exclude(template__in=stays)
        for roster in rows:
            relieved, off = actions.stand_down(roster, f"响应 {live.number} 终止或调整", actor, at)
            lines.append(
                Line(
                    f"{roster.name}：在岗 {relieved} 人已解除，后续 {off} 人次已撤下",
                    f"{roster.name}: {relieved} on post relieved, {off} turns ahead taken off",
                    count=relieved, subject_id=roster.id, address=f"/rosters/{roster.id}",
                )
            )  # fmt: skip
        return lines


def _narrowed(item: Item, where: str) -> packs.Template:
    return packs.narrowed(str(item.get("template", "")), *_wishes(item, where), f"{where}.template")


def _wishes(item: Item, where: str) -> tuple[list[str], str]:
    posts, shift = item.get("posts") or [], item.get("shift") or ""
    if not isinstance(posts, list) or not isinstance(shift, str):
        raise InvalidInput(
            field=f"{where}.posts", reason_zh="posts 应为岗位代码的列表，shift 应为班次名称。",
            reason_en="posts is a list of codes, shift the name of a shift.",
        )  # fmt: skip
    return [str(one) for one in posts], shift
