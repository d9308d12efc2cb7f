"""The five-minute token with which a browser opens its stream."""

from django.core import signing

SECONDS = 300
_SALT = "shanzhi.push"


def make(account_id: str) -> str:
    """A token for one account."""
    return signing.dumps(account_id, salt=_SALT, compress=False)


def holds(token: str) -> bool:
    """Whether the token is ours and fresh."""
    try:
        signing.loads(token, salt=_SALT, max_age=SECONDS)
    except signing.BadSignature:
        return False
    return True
