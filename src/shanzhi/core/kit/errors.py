"""Errors that a caller is meant to see: code, HTTP status, a sentence in Chinese and in English, a field."""

from collections.abc import Callable, Mapping
from datetime import date
from string import Formatter
from typing import Any, ClassVar
from uuid import UUID

ALL_ERRORS: dict[str, type["ShanzhiError"]] = {}


def _names(template: str) -> frozenset[str]:
    found = frozenset(name for _, name, _, _ in Formatter().parse(template) if name is not None)
    for name in found:
        if not name.isidentifier():
            raise TypeError(f"a template may name parameters only, not {name!r}")
    return found


def _jsonable(value: Any) -> Any:
    if value is None or isinstance(value, str | int | float):
        return value
    if isinstance(value, UUID):
        return str(value)
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Mapping):
        return {str(key): _jsonable(item) for key, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_jsonable(item) for item in value]
    raise TypeError(f"a parameter of an error must be plain data, not {type(value).__name__}")


def _rebuild(kind: type["ShanzhiError"], field: str, params: dict[str, Any]) -> "ShanzhiError":
    return kind(field=field, **params)


class ShanzhiError(Exception):
    """Base of every typed error (业务错误).

    A subclass sets `code` (unique, lower case with hyphens), `status` (HTTP) and the templates `zh` and
    `en`, which name parameters as `{name}`; `defaults` holds values of parameters that may be left out.
    Each subclass registers itself in `ALL_ERRORS`; TypeError when its code is taken or a part is missing.
    """

    code: ClassVar[str] = ""
    status: ClassVar[int] = 0
    zh: ClassVar[str] = ""
    en: ClassVar[str] = ""
    defaults: ClassVar[Mapping[str, Any]] = {}
    _needed: ClassVar[frozenset[str]] = frozenset()

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        if not (cls.code and cls.zh and cls.en and 400 <= cls.status <= 599):
            raise TypeError(f"{cls.__qualname__} needs a code, a status of 400 to 599, and zh and en")
        if cls.code in ALL_ERRORS:
            raise TypeError(
                f"{cls.__qualname__}: {ALL_ERRORS[cls.code].__qualname__} has the code {cls.code!r}"
            )
        cls._needed = _names(cls.zh) | _names(cls.en)
        ALL_ERRORS[cls.code] = cls

    def __init__(self, *, field: str = "", **params: Any) -> None:
        """`field` is the input at fault, if one is; `params` fill the templates and reach the caller.

        Instants, dates and UUIDs become text. Raises TypeError when a parameter that a template names is
        missing, or is no plain data.
        """
        if type(self) is ShanzhiError:
            raise TypeError("raise a subclass of ShanzhiError")
        given = {**self.defaults, **params}
        missing = self._needed - given.keys()
        if missing:
            raise TypeError(f"{type(self).__qualname__} lacks {', '.join(sorted(missing))}")
        self.field = field
        self.params: dict[str, Any] = {name: _jsonable(value) for name, value in given.items()}
        super().__init__(self.sentence("en"))

    def __reduce__(self) -> tuple[Callable[..., Any], tuple[Any, ...]]:
        return _rebuild, (type(self), self.field, self.params)

    def sentence(self, lang: str) -> str:
        """The sentence for a human, in `zh` or `en`. ValueError for any other language."""
        if lang not in ("zh", "en"):
            raise ValueError(f"no sentence in {lang!r}")
        return (self.zh if lang == "zh" else self.en).format_map(self.params)

    def as_dict(self, lang: str) -> dict[str, Any]:
        """What the interface answers: code, message in `lang` and in both languages, field, params."""
        return {
            "code": self.code,
            "message": self.sentence(lang),
            "message_zh": self.sentence("zh"),
            "message_en": self.sentence("en"),
            "field": self.field,
            "params": dict(self.params),
        }


class NotFound(ShanzhiError):
    """There is no such thing, or not in the caller's sight: the two must look alike."""

    code = "not-found"
    status = 404
    zh = "未找到该内容，或您无权查看。"
    en = "There is no such thing, or you may not see it."


class Refused(ShanzhiError):
    """The caller is known and may not do this (无权限)."""

    code = "refused"
    status = 403
    zh = "您的岗位没有“{what_zh}”的权限。"
    en = "None of your posts lets you {what_en}."
    defaults = {"what_zh": "此项操作", "what_en": "do this"}


class Conflict(ShanzhiError):
    """The thing has changed meanwhile, or already exists."""

    code = "conflict"
    status = 409
    zh = "内容已被他人更改或已存在，请刷新后重试。"
    en = "It was changed by somebody else or exists already: reload and try again."


class InvalidInput(ShanzhiError):
    """What was given does not fit; `field` names it and the two reasons say why."""

    code = "invalid-input"
    status = 422
    zh = "{reason_zh}"
    en = "{reason_en}"


class SignInRequired(ShanzhiError):
    """Nobody is signed in, or the session has ended."""

    code = "sign-in-required"
    status = 401
    zh = "请先登录。"
    en = "Sign in first."


class TooManyAttempts(ShanzhiError):
    """Too much in too short a time; `minutes` is how long to wait."""

    code = "too-many-attempts"
    status = 429
    zh = "尝试次数过多，请 {minutes} 分钟后再试。"
    en = "Too many attempts: try again in {minutes} minutes."
    defaults = {"minutes": 15}
