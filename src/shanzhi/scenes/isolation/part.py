"""The part `isolation` of a response: with it live, isolations may begin under its places by an edition."""

from collections.abc import Sequence
from datetime import datetime

from django.utils.timezone import localdate

from shanzhi.base.access import Actor
from shanzhi.city.modes.parts import Item, Line, Live
from shanzhi.core.kit.errors import InvalidInput
from shanzhi.scenes.isolation import contacts_actions, ending, packs
from shanzhi.scenes.isolation.models import ContactTask, Regime

CODE = "isolation"


class IsolationPart:
    """Home isolation as part of a response (居家隔离)."""

    code = CODE
    zh = "居家隔离照护"
    en = "Home-isolation care"

    def check(self, items: Sequence[Item]) -> None:
        """Each item names an edition that confines nobody longer than the city allows."""
        most = packs.care().most_days
        for position, item in enumerate(items):
            field = f"{CODE}.{position}.edition"
            edition = packs.edition(str(item.get("edition", "")), field)
            if edition.voluntary:
                raise InvalidInput(
                    field=field,
                    reason_zh="自愿健康监测不需要响应。",
                    reason_en="Voluntary monitoring needs no response.",
                )
            if edition.isolation_days > most:
                raise InvalidInput(
                    field=field, reason_zh=f"“{edition.zh}”超过最多 {most} 天。",
                    reason_en=f"{edition.en} is longer than {most} days.",
                )  # fmt: skip
            unknown = set(item) - {"edition"}
            if unknown:
                raise InvalidInput(
                    field=f"{CODE}.{position}.{sorted(unknown)[0]}", reason_zh="没有这个参数。",
                    reason_en="There is no such setting.",
                )  # fmt: skip

    def preview(self, items: Sequence[Item], live: Live, at: datetime) -> list[Line]:
        """What it permits, until when; wrong without a hard last day."""
        self.check(items)
        lines, on = [], localdate(at)
        for item in items:
            edition = packs.edition(str(item["edition"]))
            end_zh = f"最晚 {live.last_on} 全部终止" if live.last_on else "没有最后一天"
            end_en = (
                f"all of it ends on {live.last_on} at the latest" if live.last_on else "there is no last day"
            )
            old_zh = "" if edition.holds(on) else "（注意：这一版本现在不在施行期内）"
            old_en = "" if edition.holds(on) else " (mind: this edition is not in force now)"
            lines.append(
                Line(
                    f"可以按“{edition.zh}”开始居家隔离：{edition.why_zh}{end_zh}。{old_zh}",
                    f"Isolation may begin by {edition.en}: {edition.why_en} {end_en.capitalize()}.{old_en}",
                    wrong=live.last_on is None, address="/care",
                )
            )  # fmt: skip
        return lines

    def begin(self, items: Sequence[Item], live: Live, actor: Actor, at: datetime) -> list[Line]:
        """Let isolations begin under its places; again, it changes nothing twice."""
        self.check(items)
        lines = []
        for item in items:
            edition = packs.edition(str(item["edition"]))
            regime, _ = Regime.objects.update_or_create(
                activation_id=live.activation_id, edition=edition.code,
                defaults={"place_ids": list(live.place_ids), "number": live.number, "is_drill": live.is_drill},
                create_defaults={
                    "place_ids": list(live.place_ids), "number": live.number, "is_drill": live.is_drill,
                    "from_at": at,
                },
            )  # fmt: skip
            lines.append(
                Line(
                    f"居家隔离按“{edition.zh}”启用", f"Home isolation by {edition.en}", subject_id=regime.id,
                    address="/care",
                )
            )  # fmt: skip
        return lines

    def end(self, live: Live, actor: Actor, at: datetime) -> list[Line]:
        """End all that depends on it and close its store of contacts; the retention run that follows destroys."""
        tasks = ContactTask.objects.filter(activation_id=live.activation_id, closed_at=None).count()
        people = ending.end_activation(live.activation_id, actor, at)
        contacts_actions.close_of(live.activation_id, at)
        return [
            Line("随响应终止的居家隔离", "Isolations ended with the response", people, address="/care"),
            Line("随响应关闭的流调任务", "Tracing tasks closed with the response", tasks),
        ]
