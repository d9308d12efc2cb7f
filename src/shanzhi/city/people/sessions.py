"""The session of a desk (会话): whose it is, and when it ends."""

import hashlib
import secrets
from datetime import datetime, timedelta
from uuid import UUID

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.middleware.csrf import rotate_token
from django.utils.crypto import constant_time_compare, salted_hmac

from shanzhi.city.people.models import DeskSession

LONGEST = timedelta(hours=12)
_SLIDE = timedelta(minutes=1)
# Sent by a page that refreshes itself: somebody who is away stays away.
BACKGROUND_HEADER = "X-Background"


def fingerprint(password_hash: str) -> str:
    """Changes with the password, so that a new password ends every session made with the old one."""
    return salted_hmac("shanzhi.people.session", password_hash, algorithm="sha256").hexdigest()


def token_hash(token: str) -> bytes:
    """What is kept of a cookie or bearer token. It has 256 random bits, so that one hash is enough."""
    return hashlib.sha256(token.encode("utf-8", "replace")).digest()


def idle() -> timedelta:
    """How long a desk may be silent."""
    return timedelta(minutes=settings.SHANZHI_IDLE_MINUTES)


def token_in(request: HttpRequest) -> str:
    """The cookie, "" where there is none."""
    return request.COOKIES.get(settings.SESSION_COOKIE_NAME, "")


def begin(request: HttpRequest, account_id: UUID, password_hash: str, at: datetime) -> None:
    """Make a session under a new key; an earlier one of the same browser ends."""
    end(request)
    token = secrets.token_urlsafe(32)
    DeskSession.objects.create(
        hash=token_hash(token), account_id=account_id, fingerprint=fingerprint(password_hash), begun_at=at,
        seen_at=at,
    )  # fmt: skip
    request.desk_cookie = token  # type: ignore[attr-defined]
    rotate_token(request)


def holds(
    request: HttpRequest, known: tuple[UUID, str, datetime, datetime], password_hash: str, at: datetime
) -> bool:
    """Whether the session, (id, fingerprint, begun_at, seen_at), still holds; if not, it ends here.

    It ends after half an hour of silence, after twelve hours, and with a new password. One in use slides on,
    written at most once a minute.
    """
    session_id, made_with, begun_at, seen_at = known
    if (
        at - seen_at > idle()
        or at - begun_at > LONGEST
        or not constant_time_compare(made_with, fingerprint(password_hash))
    ):
        end(request)
        return False
    if at - seen_at >= _SLIDE and not request.headers.get(BACKGROUND_HEADER):
        DeskSession.objects.filter(id=session_id).update(seen_at=at)
    return True


def end(request: HttpRequest) -> None:
    """End the session in the store, and let the browser forget it."""
    if token := token_in(request):
        DeskSession.objects.filter(hash=token_hash(token)).delete()
        request.desk_cookie = ""  # type: ignore[attr-defined]


def write_cookie(request: HttpRequest, response: HttpResponse) -> None:
    """Put what `begin` or `end` decided into the answer."""
    token = getattr(request, "desk_cookie", None)
    if token:
        response.set_cookie(
            settings.SESSION_COOKIE_NAME, token, httponly=True, secure=settings.SESSION_COOKIE_SECURE,
            samesite=settings.SESSION_COOKIE_SAMESITE,
        )  # fmt: skip
    elif token == "":
        response.delete_cookie(settings.SESSION_COOKIE_NAME, samesite=settings.SESSION_COOKIE_SAMESITE)
