"""The five-minute token with which a browser or phone opens its stream, and hands in receipts."""

from uuid import UUID

from django.core import signing

SECONDS = 300
_SALT = "shanzhi.push"


def make(account_id: str) -> str:
    """A token for one account."""
    return signing.dumps(account_id, salt=_SALT, compress=False)


def account_of(token: str) -> UUID | None:
    """Whose token it is; None when it is not ours or no longer fresh."""
    try:
        return UUID(signing.loads(token, salt=_SALT, max_age=SECONDS))
    except (signing.BadSignature, ValueError, AttributeError, TypeError):
        return None
