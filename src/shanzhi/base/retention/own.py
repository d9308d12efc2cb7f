"""What the modules below hold of people (基础模块的留存项): numbers of messages, and photos that nobody submitted."""

from django.conf import settings
from django.db import connection

from shanzhi.base.media import files, uses
from shanzhi.base.messaging import actions as messages
from shanzhi.base.retention import digests
from shanzhi.base.retention.holdings import Destroyed, Holding, Scope, register

_ADDRESSES = "t.address_digest <> '' AND t.created_at < %s"
_REPLIES = "t.text IS NOT NULL AND t.received_at < %s"
_RECEIPTS = "t.settled_at IS NULL AND t.received_at < %s"
_MESSAGES = (
    ("messaging_message", _ADDRESSES, "address"),
    ("messaging_reply", _REPLIES, "text"),
    ("messaging_receipt", _RECEIPTS, "provider_id"),
)
PHOTO_DAYS = 30


def _count_messages(scope: Scope) -> int:
    return sum(digests.count(table, where, [scope.before]) for table, where, _ in _MESSAGES)


def _destroy_messages(scope: Scope) -> Destroyed:
    if scope.before is None:
        return digests.of_lines([])
    gone = digests.together(
        [digests.digest(table, where, [scope.before], columns=[column]) for table, where, column in _MESSAGES]
    )
    messages.erase(scope.before)  # also cancels what still waits to be sent to them
    return gone


def _unused() -> str:
    return f"t.received_at < %s AND {uses.unused_sql()}"


def _count_photos(scope: Scope) -> int:
    return digests.count("media_mediafile", _unused(), [scope.before])


def _destroy_photos(scope: Scope) -> Destroyed:
    """Files first: killed between the two, the next run finds the rows again, and no file stays without a row."""
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT t.sha256 FROM media_mediafile t WHERE {_unused()} FOR UPDATE SKIP LOCKED", [scope.before]
        )
        hashes = [name for (name,) in cursor.fetchall()]
    for name in hashes:
        for variant in ("original", *files.VARIANTS):
            files.path_of(name, variant).unlink(missing_ok=True)
    return digests.delete(
        "media_mediafile", "t.sha256 = ANY(%s)", [hashes], columns=["size", "received_at"], keys=["sha256"]
    )


def register_all() -> None:
    """Register them, once."""
    register(
        Holding(
            "messages", "消息的接收号码和回复", "Addresses of messages, and replies",
            "把通知送到本人，知道是否收到", "To reach a person, and know that it arrived",
            "personal", settings.SHANZHI_MESSAGE_DAYS, False, _count_messages, _destroy_messages,
        )
    )  # fmt: skip
    register(
        Holding(
            "photos-unused", "传上来却没有提交的照片", "Photos sent and never submitted",
            "网络不好时分段上传", "To be sent in pieces over a bad line",
            "personal", PHOTO_DAYS, False, _count_photos, _destroy_photos,
        )
    )  # fmt: skip
