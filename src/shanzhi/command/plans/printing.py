"""A plan on paper (预案文本): the chapters in the order of the field, in Chinese or English."""

from collections.abc import Sequence
from datetime import datetime
from typing import Literal

from django.utils.timezone import get_current_timezone, localtime

from shanzhi.base.access import Actor
from shanzhi.city.modes.contents import NUMERALS, PART_CODES, LevelContent, Said
from shanzhi.city.people import queries as people
from shanzhi.command.plans import items, queries
from shanzhi.command.plans.document import CHAPTERS, HAZARDS, Group, PlanDoc
from shanzhi.command.plans.flow import IN_FORCE, VERSION
from shanzhi.command.plans.models import PlanVersion
from shanzhi.core.documents import Column, Paper

Language = Literal["zh", "en"]


class _Printer:
    """One document being printed."""

    def __init__(self, row: PlanVersion, actor: Actor, at: datetime, language: Language) -> None:
        self.row, self.doc, self.language = row, queries.document_of(row), language
        self.kinds = {kind.code: kind for kind in people.post_kinds()}
        state = VERSION.state(row.state)
        name = self.say(self.doc.zh, self.doc.en)
        self.paper = Paper(
            name, language=language, at=at, zone=get_current_timezone(),
            header=self.say(
                f"{name} · 第 {row.number} 版 · {state.zh}", f"{name} · version {row.number} · {state.en}"
            ),
            footer=self.say(f"{actor.name} 打印", f"printed by {actor.name}"),
        )  # fmt: skip
        if row.state != IN_FORCE:
            self.paper.watermark(self.say(state.zh, state.en))

    def say(self, zh: str, en: str) -> str:
        return zh if self.language == "zh" else en

    def said(self, lines: Sequence[Said]) -> None:
        for number, one in enumerate(lines, start=1):
            self.paper.paragraph(f"{number}. {self.say(one.zh, one.en)}")

    def chapter(self, number: int, zh: str, en: str) -> None:
        self.paper.heading(f"{number} {self.say(zh, en)}")

    def post(self, code: str) -> str:
        kind = self.kinds.get(code)
        return self.say(kind.zh, kind.en) if kind else code

    def run(self) -> bytes:
        doc, row = self.doc, self.row
        hazard = HAZARDS.get(doc.hazard, (doc.hazard, doc.hazard))
        in_force = f"{localtime(row.in_force_at):%Y-%m-%d}" if row.in_force_at else "—"
        self.paper.facts(
            [
                (self.say("事件类型", "Hazard"), self.say(*hazard)),
                (self.say("版本", "Version"), str(row.number)),
                (self.say("编制", "Written by"), row.drafted_by),
                (self.say("审定", "Reviewed by"), row.reviewed_by or "—"),
                (self.say("施行日期", "In force since"), in_force),
                (self.say("适用区域", "For"), row.plan.place.name),
                (self.say("法律依据", "Legal basis"), self.say(doc.basis.zh, doc.basis.en)),
                (
                    self.say("就医通道", "Medical exit"),
                    f"{self.say(doc.exit.zh, doc.exit.en)} {doc.exit.phone}",
                ),
            ],
            across=2,
        )
        self._chapters()
        return self.paper.to_bytes()

    def _chapters(self) -> None:
        doc = self.doc
        number = 1
        self.chapter(number, *CHAPTERS["general"])
        self.said(doc.general)
        number += 1
        self.chapter(number, "组织指挥体系", "Structure")
        for group in [doc.structure.headquarters, *doc.structure.groups]:
            self._group(group)
        for code in ("monitoring", "reporting"):
            number += 1
            self.chapter(number, *CHAPTERS[code])
            self.said(getattr(doc, code))
        number += 1
        self.chapter(number, "分级响应", "Levels of response")
        edition = next((one for one in doc.editions if one.code == doc.edition), None)
        if edition is not None:
            self.paper.paragraph(
                self.say(f"现行规则版本：{edition.zh}", f"Edition of the rules in force: {edition.en}")
            )
        for level in sorted(doc.in_force, key=lambda one: -one.level):
            self._level(level)
        for code in ("afterwards", "support", "training"):
            number += 1
            self.chapter(number, *CHAPTERS[code])
            self.said(getattr(doc, code))
        self._targets(doc)
        number += 1
        self.chapter(number, "公告与申诉", "Notices and objections")
        way = doc.objection
        self.paper.paragraph(
            self.say(
                f"异议由{way.zh}受理，电话 {way.phone}，{way.days} 天内答复。",
                f"Objections: {way.en}, telephone {way.phone}, answered within {way.days} days.",
            )
        )
        for one in doc.notices:
            words = one.zh if self.language == "zh" else one.en
            self.paper.heading(words.title, 2)
            self.paper.paragraph(words.text)
        number += 1
        self.chapter(number, *CHAPTERS["annex"])
        self.said(doc.annex)

    def _group(self, group: Group) -> None:
        self.paper.heading(self.say(group.zh, group.en), 2)
        posts = self.say("、", ", ").join(self.post(one) for one in group.posts)
        units = self.say("、", ", ").join(self.say(one.zh, one.en) for one in group.units)
        self.paper.facts(
            [
                (self.say("牵头", "Led by"), self.post(group.lead)),
                (self.say("成员岗位", "Posts"), posts or "—"),
                (self.say("成员单位", "Units"), units or "—"),
            ]
        )
        self.said(group.duties)

    def _level(self, level: LevelContent) -> None:
        self.paper.heading(
            self.say(f"{NUMERALS[level.level]}级　{level.zh}", f"Level {NUMERALS[level.level]}: {level.en}"),
            2,
        )
        limits = self.say(
            f"范围不大于{level.largest.zh}；一次决定最长 {level.days} 天"
            + ("；限制人员出行" if level.confines else ""),
            f"A {level.largest.en} at most; {level.days} days a decision at most"
            + ("; confines people" if level.confines else ""),
        )  # fmt: skip
        self.paper.paragraph(limits)
        for zh, en, lines in (
            ("启动条件", "When it begins", level.entry), ("响应措施", "Measures", level.measures),
            ("终止条件", "When it ends", level.release),
        ):  # fmt: skip
            self.paper.heading(self.say(zh, en), 3)
            self.said(lines)
        rows = [
            (self.say(*PART_CODES[code]), self._item(code, item))
            for code in PART_CODES
            for item in level.parts.get(code, [])
        ]
        self.paper.table(
            [
                Column(self.say("响应内容", "Part"), width=14),
                Column(self.say("启用", "Switched on"), width=50),
            ],
            rows,
        )

    def _item(self, code: str, item: dict[str, object]) -> str:
        said = []
        for field in items.FIELDS[code]:
            value = item.get(field.name)
            if value in (None, "", []):
                continue
            if isinstance(value, list):
                value = self.say("、", ", ").join(self.post(str(one)) for one in value)
            if isinstance(value, bool):
                value = self.say("是", "yes") if value else self.say("否", "no")
            said.append(f"{self.say(field.zh, field.en)} {value}")
        return self.say("；", "; ").join(said)

    def _targets(self, doc: PlanDoc) -> None:
        if doc.targets:
            self.paper.table(
                [
                    Column(self.say("目标", "Target"), width=40),
                    Column(self.say("分钟", "Minutes"), kind="number", width=12),
                ],
                [(self.say(one.zh, one.en), one.minutes) for one in doc.targets],
            )


def as_paper(row: PlanVersion, actor: Actor, at: datetime, language: Language) -> bytes:
    """A version of a plan as PDF; what is not in force bears its state as a watermark."""
    return _Printer(row, actor, at, language).run()
