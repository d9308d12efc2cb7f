"""Re-cutting households per worker as a part of a response (应急包干重划)."""

from collections.abc import Sequence
from datetime import datetime

from django.db import transaction
from django.utils.timezone import localdate

from shanzhi.base.access import Actor
from shanzhi.city.gridding import actions, bounds, jobs, queries
from shanzhi.city.gridding.models import Proposal
from shanzhi.city.modes.parts import Item, Line, Live
from shanzhi.core.kit.errors import InvalidInput

_KNOWN = {"low", "high", "target"}


class RecutPart:
    """`{low: 8, high: 16, target: 12}`, which are also what is meant by `{}`: one item."""

    code, zh, en = "recut", "应急包干重划", "Household re-cut"

    def check(self, items: Sequence[Item]) -> None:
        """Raises InvalidInput naming recut.<index>."""
        for index, item in enumerate(items):
            where = f"{self.code}.{index}"
            if index:
                raise InvalidInput(field=where, reason_zh="重划只能写一项。", reason_en="One re-cut at most.")
            if unknown := set(item) - _KNOWN:
                raise InvalidInput(
                    field=f"{where}.{sorted(unknown)[0]}",
                    reason_zh="没有这一项。",
                    reason_en="No such entry.",
                )
            _band(item, where)

    def preview(self, items: Sequence[Item], live: Live, at: datetime) -> list[Line]:
        """How many communities would be re-cut, and into shares of which size."""
        if not items:
            return []
        band = _band(items[0], f"{self.code}.0")
        count = len(queries.communities_of(live.place_ids, localdate(at)))
        return [
            Line(
                f"按每人 {band.low}–{band.high} 户（目标 {band.target} 户）为 {count} 个社区拟出包干方案，"
                "由人工审定后发布",
                f"A proposal of {band.low} to {band.high} households a worker (target {band.target}) for {count} "
                "communities; a person publishes it", count=count,
            )
        ]  # fmt: skip

    def begin(self, items: Sequence[Item], live: Live, actor: Actor, at: datetime) -> list[Line]:
        """Have a proposal worked out in the background; whether it is published is a person's decision."""
        if not items:
            return []
        if live.is_drill:
            return [Line("演练：不拟重划方案", "Drill: no re-cut is proposed", 0)]
        made = actions.of_response(live.activation_id)
        if made is None:
            band = _band(items[0], f"{self.code}.0")
            made = actions.create_for_response(
                live.activation_id, f"应急包干 {live.number}", live.place_ids, band, actor=actor, at=at
            )
            if made is None:
                return [Line("所选区域内没有社区，未拟重划方案", "No communities: nothing to re-cut", 0)]
            key = str(made.id)
            transaction.on_commit(lambda: jobs.work_out_proposal.defer(proposal_id=key))
        return [
            Line(
                "应急包干方案已开始计算，完成后请审定并发布", "The re-cut is being worked out: review and publish it",
                subject_id=made.id, address=f"/division/{made.id}",
            )
        ]  # fmt: skip

    def end(self, live: Live, actor: Actor, at: datetime) -> list[Line]:
        """Lay aside what was not published; what was is offered to be taken back."""
        lines = []
        for found in Proposal.objects.select_for_update().filter(activation_id=live.activation_id):
            if found.state in (Proposal.WAITING, Proposal.READY):
                actions.lay_aside(found, actor, at)
                said = ("未发布的应急包干方案已作废", "The re-cut that was not published is laid aside")
                lines.append(Line(*said, subject_id=found.id, address=f"/division/{found.id}"))
            elif found.state == Proposal.PUBLISHED:
                said = (
                    "应急包干已发布：请在“区域”的变更记录中撤回，恢复平时网格",
                    "The re-cut was published: take the change back under Areas to restore the usual grids",
                )
                lines.append(Line(*said, count=1, subject_id=found.id, address="/areas"))
            elif found.state in (Proposal.PUBLISHING, Proposal.WORKING):
                said = (
                    "应急包干方案仍在计算或发布，完成后请人工处理",
                    "The re-cut is still being worked on: see to it when that is done",
                )
                lines.append(Line(*said, count=1, subject_id=found.id, address=f"/division/{found.id}"))
        return lines


def _band(item: Item, where: str) -> bounds.Bounds:
    usual = next(one for one in bounds.pack()["presets"] if one["code"] == "emergency")
    given = {name: item.get(name, usual[name]) for name in ("low", "high", "target")}
    for name, value in given.items():
        if not isinstance(value, int) or isinstance(value, bool):
            raise InvalidInput(field=f"{where}.{name}", reason_zh="应为整数。", reason_en="A whole number.")
    try:
        return bounds.check(given["low"], given["high"], given["target"])
    except InvalidInput as error:
        raise InvalidInput(
            field=f"{where}.{error.field}", reason_zh=error.sentence("zh"), reason_en=error.sentence("en")
        ) from error
