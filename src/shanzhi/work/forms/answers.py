"""Answers held against the version of a form that asked for them (填写校验): pure, each error names its question."""

from collections.abc import Callable, Mapping
from datetime import date
from math import inf
from typing import Any

from shanzhi.core.kit.errors import InvalidInput
from shanzhi.work.forms.packs import Form, Question

MOST_TEXT = 200
TEMPERATURE = 34.0, 43.0


def _wrong(question: Question, zh: str, en: str) -> InvalidInput:
    return InvalidInput(
        field=f"answers.{question.code}", reason_zh=f"“{question.zh}”{zh}", reason_en=f"{question.en}: {en}"
    )


Fits = Callable[[Any], bool]
_Says = tuple[str, str]  # what is asked for, in both languages


def _text(question: Question) -> tuple[Fits, _Says]:
    most = int(question.most or MOST_TEXT)
    return (
        lambda value: isinstance(value, str) and len(value) <= most and "\0" not in value,
        (f"应为不超过 {most} 字的文字。", f"text of at most {most} characters."),
    )


def _number(question: Question) -> tuple[Fits, _Says]:
    least, most = question.least, question.most
    if question.kind == "temperature":
        least, most = least if least is not None else TEMPERATURE[0], most or TEMPERATURE[1]
    low, high = ("" if one is None else f"{one:g}" for one in (least, most))
    least, most = -inf if least is None else least, inf if most is None else most
    return (
        # No bool, which is an int, and no NaN, which is not between anything.
        lambda value: value.__class__ in _NUMBERS and least <= value <= most,
        (f"应为数字，在 {low} 至 {high} 之间。", f"a number from {low} to {high}.")
        if low or high
        else ("应为数字。", "a number."),
    )


def _choice(question: Question) -> tuple[Fits, _Says]:
    codes = [one.code for one in question.choices]
    names = "、".join(one.zh for one in question.choices)
    return lambda value: value in codes, (f"请从中选择：{names}。", "choose one of those given.")


def _yes_no(question: Question) -> tuple[Fits, _Says]:
    return lambda value: value is True or value is False, ("请答是或否。", "yes or no.")


def _date(question: Question) -> tuple[Fits, _Says]:
    def fits(value: Any) -> bool:
        try:
            date.fromisoformat(value)
        except (TypeError, ValueError):
            return False
        return True

    return fits, ("应为日期，如 2026-03-09。", "a date such as 2026-03-09.")


_NUMBERS = (int, float)
_BY_KIND: dict[str, Callable[[Question], tuple[Fits, _Says]]] = {
    "text": _text, "number": _number, "temperature": _number, "choice": _choice, "yes_no": _yes_no, "date": _date,
}  # fmt: skip


def checker(form: Form) -> Callable[[Mapping[str, Any]], None]:
    """What raises InvalidInput naming `answers.<code>` for the first answer that does not fit; made once a form."""
    questions = [question for section in form.sections for question in section.questions]
    plan = [(one, one.code, one.required, *_BY_KIND[one.kind](one)) for one in questions]

    def check(answers: Mapping[str, Any]) -> None:
        answered = 0
        for question, code, required, fits, says in plan:
            value = answers.get(code)
            if value is None or value == "":
                if required:
                    raise _wrong(question, "需要填写。", "needs an answer.")
                answered += code in answers
                continue
            answered += 1
            if not fits(value):
                raise _wrong(question, *says)
        if answered < len(answers):
            known = {question.code for question in questions}
            code = next(one for one in answers if one not in known)
            raise InvalidInput(
                field=f"answers.{code}"[:60],
                reason_zh="表单里没有这个问题。",
                reason_en="The form has no such question.",
            )

    return check


def words(form: Form, answers: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Question and answer in Chinese, in the order of the form; for a paper or a case."""
    found = []
    for section in form.sections:
        for question in section.questions:
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
