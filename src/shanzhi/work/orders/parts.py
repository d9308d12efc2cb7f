"""Orders as a part of a response (响应内容：指令): issued when its level begins, ended when it ends."""

from collections.abc import Sequence
from datetime import datetime

from django.utils.timezone import localdate

from shanzhi.base.access import Actor
from shanzhi.city.modes.parts import Item, Line, Live
from shanzhi.core.kit.errors import InvalidInput, ShanzhiError
from shanzhi.work.orders import audience, responding
from shanzhi.work.orders.drafting import audience_of, checked
from shanzhi.work.orders.models import Order
from shanzhi.work.orders.responding import Wanted

MOST = 20
_ENDED = "响应结束，指令同时结束"
_LEFT = "响应级别调整，本级不再保留此指令"


class OrdersPart:
    """Items are `{template, posts?, minutes?, ladder?}`: a template, and what the plan changes of it."""

    code, zh, en = "orders", "指令", "Orders"

    def check(self, items: Sequence[Item]) -> None:
        """Whether a plan may hold these. Raises InvalidInput whose field begins with `orders.<index>`."""
        self._wanted(items)

    def _wanted(self, items: Sequence[Item]) -> list[Wanted]:
        if len(items) > MOST:
            raise InvalidInput(
                field=f"orders.{MOST}",
                reason_zh=f"一个级别最多 {MOST} 条指令。",
                reason_en=f"At most {MOST} orders.",
            )
        found = [responding.wanted(item, f"orders.{at}") for at, item in enumerate(items)]
        codes = [one.template.code for one in found]
        for at, code in enumerate(codes):
            if code in codes[:at]:
                raise InvalidInput(
                    field=f"orders.{at}.template", reason_zh=f"指令模板“{code}”重复。",
                    reason_en=f"The template {code} stands twice.",
                )  # fmt: skip
        return found

    def preview(self, items: Sequence[Item], live: Live, at: datetime) -> list[Line]:
        """Whom each order would reach and which households it is about; to nobody, the response cannot begin."""
        there = self._issued(live)
        return [self._line(one, live, at) for one in self._wanted(items) if one.template.code not in there]

    def _line(self, given: Wanted, live: Live, at: datetime) -> Line:
        title_zh, title_en = given.template.zh.title, given.template.en.title
        draft = responding.draft_of(given, list(live.place_ids), at, is_drill=live.is_drill)
        try:
            columns = checked(draft, at)
        except ShanzhiError as error:
            return Line(
                f"指令“{title_zh}”：{error.sentence('zh')}",
                f"Order “{title_en}”: {error.sentence('en')}",
                wrong=True,
            )
        found = audience.preview(audience_of(columns), localdate(at))
        if not found.people:
            return Line(
                f"指令“{title_zh}”：所选区域没有这些岗位的人员。",
                f"Order “{title_en}”: nobody there holds these posts.",
                0, wrong=True,
            )  # fmt: skip
        return Line(
            f"指令“{title_zh}”：将送达 {found.people:,} 人，覆盖 {found.households:,} 户",
            f"Order “{title_en}”: to {found.people:,} people, about {found.households:,} households",
            found.people,
        )

    def _issued(self, live: Live) -> set[str]:
        return {one.template for one in responding.under_way(live.activation_id)}

    def begin(self, items: Sequence[Item], live: Live, actor: Actor, at: datetime) -> list[Line]:
        """Issue each that is not under way: drafted by who proposed the response, confirmed by who approved it.

        A level that is entered again issues again what was ended when it was left.
        """
        there = self._issued(live)
        lines = []
        for one in self._wanted(items):
            if one.template.code in there:
                continue
            order = responding.issue(
                one, list(live.place_ids), drafted_by=live.proposed_by, actor=actor, at=at,
                activation_id=live.activation_id, level=live.level, is_drill=live.is_drill,
            )  # fmt: skip
            title = one.template.en.title
            lines.append(
                Line(
                    f"已下达指令 {order.number}“{order.title}”，{order.people:,} 人",
                    f"Issued order {order.number} “{title}” to {order.people:,} people",
                    order.people, subject_id=order.id, address=f"/orders/{order.id}",
                )
            )  # fmt: skip
        return lines

    def end(self, live: Live, actor: Actor, at: datetime) -> list[Line]:
        """End every order of the response, corrections too, and drop its drafts."""
        return self._told(responding.end_all(live.activation_id, _ENDED, actor=actor, at=at))

    def shrink(self, left: Sequence[Item], live: Live, actor: Actor, at: datetime) -> list[Line]:
        """End the orders that the new level does not hold; those that it holds go on, and nobody is told twice.

        What somebody wrote by hand for the response stays: it belongs to no level. A correction goes with the order
        that it corrects.
        """
        stays = {str(item.get("template", "")) for item in left}
        return self._told(responding.end_others(live.activation_id, stays, _LEFT, actor=actor, at=at))

    @staticmethod
    def _told(orders: Sequence[Order]) -> list[Line]:
        return [
            Line(
                f"指令 {order.number}“{order.title}”已{'结束' if order.state == 'ended' else '放弃'}",
                f"Order {order.number} {'ended' if order.state == 'ended' else 'dropped'}",
                order.people, subject_id=order.id, address=f"/orders/{order.id}",
            )
            for order in orders
        ]  # fmt: skip
