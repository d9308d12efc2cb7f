"""Signing in and out (登录): one way for every desk, the same for a known and an unknown name."""

import hashlib
import hmac
import math
from datetime import datetime, timedelta
from uuid import UUID

from django.conf import settings
from django.contrib.auth.hashers import check_password, make_password
from django.db import connection, transaction
from django.http import HttpRequest
from django.utils.timezone import localdate

from shanzhi.base.access import ANONYMOUS, Actor
from shanzhi.base.audit import actions as audit
from shanzhi.city.people import queries, sessions
from shanzhi.city.people.errors import AccountLocked, SignInFailed
from shanzhi.city.people.models import Account, SignInGuard
from shanzhi.city.people.passwords import LONGEST
from shanzhi.core.kit.errors import ShanzhiError

MOST_FAILURES = 5
LOCKED_FOR = timedelta(minutes=15)


def _key(username: str) -> str:
    message = b"shanzhi.people.guard:" + username.encode("utf-8", "replace")
    return hmac.new(settings.SECRET_KEY.encode(), message, hashlib.sha256).hexdigest()


def sign_in(request: HttpRequest, username: str, password: str, at: datetime) -> Actor:
    """Sign a desk in and begin its session. Raises SignInFailed, AccountLocked.

    The fifth wrong password in a row locks the name for 15 minutes; a failure that is 15 minutes old
    counts no more.
    """
    # No account has so long a name or password: the rest cannot make a wrong one right.
    username, password = username.strip().lower()[:150], password[: LONGEST + 1]
    account, error = _try(username, password, at)
    if error is not None:
        raise error
    assert account is not None
    sessions.begin(request, account.id, account.password, at)
    actor = queries.actor_for_account(account.id, "desk", localdate(at))
    if actor is None:
        raise SignInFailed(field="password")
    audit.record(actor=actor, event="people.signed-in", subject=str(account.id), detail={}, at=at)
    return actor


def sign_out(request: HttpRequest, *, actor: Actor, at: datetime) -> None:
    """End the session (退出)."""
    if actor.account_id is not None:
        audit.record(actor=actor, event="people.signed-out", subject=str(actor.account_id), detail={}, at=at)
    sessions.end(request)


def _guard(key: str, at: datetime) -> SignInGuard:
    """The row of a name, made if need be, and locked either way."""
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO people_signinguard (key, failed_attempts, last_failed_at) VALUES (%s, 0, %s) "
            "ON CONFLICT (key) DO UPDATE SET key = excluded.key "
            "RETURNING failed_attempts, last_failed_at, locked_until",
            [key, at],
        )
        failed_attempts, last_failed_at, locked_until = cursor.fetchone()
    guard = SignInGuard(key, failed_attempts, last_failed_at, locked_until)
    guard._state.adding = False
    return guard


def _try(username: str, password: str, at: datetime) -> tuple[Account | None, ShanzhiError | None]:
    """Check under the lock of the name, so that guesses sent at once are counted one by one."""
    key = _key(username)
    with transaction.atomic():
        guard = _guard(key, at)
        if guard.locked_until is not None and at < guard.locked_until:
            return None, _locked(guard.locked_until, at)
        if at - guard.last_failed_at >= LOCKED_FOR:
            guard.failed_attempts = 0
        account = Account.objects.filter(username=username, is_active=True).first()
        if account is None:
            make_password(password)  # as long as a check takes
        elif check_password(password, account.password):
            guard.failed_attempts, guard.locked_until = 0, None
            guard.save()
            return account, None
        return None, _failed(guard, None if account is None else account.id, at)


def _failed(guard: SignInGuard, account_id: UUID | None, at: datetime) -> ShanzhiError:
    guard.failed_attempts += 1
    guard.last_failed_at = at
    guard.locked_until = at + LOCKED_FOR if guard.failed_attempts >= MOST_FAILURES else None
    guard.save()
    stale = SignInGuard.objects.filter(last_failed_at__lt=at - LOCKED_FOR).exclude(key=guard.key)
    keys = list(stale.select_for_update(skip_locked=True).values_list("key", flat=True)[:100])
    SignInGuard.objects.filter(key__in=keys).delete()
    locked = guard.locked_until is not None
    audit.record(
        actor=ANONYMOUS,
        event="people.sign-in-locked" if locked else "people.sign-in-failed",
        subject="" if account_id is None else str(account_id),
        detail={"failed_attempts": guard.failed_attempts},
        at=at,
    )
    return _locked(guard.locked_until, at) if guard.locked_until else SignInFailed(field="password")


def _locked(until: datetime, at: datetime) -> AccountLocked:
    return AccountLocked(field="password", minutes=math.ceil((until - at).total_seconds() / 60))
