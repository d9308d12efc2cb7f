"""Cursors come back as they went in; anything else is refused in one way."""

import re
from base64 import urlsafe_b64encode
from datetime import UTC, datetime, timedelta, timezone
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shanzhi.core.kit.errors import InvalidInput
from shanzhi.core.kit.paging import MAX_LENGTH, decode_cursor, encode_cursor

_PARTS = st.one_of(
    st.none(),
    st.booleans(),
    st.text(max_size=20),
    st.integers(),
    st.floats(allow_nan=False, allow_infinity=False),
    st.uuids(),
    st.datetimes(timezones=st.sampled_from([UTC, timezone(timedelta(hours=8))])),
)


@given(st.lists(_PARTS, max_size=5).map(tuple))
def test_round_trip(parts: tuple[Any, ...]) -> None:
    cursor = encode_cursor(parts)
    assert re.fullmatch(r"[A-Za-z0-9_-]*", cursor)
    back = decode_cursor(cursor)
    assert back == parts
    assert [type(part) for part in back] == [type(part) for part in parts]


def test_instants_come_back_in_utc() -> None:
    eight = timezone(timedelta(hours=8))
    (back,) = decode_cursor(encode_cursor((datetime(2024, 5, 1, 8, 0, 0, 1, tzinfo=eight),)))
    assert back == datetime(2024, 5, 1, 0, 0, 0, 1, tzinfo=UTC)
    assert back.tzinfo is UTC


def test_text_that_looks_like_something_else_stays_text() -> None:
    parts = ("00000000-0000-0000-0000-000000000007", "2024-05-01T08:00:00+00:00", "1", UUID(int=7))
    assert decode_cursor(encode_cursor(parts)) == parts


def _raw(text: str) -> str:
    return urlsafe_b64encode(text.encode()).decode().rstrip("=")


@pytest.mark.parametrize(
    "garbage",
    [
        "",
        "!",
        "游标",
        "abc",
        "a",
        _raw("{}"),
        _raw("1"),
        _raw("[[1]]"),
        _raw("[{}]"),
        _raw('[{"u":"xyz"}]'),
        _raw('[{"u":"' + "g" * 32 + '"}]'),
        _raw('[{"u":7}]'),
        _raw('[{"u":"' + "0" * 32 + '","t":""}]'),
        _raw('[{"t":"yesterday"}]'),
        _raw('[{"t":"2024-05-01T08:00:00"}]'),
        _raw('[{"t":"0001-01-01T00:00:00+08:00"}]'),
        _raw("[NaN]"),
        _raw("[1e999]"),
        _raw("[-Infinity]"),
        _raw("[1]") + "==",
        _raw("[1]") + "\n",
        _raw("[" * 1400),
        "A" * (MAX_LENGTH + 1),
        urlsafe_b64encode(b"[\"\xff\"]").decode().rstrip("="),
    ],
)  # fmt: skip
def test_garbage_is_refused(garbage: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        decode_cursor(garbage)
    assert caught.value.as_dict("en") == {
        "code": "invalid-input",
        "message": "The cursor is not valid: start again from the first page.",
        "message_zh": "游标无效，请从第一页重新开始。",
        "message_en": "The cursor is not valid: start again from the first page.",
        "field": "cursor",
        "params": {
            "reason_zh": "游标无效，请从第一页重新开始。",
            "reason_en": "The cursor is not valid: start again from the first page.",
        },
    }


@given(st.one_of(st.text(max_size=60), st.text(st.characters(codec="utf-8"), max_size=40).map(_raw)))
def test_any_text_gives_a_tuple_or_the_error(text: str) -> None:
    try:
        assert isinstance(decode_cursor(text), tuple)
    except InvalidInput as error:
        assert error.field == "cursor"


@pytest.mark.parametrize("part", [float("nan"), float("inf"), datetime(2024, 5, 1), "x" * MAX_LENGTH])
def test_what_cannot_come_back_is_not_encoded(part: Any) -> None:
    with pytest.raises(ValueError):
        encode_cursor((part,))


def test_other_types_are_not_encoded() -> None:
    with pytest.raises(TypeError):
        encode_cursor((b"x",))  # type: ignore[arg-type]
