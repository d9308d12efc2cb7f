"""What people's module holds (人员的留存项): desks that were signed in, and addresses of those who left."""

from django.utils.timezone import localdate

from shanzhi.base.retention import digests
from shanzhi.base.retention.holdings import Destroyed, Holding, Scope, register

_SESSIONS = "(t.seen_at < %s OR t.begun_at < %s)"
# Whoever holds a post, now or on a day to come, may be rung up; and whoever never held one is new.
_CONTACTS = (
    "EXISTS (SELECT 1 FROM people_post p WHERE p.account_id = t.account_id) AND NOT EXISTS "
    "(SELECT 1 FROM people_post p WHERE p.account_id = t.account_id AND (p.to_on IS NULL OR p.to_on > %s))"
)
SESSION_DAYS, CONTACT_DAYS = 1, 30


def _sessions(scope: Scope) -> list[object]:
    return [scope.before, scope.before]


def _count_sessions(scope: Scope) -> int:
    return digests.count("people_desksession", _SESSIONS, _sessions(scope))


def _destroy_sessions(scope: Scope) -> Destroyed:
    return digests.delete(
        "people_desksession", _SESSIONS, _sessions(scope), columns=["account_id", "begun_at"], keys=["id"]
    )


def _day(scope: Scope) -> list[object]:
    return [localdate(scope.before)]


def _count_contacts(scope: Scope) -> int:
    return digests.count("people_contact", _CONTACTS, _day(scope))


def _destroy_contacts(scope: Scope) -> Destroyed:
    return digests.delete(
        "people_contact", _CONTACTS, _day(scope), columns=["account_id", "kind", "address"], keys=["id"]
    )


def register_all() -> None:
    """Register them, once."""
    register(
        Holding(
            "sessions", "登录状态（会话）", "Desks signed in",
            "保持登录", "To stay signed in",
            "personal", SESSION_DAYS, False, _count_sessions, _destroy_sessions,
        )
    )  # fmt: skip
    register(
        Holding(
            "contacts", "离岗人员的联系方式", "Addresses of people who left their posts",
            "应用内没有回复时送达指令；离岗后不再需要",
            "Orders reach whoever has a duty; whoever left has none",
            "personal", CONTACT_DAYS, False, _count_contacts, _destroy_contacts,
        )
    )  # fmt: skip
