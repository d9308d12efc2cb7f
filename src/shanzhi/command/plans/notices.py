"""Public notices (公告) as a part of a response: made when it goes live, anew when it changes, ended with it."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any

import msgspec
from django.utils.timezone import localtime

from shanzhi.base.access import Actor
from shanzhi.city.modes import queries as modes
from shanzhi.city.modes.contents import name_en, name_of
from shanzhi.city.modes.models import Activation
from shanzhi.city.modes.parts import Item, Line, Live
from shanzhi.city.places.models import Place
from shanzhi.command.plans.document import NoticeTemplate, ObjectionWay, PlanDoc
from shanzhi.command.plans.models import Notice
from shanzhi.core.kit.errors import InvalidInput

MOST_TITLE_ZH, MOST_TITLE_EN = 160, 240


class Frozen(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An item as a proposal freezes it: the template and the way to object as the plan had them."""

    code: str
    template: NoticeTemplate
    objection: ObjectionWay


def frozen(doc: PlanDoc, items: Sequence[Mapping[str, Any]]) -> list[Item]:
    """The notices of a level with all their words: what is approved is what was read."""
    by_code = {one.code: one for one in doc.notices}
    return [
        dict(msgspec.to_builtins(Frozen(item["code"], by_code[item["code"]], doc.objection)))
        for item in items
        if item["code"] in by_code
    ]


class _Gap(dict[str, str]):
    """Leaves a name that nothing is known for as it stands."""

    def __missing__(self, key: str) -> str:
        return "{" + key + "}"


def words(item: Frozen, row: Activation, names: Sequence[str], at: datetime) -> dict[str, str]:
    """The notice in both languages, filled in."""
    content = modes.level_of(row)
    day: date | None = row.last_on
    begun = localtime(row.live_at or at)
    zh = _Gap(
        title=row.title, level=name_of(row.level, content.zh), places="、".join(names), basis=row.basis,
        document=row.document, exit=row.exit_zh, phone=row.exit_phone, days=str(item.objection.days),
        objection=f"{item.objection.zh}（电话 {item.objection.phone}）",
        until=f"{day.year}年{day.month}月{day.day}日" if day else "另行通知",
    )  # fmt: skip
    zh["from"] = f"{begun.year}年{begun.month}月{begun.day}日{begun:%H:%M}"
    en = _Gap(
        title=row.title, level=name_en(row.level, content.en), places=", ".join(names), basis=row.basis,
        document=row.document, exit=row.exit_en, phone=row.exit_phone, days=str(item.objection.days),
        objection=f"{item.objection.en} (telephone {item.objection.phone})",
        until=f"{day:%-d %B %Y}" if day else "further notice",
    )  # fmt: skip
    en["from"] = f"{begun:%-d %B %Y, %H:%M}"
    drill_zh, drill_en = ("【演练】", "[DRILL] ") if row.is_drill else ("", "")
    return {
        "title_zh": (drill_zh + item.template.zh.title.format_map(zh))[:MOST_TITLE_ZH],
        "title_en": (drill_en + item.template.en.title.format_map(en))[:MOST_TITLE_EN],
        "text_zh": item.template.zh.text.format_map(zh).strip(),
        "text_en": item.template.en.text.format_map(en).strip(),
    }


def names_of(row: Activation) -> list[str]:
    """The places of a response by name, in their order."""
    found = dict(Place.objects.filter(id__in=row.place_ids).values_list("id", "name"))
    return [found[one] for one in row.place_ids if one in found]


class NoticesPart:
    """Makes, renews and ends the notices of a response."""

    code, zh, en = "notices", "公告", "Public notices"

    def check(self, items: Sequence[Item]) -> None:
        """Items are the frozen ones of a proposal. Raises InvalidInput."""
        for number, item in enumerate(items):
            self.read(number, item)

    def read(self, number: int, item: Item) -> Frozen:
        """A frozen item. Raises InvalidInput."""
        try:
            return msgspec.convert(item, Frozen)
        except msgspec.ValidationError:
            raise InvalidInput(
                field=f"notices.{number}",
                reason_zh="公告内容不完整。",
                reason_en="The notice is not complete.",
            ) from None

    def preview(self, items: Sequence[Item], live: Live, at: datetime) -> list[Line]:
        """Which notices, to how many places."""
        count = len(live.place_ids)
        names = _Gap(level=name_of(live.level, ""))
        names_en = _Gap(level=name_en(live.level, ""))
        who_zh, who_en = (
            ("仅演练可见，不公开列出", "for the drill, not listed in public")
            if live.is_drill
            else (f"向 {count} 个区域公开", f"public for {count} places")
        )
        return [
            Line(
                f"发布公告《{one.template.zh.title.format_map(names)}》，{who_zh}",
                f"Notice “{one.template.en.title.format_map(names_en)}”, {who_en}", 1,
            )
            for one in (self.read(number, item) for number, item in enumerate(items))
        ]  # fmt: skip

    def begin(self, items: Sequence[Item], live: Live, actor: Actor, at: datetime) -> list[Line]:
        """Make known what is not known yet."""
        open_now = self._open(live)
        wanted = [self.read(number, item) for number, item in enumerate(items)]
        return [self._make(one, live, at) for one in wanted if one.code not in open_now]

    def shrink(self, left: Sequence[Item], live: Live, actor: Actor, at: datetime) -> list[Line]:
        """End those that the new level has not."""
        stay = {str(item["code"]) for item in left}
        return [self._end(row, at) for code, row in self._open(live).items() if code not in stay]

    def prolong(self, items: Sequence[Item], live: Live, actor: Actor, at: datetime) -> list[Line]:
        """Another last day is a new notice; the old one leads to it."""
        made = []
        open_now = self._open(live)
        for number, item in enumerate(items):
            wanted = self.read(number, item)
            old = open_now.get(wanted.code)
            line = self._make(wanted, live, at)
            if old is not None:
                old.ended_at, old.replaced_by = at, line.address.rsplit("/", 1)[-1]
                old.save(update_fields=["ended_at", "replaced_by"])
            made.append(line)
        return made

    def end(self, live: Live, actor: Actor, at: datetime) -> list[Line]:
        """Say that the measures have ceased: the notice stays, with its end."""
        return [self._end(row, at) for row in self._open(live).values()]

    def _open(self, live: Live) -> dict[str, Notice]:
        rows = Notice.objects.select_for_update().filter(activation_id=live.activation_id, ended_at=None)
        return {row.code: row for row in rows}

    def _make(self, item: Frozen, live: Live, at: datetime) -> Line:
        row = modes.activation(live.activation_id)  # locked by the door, saved before the parts begin
        row.last_on, row.level = live.last_on, live.level
        number = f"{live.number}-{Notice.objects.filter(activation_id=row.id).count() + 1}"
        made = Notice.objects.create(
            number=number, activation_id=row.id, code=item.code, place_ids=list(live.place_ids),
            is_drill=live.is_drill, template=msgspec.to_builtins(item), **words(item, row, names_of(row), at),
            exit_zh=row.exit_zh, exit_en=row.exit_en, exit_phone=row.exit_phone,
            objection_days=item.objection.days, objection_zh=item.objection.zh, objection_en=item.objection.en,
            objection_phone=item.objection.phone, from_at=at, until_on=live.last_on,
        )  # fmt: skip
        return Line(
            f"公告 {made.number}《{made.title_zh}》", f"Notice {made.number}: {made.title_en}", 1,
            subject_id=made.id, address=f"/notice/{made.number}",
        )  # fmt: skip

    def _end(self, row: Notice, at: datetime) -> Line:
        row.ended_at = at
        row.save(update_fields=["ended_at"])
        return Line(
            f"公告 {row.number} 已解除", f"Notice {row.number} ended", 1, subject_id=row.id,
            address=f"/notice/{row.number}",
        )  # fmt: skip
