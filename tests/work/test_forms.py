"""Forms: what the packs hold can be answered, wrong answers name their question, versions in use never change."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest
import yaml

from shanzhi.core.kit.clock import FixedClock
from shanzhi.core.kit.errors import InvalidInput
from shanzhi.work.forms import actions, answers, packs, queries
from shanzhi.work.forms.errors import FormChanged
from shanzhi.work.forms.models import FormVersion

pytestmark = pytest.mark.once

RIGHT = {"text": "一切正常", "number": 2, "temperature": 36.5, "yes_no": True, "date": "2026-03-09"}


def full(form: packs.Form) -> dict[str, Any]:
    """An answer to every question."""
    return {
        one.code: one.choices[0].code if one.kind == "choice" else RIGHT[one.kind]
        for section in form.sections
        for one in section.questions
    }


def test_every_form_of_the_packs_can_be_answered_in_both_languages() -> None:
    found = packs.newest()
    assert set(found) >= {
        "household",
        "health_check",
        "flood_evacuation",
        "gas_check",
        "heat_visit",
        "shop_check",
    }
    for form in found.values():
        answers.checker(form)(full(form))
        for section in form.sections:
            assert section.zh and section.en
            for question in section.questions:
                assert question.zh and question.en and question.zh != question.en
                assert all(one.zh and one.en for one in question.choices)
        assert len(answers.words(form, full(form))) == len(full(form))


@pytest.mark.parametrize(
    ("code", "value"),
    [
        ("temperature", 33.9), ("temperature", 43.1), ("temperature", "36.5"), ("temperature", True),
        ("temperature", float("nan")), ("symptoms", "是"), ("since", "9/3/2026"), ("people", -1), ("need", "money"),
        ("note", "x" * 101), ("note", "a\0b"), ("note", 5), ("people", None), ("shoes", 42),
    ],
)  # fmt: skip
def test_a_wrong_answer_names_its_question(code: str, value: Any) -> None:
    form = packs.newest_of("health_check")
    with pytest.raises(InvalidInput) as error:
        answers.checker(form)(full(form) | {code: value})
    assert error.value.field == f"answers.{code}"
    assert error.value.sentence("zh") and error.value.sentence("en")


def test_an_answer_that_is_not_asked_for_may_be_left_out() -> None:
    form = packs.newest_of("health_check")
    answers.checker(form)({"people": 1, "temperature": 36.4, "symptoms": False, "note": ""})


@pytest.mark.django_db
def test_a_version_in_use_stays_readable_and_never_changes(
    settings: Any, tmp_path: Path, clock: FixedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(queries, "_KNOWN", {})
    shutil.copytree(settings.PACKS, tmp_path / "packs")
    settings.PACKS = tmp_path / "packs"
    path = settings.PACKS / "forms" / "gas_check.yaml"
    first = actions.keep("gas_check", clock.now())
    assert actions.keep("gas_check", clock.now()) == first and FormVersion.objects.count() == 1
    content = yaml.safe_load(path.read_text("utf-8"))
    content["versions"][0]["sections"][0]["questions"][0]["zh"] = "改了"
    path.write_text(yaml.safe_dump(content, allow_unicode=True), "utf-8")
    packs._read.cache_clear()
    with pytest.raises(FormChanged):
        actions.keep("gas_check", clock.now())
    content["versions"][0]["version"] = 2
    path.write_text(yaml.safe_dump(content, allow_unicode=True), "utf-8")
    packs._read.cache_clear()
    assert actions.keep("gas_check", clock.now()).version == 2
    assert queries.form("gas_check", 1) == first  # the pack does not hold it any more
    with pytest.raises(KeyError):
        queries.form("gas_check", 3)


def test_a_form_that_cannot_be_answered_is_refused() -> None:
    question = packs.Question("a", "问", "Ask", kind="choice")
    section = packs.Section("s", "节", "Section", [question])
    with pytest.raises(InvalidInput):
        packs.check(packs.Form("x", 1, "表", "Form", [section]))
    twice = packs.Section(
        "s", "节", "Section", [packs.Question("a", "问", "Ask"), packs.Question("a", "问", "Ask")]
    )
    with pytest.raises(InvalidInput):
        packs.check(packs.Form("x", 1, "表", "Form", [twice]))
