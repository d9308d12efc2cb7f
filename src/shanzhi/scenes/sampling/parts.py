"""Sampling and distribution in a response (响应内容): `{template}` makes a campaign to be confirmed."""

from collections.abc import Sequence
from datetime import datetime

import msgspec

from shanzhi.base.access import Actor
from shanzhi.city.modes.parts import Item, Line, Live
from shanzhi.core.kit.errors import InvalidInput
from shanzhi.scenes.sampling import actions, packs, planning
from shanzhi.scenes.sampling.drafting import Draft, checked
from shanzhi.scenes.sampling.flow import DRAFT, ISSUED, PROPOSED, Kind
from shanzhi.scenes.sampling.ground import ground
from shanzhi.scenes.sampling.models import Campaign

_OPEN = [DRAFT, PROPOSED, ISSUED]


class SamplingItem(msgspec.Struct, forbid_unknown_fields=True):
    """A campaign of a plan, by its template."""

    template: str


class SamplingPart:
    """Campaigns that a response proposes; a person confirms their points before anybody is called."""

    code = "sampling"
    zh = "采样与发放"
    en = "Sampling and distribution"

    def check(self, items: Sequence[Item]) -> None:
        """Whether each names a template. Raises InvalidInput whose field begins with `sampling.<index>`."""
        for index, item in enumerate(items):
            try:
                given = msgspec.convert(item, SamplingItem)
            except msgspec.ValidationError as error:
                raise InvalidInput(
                    field=f"sampling.{index}", reason_zh="应写作 {template: 模板代码}。", reason_en=str(error)
                ) from error
            packs.template(given.template, f"sampling.{index}.template")

    def preview(self, items: Sequence[Item], live: Live, at: datetime) -> list[Line]:
        """People, points and tables; no micro-grids is wrong."""
        lines: list[Line] = []
        for item in items:
            template = packs.template(item["template"])
            found = ground(live.place_ids, actions.first_day(at))
            if not found.ids:
                lines.append(
                    Line(
                        f"{template.zh.title}：范围内没有微网格，无法排时段",
                        f"{template.en.title}: no micro-grids there, nothing can be planned", wrong=True,
                    )
                )  # fmt: skip
                continue
            goods = template.zh.title if template.kind == str(Kind.DISTRIBUTION) else ""
            draft = Draft(template.code, live.place_ids, actions.first_day(at), goods=goods)
            need = planning.wanted(Campaign(**checked(draft, at)), found, at)
            lines.append(
                Line(
                    f"{template.zh.title}：{need.people} 人、{need.doors} 户，{need.points} 个点位、"
                    f"{need.tables} 台，台时 {need.table_hours:.0f} 小时；点位须由人确认后下达",
                    f"{template.en.title}: {need.people} people, {need.doors} doors, {need.points} points, "
                    f"{need.tables} tables, {need.table_hours:.0f} table hours; a person confirms the points",
                    need.people,
                )
            )  # fmt: skip
        return lines

    def begin(self, items: Sequence[Item], live: Live, actor: Actor, at: datetime) -> list[Line]:
        """Propose the campaigns; those of this activation that are not over are left alone.

        A level that is entered again proposes anew what was ended when it was left.
        """
        rows = Campaign.objects.filter(activation_id=live.activation_id, state__in=_OPEN)
        known = {one.template: one for one in rows.order_by("drafted_at", "id")}
        lines = []
        for item in items:
            made = known.get(item["template"])
            if made is None:
                made = actions.from_template(
                    item["template"], list(live.place_ids), proposed_by=live.proposed_by, actor=actor, at=at,
                    activation_id=live.activation_id, is_drill=live.is_drill,
                )  # fmt: skip
                known[item["template"]] = made
            lines.append(
                Line(
                    f"{made.title}（待确认点位）", f"{made.title} (points to be confirmed)", made.people,
                    subject_id=made.id, address=f"/sampling/{made.id}",
                )
            )  # fmt: skip
        return lines

    def end(self, live: Live, actor: Actor, at: datetime) -> list[Line]:
        """End what is under way, drop what never began."""
        return self._end(live, actor, at, [])

    def shrink(self, left: Sequence[Item], live: Live, actor: Actor, at: datetime) -> list[Line]:
        """End the campaigns that the new level does not hold; the others go on with their points and tubes."""
        return self._end(live, actor, at, [str(item.get("template", "")) for item in left])

    @staticmethod
    def _end(live: Live, actor: Actor, at: datetime, stays: Sequence[str]) -> list[Line]:
        lines = []
        rows = Campaign.objects.filter(activation_id=live.activation_id, state__in=_OPEN)
        for one in rows.exclude(template__in=stays).order_by("number"):
            actions.end_of_activation(one, actor, at)
            lines.append(
                Line(
                    f"{one.number} {one.title} 已结束", f"{one.number} {one.title} ended", subject_id=one.id,
                    address=f"/sampling/{one.id}",
                )
            )  # fmt: skip
        return lines
