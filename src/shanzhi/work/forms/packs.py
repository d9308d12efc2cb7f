"""Forms (表单): questions in versions, data of the packs that a city edits. A new wording is a new version."""

from functools import lru_cache
from pathlib import Path

import msgspec
from django.conf import settings

from shanzhi.core.kit.errors import InvalidInput
from shanzhi.core.kit.yaml_files import read_yaml

KINDS = ("text", "number", "choice", "yes_no", "date", "temperature")


class Choice(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One of the answers to choose from."""

    code: str
    zh: str
    en: str


class Question(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A question (问题). `sensitive`: its answers are told only to whoever is at the door.

    `least` and `most` bound a number or a temperature (°C), `most` the length of a text. `hint_*` stands under it.
    """

    code: str
    zh: str
    en: str
    kind: str = "text"
    required: bool = False
    sensitive: bool = False
    least: float | None = None
    most: float | None = None
    choices: list[Choice] = msgspec.field(default_factory=list)
    hint_zh: str = ""
    hint_en: str = ""


class Section(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Questions under one heading; "同上次" takes over a section at a time."""

    code: str
    zh: str
    en: str
    questions: list[Question]


class Form(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A version of a form. `case_kind` is the kind of matter that "needs help" becomes; "" leaves it open."""

    code: str
    version: int
    zh: str
    en: str
    sections: list[Section]
    case_kind: str = ""

    @property
    def name(self) -> str:
        """Code and version, as a sweep names it."""
        return f"{self.code}/{self.version}"


@lru_cache(maxsize=64)
def _read(path: Path, stamp: float) -> list[Form]:
    found = read_yaml(path)
    forms = [msgspec.convert({"code": found["code"], **one}, Form) for one in found["versions"]]
    for form in forms:
        check(form)
    return forms


def check(form: Form) -> None:
    """Raise InvalidInput for a form that could not be answered."""
    codes = [question.code for section in form.sections for question in section.questions]
    wrong = ""
    if len(set(codes)) < len(codes):
        wrong = "问题代码重复"
    for section in form.sections:
        for question in section.questions:
            if question.kind not in KINDS or (question.kind == "choice") != bool(question.choices):
                wrong = f"“{question.zh}”的类型或选项不对"
    if wrong:
        raise InvalidInput(
            field=f"forms.{form.name}", reason_zh=f"表单“{form.zh}”：{wrong}。",
            reason_en=f"Form {form.name}: a question's code, kind or choices are wrong.",
        )  # fmt: skip


def versions() -> dict[str, Form]:
    """ "code/version" -> form, all that the packs hold."""
    found: dict[str, Form] = {}
    for path in sorted((settings.PACKS / "forms").glob("*.yaml")):
        found |= {one.name: one for one in _read(path, path.stat().st_mtime)}
    return found


def newest() -> dict[str, Form]:
    """Code -> its newest version."""
    found: dict[str, Form] = {}
    for one in versions().values():
        if one.code not in found or found[one.code].version < one.version:
            found[one.code] = one
    return found


def newest_of(code: str, field: str = "form") -> Form:
    """The newest version of a form. Raises InvalidInput naming the field."""
    known = newest()
    if (found := known.get(code)) is None:
        names = "、".join(one.zh for one in known.values())
        raise InvalidInput(
            field=field, reason_zh=f"没有这种表单，可选：{names}。", reason_en="There is no such form."
        )
    return found
