"""Digests of what is destroyed, against the same worked out row by row."""

from __future__ import annotations

import hashlib
import hmac
from datetime import timedelta
from typing import Any

import pytest
from django.conf import settings
from django.db import connection
from django.db.utils import DatabaseError

from shanzhi.base.media.models import MediaFile
from shanzhi.base.retention import digests
from shanzhi.core.kit.clock import FixedClock

pytestmark = [pytest.mark.django_db, pytest.mark.once]


def _photos(clock: FixedClock, count: int) -> list[str]:
    names = sorted(hashlib.sha256(str(number).encode()).hexdigest() for number in range(count))
    for name in reversed(names):
        MediaFile.objects.create(
            sha256=name,
            size=1,
            width=1,
            height=1,
            type="jpeg",
            received_at=clock.now() - timedelta(days=1),
        )
    return names


def _expected(rows: list[str]) -> str:
    """The method once more, in Python, over the text of each row."""
    inner = hashlib.sha256(b"".join(hashlib.sha256(text.encode()).digest() for text in rows)).digest()
    key = hashlib.blake2b(
        settings.SHANZHI_SEAL_KEY.encode(), digest_size=32, person=b"shanzhi-destroy"
    ).digest()
    return hmac.new(key, inner, hashlib.sha256).hexdigest()


def _texts() -> list[str]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT jsonb_build_object('sha256', t.sha256, 'width', t.width)::text "
            "FROM media_mediafile t ORDER BY sha256"
        )
        return [text for (text,) in cursor.fetchall()]


def test_delete_hashes_rows_in_the_order_of_their_keys(clock: FixedClock) -> None:
    _photos(clock, 5)
    texts = _texts()
    read = digests.digest("media_mediafile", "TRUE", columns=["width"], keys=["sha256"])
    gone = digests.delete("media_mediafile", "t.width = %s", [1], columns=["width"], keys=["sha256"])
    assert gone == read
    assert gone.rows == 5
    assert gone.digest == _expected(texts)
    assert not MediaFile.objects.exists()


def test_blank_hashes_what_was_there_before(clock: FixedClock) -> None:
    _photos(clock, 3)
    texts = _texts()
    done = digests.blank("media_mediafile", "t.width > 0", to={"width": "0"}, keys=["sha256"])
    assert (done.rows, done.digest) == (3, _expected(texts))
    assert set(MediaFile.objects.values_list("width", flat=True)) == {0}
    again = digests.blank("media_mediafile", "t.width > 0", to={"width": "0"}, keys=["sha256"])
    assert (again.rows, again.digest) == (0, _expected([]))


def test_one_changed_value_changes_the_digest(clock: FixedClock) -> None:
    names = _photos(clock, 2)
    before = digests.digest("media_mediafile", "TRUE", columns=["width"], keys=["sha256"])
    MediaFile.objects.filter(sha256=names[0]).update(width=2)
    after = digests.digest("media_mediafile", "TRUE", columns=["width"], keys=["sha256"])
    assert before.rows == after.rows
    assert before.digest != after.digest


def test_what_is_append_only_is_not_destroyed(clock: FixedClock) -> None:
    from shanzhi.base.access import SYSTEM
    from shanzhi.base.audit import actions as audit

    audit.record(actor=SYSTEM, event="test", at=clock.now())
    with pytest.raises(DatabaseError, match="append-only"):
        digests.delete("audit_auditentry", "TRUE", columns=["event"])


@pytest.mark.parametrize("name", ["a;b", "用户", "a b", ""])
def test_names_are_names(name: str, db: Any) -> None:
    with pytest.raises(ValueError, match="not a name"):
        digests.count(name, "TRUE")


def test_together_depends_on_each_part() -> None:
    one, two, three = (digests.of_lines([text]) for text in "abc")
    assert digests.together([one]) == one
    assert digests.together([one, two]).rows == 2
    assert len({digests.together(pair).digest for pair in ([one, two], [two, one], [one, three])}) == 3
