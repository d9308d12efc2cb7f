"""A plan as a document (预案): what a pack holds and what a draft is edited into. Data, checked in one place."""

from typing import Any

import msgspec

from shanzhi.city.modes.contents import LevelContent, Said
from shanzhi.core.kit.errors import InvalidInput

HAZARDS: dict[str, tuple[str, str]] = {
    "epidemic": ("突发公共卫生事件", "Public health"),
    "flood": ("自然灾害·洪涝", "Natural disaster: flood"),
    "heat": ("自然灾害·高温", "Natural disaster: heat"),
    "gas": ("事故灾难·燃气", "Accident: gas"),
    "fire": ("事故灾难·火灾", "Accident: fire"),
    "quake": ("自然灾害·地震", "Natural disaster: earthquake"),
    "cold": ("自然灾害·低温雨雪", "Natural disaster: ice and snow"),
    "other": ("其他突发事件", "Other"),
}
# The chapters that are plain text, in the order of the field's usual plan.
CHAPTERS: dict[str, tuple[str, str]] = {
    "general": ("总则", "General"),
    "monitoring": ("监测预警", "Watching and warning"),
    "reporting": ("信息报告", "Reporting"),
    "afterwards": ("后期处置", "Afterwards"),
    "support": ("应急保障", "Support"),
    "training": ("演练培训", "Drills and training"),
    "annex": ("附则", "Annex"),
}


class Group(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The headquarters or a group (工作组): which kind of post leads, who belongs to it, what it does."""

    code: str
    zh: str
    en: str
    lead: str
    posts: list[str] = []
    units: list[Said] = []
    duties: list[Said] = []


class Structure(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Who commands and who works (组织指挥体系)."""

    headquarters: Group
    groups: list[Group] = []


class NoticeText(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A public notice in one language; names in braces are filled in when it is made."""

    title: str
    text: str


class NoticeTemplate(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A public notice (公告模板)."""

    code: str
    zh: NoticeText
    en: NoticeText


class MedicalExit(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The way to medical care that is always open (就医通道)."""

    zh: str
    en: str
    phone: str


class ObjectionWay(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The way to object (申诉途径): who decides, within how many days, by which telephone else."""

    days: int
    zh: str
    en: str
    phone: str


class Target(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What the plan wants to reach, in minutes from its beginning: drills are measured by it."""

    code: str
    zh: str
    en: str
    minutes: int


class Edition(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An edition of the rules (版本) with levels of its own, such as the eighth edition's three zones."""

    code: str
    zh: str
    en: str
    levels: list[LevelContent]


class PlanDoc(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A plan (预案). Its levels stand in it, or in the edition that `edition` names as in force."""

    code: str
    hazard: str
    zh: str
    en: str
    basis: Said
    structure: Structure
    exit: MedicalExit
    objection: ObjectionWay
    notices: list[NoticeTemplate]
    general: list[Said] = []
    monitoring: list[Said] = []
    reporting: list[Said] = []
    levels: list[LevelContent] = []
    editions: list[Edition] = []
    edition: str = ""
    afterwards: list[Said] = []
    support: list[Said] = []
    training: list[Said] = []
    annex: list[Said] = []
    targets: list[Target] = []

    @property
    def in_force(self) -> list[LevelContent]:
        """The levels in force, the gravest first."""
        found = next((one.levels for one in self.editions if one.code == self.edition), self.levels)
        return sorted(found, key=lambda one: one.level)


def read(stored: Any) -> PlanDoc:
    """A stored document, or one from outside. Raises InvalidInput naming where it is wrong."""
    try:
        return msgspec.convert(stored, PlanDoc)
    except msgspec.ValidationError as error:
        said, _, path = str(error).partition(" - at `$")
        field = path.rstrip("`").lstrip(".").replace("[", ".").replace("]", "").replace("...", "")
        raise InvalidInput(
            field=field or "content", reason_zh=f"预案内容不合格式（{field or '全文'}）：{_in_chinese(said)}",
            reason_en=f"The plan is not well formed at {field or 'the top'}: {said}.",
        ) from None  # fmt: skip


def _in_chinese(said: str) -> str:
    if "missing required field" in said:
        return f"缺少 {said.rsplit('`', 2)[-2]}。"
    if "unknown field" in said:
        return f"多出 {said.rsplit('`', 2)[-2]}。"
    return "类型或取值不对。"


def plain(doc: PlanDoc) -> dict[str, Any]:
    """A document as it is stored."""
    return dict(msgspec.to_builtins(doc))
