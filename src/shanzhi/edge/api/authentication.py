"""Who asks: the session of a desk, the bearer token of a phone, or nobody."""

from collections.abc import Callable
from functools import partial

from django.http import HttpRequest, HttpResponse

from shanzhi.base.access import ANONYMOUS, Actor
from shanzhi.base.access.api import clock_of, error_response
from shanzhi.city.people.queries import actor_for_request
from shanzhi.city.people.sessions import write_cookie
from shanzhi.core.kit.errors import ShanzhiError


def _actor(request: HttpRequest) -> Actor:
    return actor_for_request(request, clock_of(request).now()) or ANONYMOUS


class ActorMiddleware:
    """Tells every request how to find its actor, looked up when an endpoint asks; keeps the session's cookie."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        request.find_actor = partial(_actor, request)  # type: ignore[attr-defined]
        response = self.get_response(request)
        write_cookie(request, response)
        return response

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        """A typed error outside an endpoint is answered like one inside."""
        return error_response(request, exception) if isinstance(exception, ShanzhiError) else None
