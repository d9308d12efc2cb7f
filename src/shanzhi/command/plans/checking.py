"""Whether a plan is complete and right (预案检查): every problem at once, each with the place where it is."""

import string
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from shanzhi.city.modes import parts
from shanzhi.city.modes.contents import CONFINED_AT_MOST, MOST_CONFINED_DAYS, PART_CODES, LevelContent, Said
from shanzhi.city.people import queries as people
from shanzhi.command.plans import items
from shanzhi.command.plans.document import CHAPTERS, HAZARDS, Edition, Group, PlanDoc
from shanzhi.core.kit.errors import InvalidInput, ShanzhiError

# What a notice may have filled in.
FILLED = frozenset(
    {"title", "level", "places", "from", "until", "basis", "document", "exit", "phone", "days", "objection"}
)  # fmt: skip
# What no notice may leave out: until when, on what basis, how to object, the way to a doctor.
MUST_SAY = frozenset({"places", "until", "basis", "document", "phone", "objection"})


@dataclass(frozen=True)
class Problem:
    """Something wrong, and where. `stops`: the version cannot be put in force with it."""

    field: str
    zh: str
    en: str
    stops: bool = True


def problems(doc: PlanDoc) -> list[Problem]:
    """Everything that is wrong with a plan; what no engine here can read is a warning."""
    return list(_all(doc))


def check(doc: PlanDoc) -> None:
    """Raises InvalidInput with the first thing that is wrong."""
    for found in problems(doc):
        if found.stops:
            raise InvalidInput(field=found.field, reason_zh=found.zh, reason_en=found.en)


def _all(doc: PlanDoc) -> Iterator[Problem]:
    yield from _head(doc)
    known = {kind.code for kind in people.post_kinds()}
    yield from _structure(doc, known)
    yield from _notices(doc)
    if doc.editions and doc.edition not in {one.code for one in doc.editions}:
        yield Problem("edition", "请选定现行的规则版本。", "Choose the edition in force.")
    if not doc.in_force:
        yield Problem("levels", "预案至少要有一个响应级别。", "A plan has one level at least.")
    codes = {one.code for one in doc.notices}
    for where, levels in [("levels", doc.levels), *(_in(one) for one in doc.editions)]:
        yield from _levels(where, levels, codes, known)


def _in(edition: Edition) -> tuple[str, list[LevelContent]]:
    return f"editions.{edition.code}", edition.levels


def _head(doc: PlanDoc) -> Iterator[Problem]:
    if not (
        doc.code.isascii() and doc.code.replace("-", "").replace("_", "").isalnum() and len(doc.code) <= 32
    ):
        yield Problem("code", "代码只能用英文字母、数字和连字符。", "A code has letters, digits and hyphens.")
    if doc.hazard not in HAZARDS:
        yield Problem("hazard", "请选择突发事件类型。", "Choose the hazard.")
    for name, text, most in (("zh", doc.zh, 60), ("en", doc.en, 100)):
        if not text.strip() or len(text) > most:
            yield Problem(name, f"预案名称应为 1 至 {most} 字。", f"The name has 1 to {most} characters.")
    yield from _said("basis", [doc.basis], "法律依据", "The legal basis", 200)
    if not (doc.exit.zh.strip() and doc.exit.en.strip() and doc.exit.phone.strip()):
        yield Problem(
            "exit", "就医通道须有说明和电话。", "The way to medical care needs words and a telephone."
        )
    way = doc.objection
    if not (way.zh.strip() and way.en.strip() and way.phone.strip()) or not 1 <= way.days <= 60:
        yield Problem(
            "objection", "申诉途径须写明受理单位、电话和 1 至 60 天的答复期限。",
            "The way to object names who decides, a telephone and 1 to 60 days.",
        )  # fmt: skip
    for chapter, (zh, en) in CHAPTERS.items():
        yield from _said(chapter, getattr(doc, chapter), zh, en, 600)
    for number, target in enumerate(doc.targets):
        if not (target.zh.strip() and 1 <= target.minutes <= 60 * 24 * 30):
            yield Problem(f"targets.{number}", "目标须有名称和分钟数。", "A target has a name and minutes.")


def _said(where: str, lines: Iterable[Said], zh: str, en: str, most: int) -> Iterator[Problem]:
    for number, one in enumerate(lines):
        if not one.zh.strip() or not one.en.strip() or max(len(one.zh), len(one.en) // 3) > most:
            yield Problem(
                f"{where}.{number}", f"“{zh}”第 {number + 1} 条须有中英文，且不超过 {most} 字。",
                f"{en}, {number + 1}: both languages, at most {most} characters.",
            )  # fmt: skip


def _structure(doc: PlanDoc, known: set[str]) -> Iterator[Problem]:
    groups: list[tuple[str, Group]] = [("structure.headquarters", doc.structure.headquarters)]
    groups += [(f"structure.groups.{number}", one) for number, one in enumerate(doc.structure.groups)]
    if len({one.code for _, one in groups}) < len(groups):
        yield Problem("structure.groups", "工作组代码有重复。", "Two groups have the same code.")
    for where, group in groups:
        if not group.zh.strip() or not group.en.strip():
            yield Problem(where, "工作组须有中英文名称。", "A group has a name in both languages.")
        for post in [group.lead, *group.posts]:
            if post not in known:
                yield Problem(
                    where, f"“{group.zh}”：没有名为“{post}”的岗位。", f"{group.en}: there is no post {post}."
                )
        yield from _said(f"{where}.duties", group.duties, f"{group.zh}职责", f"{group.en}, duties", 300)


def _notices(doc: PlanDoc) -> Iterator[Problem]:
    if len({one.code for one in doc.notices}) < len(doc.notices):
        yield Problem("notices", "公告模板代码有重复。", "Two notices have the same code.")
    for number, one in enumerate(doc.notices):
        for language, words in (("zh", one.zh), ("en", one.en)):
            where = f"notices.{number}.{language}"
            try:
                found = list(string.Formatter().parse(words.text + words.title))
            except ValueError:
                yield Problem(
                    where, "公告中的花括号不成对。", "The braces of the notice do not come in pairs."
                )
                continue
            names = {name for _, name, _, _ in found if name is not None}
            if any(spec or conversion for _, _, spec, conversion in found):
                yield Problem(where, "公告花括号内只写名称。", "Braces of a notice hold a name only.")
            for name in sorted(names - FILLED):
                yield Problem(
                    where, f"公告中的 {{{name}}} 无法填写。", f"Nothing can be filled in for {{{name}}}."
                )
            for name in sorted(MUST_SAY - names):
                yield Problem(where, f"公告正文必须写明 {{{name}}}。", f"The notice has to say {{{name}}}.")
            if not words.title.strip() or len(words.title) > 60 * (1 if language == "zh" else 2):
                yield Problem(where, "公告须有标题。", "A notice has a title.")


def _levels(where: str, levels: list[LevelContent], notices: set[str], known: set[str]) -> Iterator[Problem]:
    if len({one.level for one in levels}) < len(levels):
        yield Problem(where, "响应级别有重复。", "A level is given twice.")
    for one in levels:
        at = f"{where}.{one.level}"
        if not 1 <= one.level <= 4:
            yield Problem(at, "响应级别为Ⅰ至Ⅳ级。", "Levels are I to IV.")
            continue
        if one.most_days < 1 or one.most_days > 180:
            yield Problem(f"{at}.most_days", "最长天数为 1 至 180 天。", "1 to 180 days.")
        if one.confines and one.most_days > MOST_CONFINED_DAYS:
            yield Problem(
                f"{at}.most_days", f"限制出行的级别最长 {MOST_CONFINED_DAYS} 天。",
                f"A level that confines lasts {MOST_CONFINED_DAYS} days at most.",
            )  # fmt: skip
        if one.confines and one.largest.rank < CONFINED_AT_MOST.rank:
            yield Problem(
                f"{at}.largest", "限制出行的级别不得大于街道。",
                "A level that confines is for a street office at most.",
            )  # fmt: skip
        for name, zh, en in (
            ("entry", "启动条件", "Entry"), ("measures", "响应措施", "Measures"), ("release", "终止条件", "Release"),
        ):  # fmt: skip
            yield from _said(f"{at}.{name}", getattr(one, name), zh, en, 300)
        if not one.entry or not one.release:
            yield Problem(
                at, "每级响应须写明启动条件和终止条件。", "Each level says when it begins and when it ends."
            )
        yield from _parts(at, one, notices, known)


def _parts(at: str, level: LevelContent, notices: set[str], known: set[str]) -> Iterator[Problem]:
    if not level.parts.get("notices"):
        yield Problem(f"{at}.parts.notices", "每级响应须有公告。", "Each level has a public notice.")
    for code, found in level.parts.items():
        try:
            items.check(code, found)
        except ShanzhiError as error:
            yield Problem(f"{at}.parts.{error.field or code}", error.sentence("zh"), error.sentence("en"))
            continue
        for number, item in enumerate(found):
            for post in (item.get("posts") or []) if code in {"orders", "screens"} else []:
                if post not in known:
                    yield Problem(
                        f"{at}.parts.{code}.{number}.posts", f"没有名为“{post}”的岗位。", f"No post {post}."
                    )
            if code == "notices" and item["code"] not in notices:
                yield Problem(
                    f"{at}.parts.notices.{number}", f"没有公告模板“{item['code']}”。",
                    f"There is no notice {item['code']}.",
                )  # fmt: skip
        if found and code not in parts.known():
            zh, en = PART_CODES[code]
            yield Problem(
                f"{at}.parts.{code}", f"{zh}：本系统未装此项，启动时会被拦下。",
                f"{en}: not installed in this system; going live will be stopped.", stops=False,
            )  # fmt: skip
