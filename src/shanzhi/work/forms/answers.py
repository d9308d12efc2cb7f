"""Answers held against the version of a form that asked for them (填写校验): pure, each error names its question."""

from collections.abc import Callable, Mapping
from datetime import date
from typing import Any

from shanzhi.core.kit.errors import InvalidInput
from shanzhi.work.forms.packs import Form, Question

MOST_TEXT = 200
TEMPERATURE = 34.0, 43.0


def _wrong(question: Question, zh: str, en: str) -> InvalidInput:
    return InvalidInput(
        field=f"answers.{question.code}", reason_zh=f"“{question.zh}”{zh}", reason_en=f"{question.en}: {en}"
    )


def _text(question: Question, value: Any) -> Any:
    most = int(question.most or MOST_TEXT)
    if not isinstance(value, str) or len(value) > most or "\0" in value:
        raise _wrong(question, f"应为不超过 {most} 字的文字。", f"text of at most {most} characters.")
    return value


def _number(question: Question, value: Any) -> Any:
    least, most = question.least, question.most
    if question.kind == "temperature":
        least, most = least if least is not None else TEMPERATURE[0], most or TEMPERATURE[1]
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise _wrong(question, "应为数字。", "a number.")
    if (least is not None and value < least) or (most is not None and value > most) or value != value:
        low, high = ("" if one is None else f"{one:g}" for one in (least, most))
        raise _wrong(question, f"应在 {low} 至 {high} 之间。", f"from {low} to {high}.")
    return value


def _choice(question: Question, value: Any) -> Any:
    if value not in [one.code for one in question.choices]:
        names = "、".join(one.zh for one in question.choices)
        raise _wrong(question, f"请从中选择：{names}。", "choose one of those given.")
    return value


def _yes_no(question: Question, value: Any) -> Any:
    if not isinstance(value, bool):
        raise _wrong(question, "请答是或否。", "yes or no.")
    return value


def _date(question: Question, value: Any) -> Any:
    try:
        date.fromisoformat(value)
    except (TypeError, ValueError):
        raise _wrong(question, "应为日期，如 2026-03-09。", "a date such as 2026-03-09.") from None
    return value


_BY_KIND: dict[str, Callable[[Question, Any], Any]] = {
    "text": _text, "number": _number, "temperature": _number, "choice": _choice, "yes_no": _yes_no, "date": _date,
}  # fmt: skip


def check(form: Form, answers: Mapping[str, Any]) -> None:
    """Raise InvalidInput naming `answers.<code>` for the first answer that does not fit."""
    answered = 0
    for question in form.questions:
        value = answers.get(question.code)
        if value is None or value == "":
            if question.required:
                raise _wrong(question, "需要填写。", "needs an answer.")
            answered += question.code in answers
            continue
        answered += 1
        _BY_KIND[question.kind](question, value)
    if answered < len(answers):
        known = {question.code for question in form.questions}
        code = next(one for one in answers if one not in known)
        raise InvalidInput(
            field=f"answers.{code}"[:60],
            reason_zh="表单里没有这个问题。",
            reason_en="The form has no such question.",
        )


def words(form: Form, answers: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Question and answer in Chinese, in the order of the form; for a paper or a case."""
    found = []
    for question in form.questions:
        value = answers.get(question.code)
        if value is None or value == "":
            continue
        said = str(value)
        if question.kind == "yes_no":
            said = "是" if value else "否"
        elif question.kind == "choice":
            said = next((one.zh for one in question.choices if one.code == value), said)
        found.append((question.zh, said))
    return found
