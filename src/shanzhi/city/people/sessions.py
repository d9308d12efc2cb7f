"""The session of a desk (会话): whose it is, and when it ends."""

import hashlib
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.conf import settings
from django.http import HttpRequest
from django.middleware.csrf import rotate_token
from django.utils.crypto import constant_time_compare, salted_hmac

ACCOUNT = "account_id"
_FINGERPRINT = "fingerprint"
_SEEN_AT = "seen_at"
_SLIDE_SECONDS = 60
# Sent by a page that refreshes itself: somebody who is away stays away.
BACKGROUND_HEADER = "X-Background"


def fingerprint(password_hash: str) -> str:
    """Changes with the password, so that a new password ends every session made with the old one."""
    return salted_hmac("shanzhi.people.session", password_hash, algorithm="sha256").hexdigest()


def begin(request: HttpRequest, account_id: UUID, password_hash: str, at: datetime) -> None:
    """Make the session that of the account, under a new key; nothing of an earlier one stays."""
    session: Any = request.session
    if session.get(ACCOUNT):
        session.flush()
    else:
        session.cycle_key()
    session[ACCOUNT] = str(account_id)
    session[_FINGERPRINT] = fingerprint(password_hash)
    session[_SEEN_AT] = int(at.timestamp())
    rotate_token(request)


def account_in(request: HttpRequest, at: datetime) -> UUID | None:
    """Whose session it is. An idle one ends here; one in use slides on, at most once a minute."""
    session: Any = getattr(request, "session", None)
    account_id = session.get(ACCOUNT) if session is not None else None
    if account_id is None:
        return None
    idle = int(at.timestamp()) - int(session.get(_SEEN_AT, 0))
    if idle > timedelta(minutes=settings.SHANZHI_IDLE_MINUTES).total_seconds():
        session.flush()
        return None
    if idle >= _SLIDE_SECONDS and not request.headers.get(BACKGROUND_HEADER):
        session[_SEEN_AT] = int(at.timestamp())
    return UUID(account_id)


def matches(request: HttpRequest, password_hash: str) -> bool:
    """Whether the session was made with the password that the account has now."""
    return constant_time_compare(request.session.get(_FINGERPRINT, ""), fingerprint(password_hash))


def end(request: HttpRequest) -> None:
    """End the session here and in the store."""
    request.session.flush()


def token_hash(token: str) -> bytes:
    """What is kept of a bearer token. The token itself has 256 random bits, so that one hash is enough."""
    return hashlib.sha256(token.encode("utf-8", "replace")).digest()
