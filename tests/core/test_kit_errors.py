"""Typed errors: one register, two languages, parameters that travel as JSON."""

import copy
import json
import pickle
from collections.abc import Iterator
from datetime import UTC, date, datetime
from uuid import UUID

import pytest

from shanzhi.core.kit import errors
from shanzhi.core.kit.errors import (
    ALL_ERRORS,
    Conflict,
    InvalidInput,
    NotFound,
    Refused,
    ShanzhiError,
    SignInRequired,
    TooManyAttempts,
)


@pytest.fixture(autouse=True)
def _own_register(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    before = dict(ALL_ERRORS)
    yield
    ALL_ERRORS.clear()
    ALL_ERRORS.update(before)


@pytest.mark.parametrize(
    ("kind", "code", "status"),
    [
        (NotFound, "not-found", 404),
        (Refused, "refused", 403),
        (Conflict, "conflict", 409),
        (InvalidInput, "invalid-input", 422),
        (SignInRequired, "sign-in-required", 401),
        (TooManyAttempts, "too-many-attempts", 429),
    ],
)
def test_the_ready_errors(kind: type[ShanzhiError], code: str, status: int) -> None:
    assert (kind.code, kind.status) == (code, status)
    assert ALL_ERRORS[code] is kind


def test_as_dict_is_what_the_interface_answers() -> None:
    error = InvalidInput(field="stars", reason_zh="请选择 1 至 5 星。", reason_en="Choose 1 to 5 stars.")
    answer = error.as_dict("en")
    assert answer == {
        "code": "invalid-input",
        "message": "Choose 1 to 5 stars.",
        "message_zh": "请选择 1 至 5 星。",
        "message_en": "Choose 1 to 5 stars.",
        "field": "stars",
        "params": {"reason_zh": "请选择 1 至 5 星。", "reason_en": "Choose 1 to 5 stars."},
    }
    assert error.as_dict("zh")["message"] == "请选择 1 至 5 星。"
    assert json.loads(json.dumps(answer)) == answer
    assert str(error) == "Choose 1 to 5 stars."


def test_an_error_can_be_raised_by_its_class() -> None:
    with pytest.raises(NotFound) as caught:
        raise NotFound
    assert caught.value.field == ""
    assert caught.value.params == {}
    assert caught.value.sentence("zh") == "未找到该内容，或您无权查看。"


def test_defaults_fill_what_is_left_out() -> None:
    assert Refused().sentence("zh") == "您的岗位没有“此项操作”的权限。"
    assert Refused(what_zh="立案", what_en="file").sentence("zh") == "您的岗位没有“立案”的权限。"
    assert Refused(what_zh="立案", what_en="file").sentence("en") == "None of your posts lets you file."
    assert TooManyAttempts(minutes=3).sentence("en") == "Too many attempts: try again in 3 minutes."
    assert TooManyAttempts().params == {"minutes": 15}


def test_only_two_languages() -> None:
    with pytest.raises(ValueError, match="'fr'"):
        NotFound().sentence("fr")


def test_a_missing_parameter_is_told_where_it_is_raised() -> None:
    with pytest.raises(TypeError, match="InvalidInput lacks reason_en"):
        InvalidInput(field="text", reason_zh="过长。")


def test_braces_in_parameters_stay_text() -> None:
    error = InvalidInput(reason_zh="{code}", reason_en="{0.__class__}")
    assert error.sentence("zh") == "{code}"
    assert error.sentence("en") == "{0.__class__}"


def test_parameters_become_plain_data() -> None:
    error = NotFound(
        id=UUID(int=7), at=datetime(2024, 5, 1, 8, tzinfo=UTC), on=date(2024, 5, 1), rows=(1, [None, True]),
        tree={"a": 1.5},
    )  # fmt: skip
    assert error.params == {
        "id": "00000000-0000-0000-0000-000000000007",
        "at": "2024-05-01T08:00:00+00:00",
        "on": "2024-05-01",
        "rows": [1, [None, True]],
        "tree": {"a": 1.5},
    }
    with pytest.raises(TypeError, match="not object"):
        NotFound(thing=object())


def test_the_base_cannot_be_raised() -> None:
    with pytest.raises(TypeError):
        ShanzhiError()


def _kind(**parts: object) -> type:
    return type("Made", (ShanzhiError,), {"code": "made", "status": 409, "zh": "甲", "en": "a", **parts})


def test_a_subclass_registers_itself() -> None:
    made = _kind()
    assert ALL_ERRORS["made"] is made


def test_a_code_is_given_once() -> None:
    _kind()
    with pytest.raises(TypeError, match="Made has the code 'made'"):
        _kind(zh="乙")
    with pytest.raises(TypeError, match="NotFound has the code 'not-found'"):
        type("Child", (NotFound,), {})
    assert ALL_ERRORS["not-found"] is NotFound


@pytest.mark.parametrize(
    "parts",
    [{"code": ""}, {"status": 200}, {"status": 600}, {"zh": ""}, {"en": ""}, {"zh": "{0.x}"}, {"en": "{}"}],
)
def test_an_error_without_all_its_parts_does_not_load(parts: dict[str, object]) -> None:
    with pytest.raises(TypeError):
        _kind(**parts)
    assert "made" not in ALL_ERRORS


@pytest.mark.parametrize("again", [copy.copy, copy.deepcopy, lambda error: pickle.loads(pickle.dumps(error))])
def test_an_error_survives_copying(again: object) -> None:
    error = TooManyAttempts(field="password", minutes=9)
    twin = again(error)  # type: ignore[operator]
    assert type(twin) is TooManyAttempts
    assert twin.as_dict("en") == error.as_dict("en")


def test_every_registered_error_has_both_sentences() -> None:
    for kind in errors.ALL_ERRORS.values():
        params = {name: "x" for name in kind._needed}
        error = kind(**params)
        assert any("\u4e00" <= character <= "\u9fff" for character in kind.zh) or kind is InvalidInput
        assert error.sentence("zh") and error.sentence("en")
        assert "{" not in error.sentence("zh") + error.sentence("en")
