"""Endpoints of sign-in, and of who holds which post at a place."""

from http import HTTPStatus
from typing import Any
from uuid import UUID

import msgspec
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.middleware.csrf import CsrfViewMiddleware, get_token
from django.utils.timezone import localdate
from dmr import Body, Path, Query, modify
from dmr.routing import path

from shanzhi.base.access import Actor
from shanzhi.base.access.api import PUBLIC, ApiController, clock_of
from shanzhi.base.access.capabilities import PLACE_VIEW
from shanzhi.city.people import actions, queries
from shanzhi.city.places import queries as places
from shanzhi.city.places.api import PlaceOut, day_asked, place_out
from shanzhi.core.kit.errors import NotFound, SignInRequired


class SignInIn(msgspec.Struct):
    """What is typed at sign-in."""

    username: str
    password: str


class PostOut(msgspec.Struct):
    """A post that is held now."""

    kind: str
    kind_zh: str
    kind_en: str
    place_name: str
    unit_name: str


class MeOut(msgspec.Struct):
    """Who is signed in, in which posts, with which capabilities."""

    name: str
    username: str
    posts: list[PostOut]
    capabilities: list[str]


class PlacePath(msgspec.Struct):
    """Which place."""

    place_id: UUID


class DayQuery(msgspec.Struct):
    """As of which day (default: today)."""

    on: str = ""


class PostsAtPlaceOut(msgspec.Struct):
    """How many hold a kind of post at a place, for which unit."""

    kind: str
    kind_zh: str
    kind_en: str
    unit_name: str
    count: int


class PlaceDetailOut(msgspec.Struct):
    """A place, what lies above it from the top down, and which posts are held there."""

    id: UUID
    level: str
    level_zh: str
    level_en: str
    code: str
    name: str
    has_children: bool
    has_boundary: bool
    approximate: bool
    ancestors: list[PlaceOut]
    posts: list[PostsAtPlaceOut]


def _me(request: HttpRequest, actor: Actor) -> MeOut:
    assert actor.account_id is not None
    return MeOut(
        name=actor.name,
        username=queries.account(actor.account_id).username,
        posts=[
            PostOut(post.kind, post.kind_zh, post.kind_en, post.place_name, post.unit_name)
            for post in queries.posts_held(actor.account_id, localdate(clock_of(request).now()))
        ],
        capabilities=sorted(actor.all_capabilities),
    )


def _with_csrf_cookie(request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
    """Django sets the cookie where `get_token` or a sign-in asked for it."""
    return CsrfViewMiddleware(lambda _: HttpResponse()).process_response(request, response)


class SessionController(ApiController):
    """The session of a desk."""

    gate = PUBLIC
    anonymous_a_minute = 60

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """As everywhere, with the CSRF cookie."""
        return _with_csrf_cookie(request, super().dispatch(request, *args, **kwargs))

    @modify(status_code=HTTPStatus.OK)
    def post(self, parsed_body: Body[SignInIn]) -> MeOut:
        """Sign in."""
        actor = actions.sign_in(
            self.request, parsed_body.username, parsed_body.password, clock_of(self.request).now()
        )
        return _me(self.request, actor)

    @modify(status_code=HTTPStatus.NO_CONTENT)
    def delete(self) -> None:
        """Sign out; a second time does no harm."""
        actions.sign_out(self.request, actor=self.actor, at=clock_of(self.request).now())


class MeController(ApiController):
    """Who is signed in."""

    gate = PUBLIC

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """As everywhere, with the CSRF cookie, signed in or not."""
        get_token(request)
        return _with_csrf_cookie(request, super().dispatch(request, *args, **kwargs))

    def get(self) -> MeOut:
        """Name, posts and capabilities; 401 when nobody is signed in."""
        if self.actor.account_id is None:
            raise SignInRequired
        return _me(self.request, self.actor)


class PlaceController(ApiController):
    """One place. It stands here, for posts are above places."""

    gate = PLACE_VIEW

    def get(self, parsed_path: Path[PlacePath], parsed_query: Query[DayQuery]) -> PlaceDetailOut:
        """The place, what lies above it, and which posts are held there: no names."""
        today = localdate(clock_of(self.request).now())
        on = day_asked(parsed_query.on, today)
        place_id = parsed_path.place_id
        if not places.sees(self.actor, place_id, on, today):
            raise NotFound(field="place_id")
        shown = place_out(places.node(place_id, on))
        return PlaceDetailOut(
            id=shown.id,
            level=shown.level,
            level_zh=shown.level_zh,
            level_en=shown.level_en,
            code=shown.code,
            name=shown.name,
            has_children=shown.has_children,
            has_boundary=shown.has_boundary,
            approximate=shown.approximate,
            ancestors=[place_out(above) for above in places.ancestors(place_id, on)],
            posts=[
                PostsAtPlaceOut(held.kind, held.kind_zh, held.kind_en, held.unit_name, held.count)
                for held in queries.posts_at(place_id, on)
            ],
        )


urlpatterns = [
    path("session", SessionController.as_view(), name="session"),
    path("me", MeController.as_view(), name="me"),
    path("places/<uuid:place_id>", PlaceController.as_view(), name="place"),
]
