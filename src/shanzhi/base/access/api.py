"""The base of every endpoint: a gate before it, typed errors after it."""

from collections.abc import Mapping
from functools import cached_property
from http import HTTPStatus
from typing import Any, ClassVar

import msgspec
from django.conf import settings
from django.db import DataError
from django.http import HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.middleware.csrf import CsrfViewMiddleware
from dmr import Controller
from dmr.endpoint import Endpoint
from dmr.errors import ErrorType
from dmr.exceptions import ValidationError
from dmr.plugins.msgspec import MsgspecSerializer

from shanzhi.base.access.actor import Actor
from shanzhi.base.access.capabilities import LABELS
from shanzhi.base.access.errors import BadRequest, CsrfFailed, MethodNotAllowed
from shanzhi.base.access.rates import RATES
from shanzhi.core.kit.clock import Clock
from shanzhi.core.kit.errors import InvalidInput, ShanzhiError, SignInRequired

PUBLIC = "public"
SIGNED_IN = "signed-in"
_SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})


class ErrorOut(msgspec.Struct):
    """An error: a stable code, a sentence in both languages, the field at fault."""

    code: str
    message: str
    message_zh: str
    message_en: str
    field: str
    params: dict[str, Any]


class ErrorBody(msgspec.Struct):
    """What every refused request returns."""

    error: ErrorOut


def clock_of(request: HttpRequest) -> Clock:
    """The clock that business time comes from."""
    return settings.SHANZHI_CLOCK


def language_of(request: HttpRequest) -> str:
    """`en` when the caller asks for English first, else `zh`."""
    wanted = request.headers.get("Accept-Language", "").lstrip().lower()
    return "en" if wanted.startswith("en") else "zh"


def error_response(request: HttpRequest, error: ShanzhiError) -> HttpResponse:
    """The error as designed, for places that have no endpoint."""
    return JsonResponse({"error": error.as_dict(language_of(request))}, status=error.status)


class _Csrf(CsrfViewMiddleware):
    """Django's check, telling its finding instead of answering."""

    def _reject(self, request: HttpRequest, reason: str) -> Any:
        return reason


def _check_csrf(request: HttpRequest) -> None:
    check = _Csrf(lambda _: HttpResponse())
    check.process_request(request)
    if check.process_view(request, None, (), {}) is not None:  # type: ignore[arg-type]
        raise CsrfFailed


class ApiController(Controller[MsgspecSerializer]):
    """An endpoint with a gate: a capability, "signed-in" or "public". A class without one does not load."""

    gate: ClassVar[str]
    anonymous_a_minute: ClassVar[int] = 0  # how often an address without an account may write; 0: no limit
    is_abstract: ClassVar[bool] = True
    validate_responses: ClassVar[bool] = False
    error_model: ClassVar[Any] = ErrorBody
    semantic_auth: ClassVar[bool] = False

    def __init_subclass__(cls) -> None:
        gate = getattr(cls, "gate", None)
        if gate is None or (gate not in LABELS and gate not in {PUBLIC, SIGNED_IN}):
            raise TypeError(f"{cls.__qualname__} needs a gate: a capability, {SIGNED_IN!r} or {PUBLIC!r}")
        super().__init_subclass__()

    @cached_property
    def actor(self) -> Actor:
        """Who asks."""
        found: Actor = self.request.find_actor()  # type: ignore[attr-defined]
        return found

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """Pass the gate, then the endpoint."""
        try:
            self._pass_gate(request)
        except ShanzhiError as error:
            return error_response(request, error)
        return super().dispatch(request, *args, **kwargs)

    def _pass_gate(self, request: HttpRequest) -> None:
        if request.method not in _SAFE_METHODS and self.actor.channel == "desk":
            _check_csrf(request)
        if self.gate == PUBLIC:
            self._keep_rate(request)
            return
        if self.actor.account_id is None and not self.actor.capabilities:
            raise SignInRequired
        if self.gate != SIGNED_IN:
            self.actor.require(self.gate)

    def _keep_rate(self, request: HttpRequest) -> None:
        limited = self.anonymous_a_minute and request.method not in _SAFE_METHODS
        if limited and settings.SHANZHI_ANONYMOUS_RATES and self.actor.account_id is None:
            address = request.META.get("REMOTE_ADDR", "")
            RATES.check(type(self).__name__, address, self.anonymous_a_minute)

    def handle_error(self, endpoint: Endpoint, controller: Any, exc: Exception) -> HttpResponse:
        """Typed errors become their own answer; text that no column can hold is bad input."""
        if isinstance(exc, ValidationError):
            exc = _typed(exc)
        elif isinstance(exc, DataError | ValueError) and "NUL" in str(exc):
            exc = InvalidInput(reason_zh="内容含有非法字符。", reason_en="It holds a character not allowed.")
        if isinstance(exc, ShanzhiError):
            return self.to_error(
                {"error": exc.as_dict(language_of(self.request))}, status_code=HTTPStatus(exc.status)
            )
        raise exc

    def handle_method_not_allowed(self, method: str) -> HttpResponse:
        """405 in the shape of every other error."""
        return error_response(self.request, MethodNotAllowed(method=method))

    def format_error(
        self,
        error: str | Exception,
        *,
        loc: str | list[str | int] | None = None,
        error_type: str | ErrorType | None = None,
    ) -> Any:
        """The library's own errors in our shape, with the field at fault."""
        return {"error": _typed(error).as_dict(language_of(self.request))}


def _typed(error: str | Exception) -> ShanzhiError:
    if isinstance(error, ShanzhiError):
        return error
    if isinstance(error, ValidationError):
        detail: Mapping[str, Any] = error.payload[0]
        said = str(detail.get("msg", ""))
        message, _, path = said.partition(" - at `")
        # The path begins with where in the request it was found: parsed_body, parsed_query …
        field = path.rstrip("`").removeprefix("$.").partition(".")[2]
        return InvalidInput(
            field=field,
            reason_zh=f"“{field or '请求'}”的内容不合要求。",
            reason_en=message or "The value is not valid.",
        )
    return BadRequest(reason_en=str(error))
