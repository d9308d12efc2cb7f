"""The end of personal data in messages."""

from datetime import datetime

from django.db import connection, transaction

_LOCK = """
SELECT count(*) FROM (
  SELECT 1 FROM messaging_message WHERE created_at < %s AND next_at IS NOT NULL ORDER BY area, id FOR UPDATE
) locked
"""
_TOO_OLD = """
UPDATE messaging_message SET state = 'cancelled', next_at = NULL, reason = 'too-old'
WHERE created_at < %s AND next_at IS NOT NULL
"""
_ADDRESSES = """
UPDATE messaging_message SET address = NULL, address_digest = ''
WHERE address_digest <> '' AND created_at < %s
"""
_REPLIES = "UPDATE messaging_reply SET text = NULL WHERE received_at < %s AND text IS NOT NULL"
_RECEIPTS = "DELETE FROM messaging_receipt WHERE settled_at IS NULL AND received_at < %s"


def erase(before: datetime) -> int:
    """Erase addresses of messages made before `before`, texts of replies and receipts of nobody's messages that came
    before it (清除号码); how many rows. What still waited to be sent by then is cancelled with `too-old`."""
    erased = 0
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(_LOCK, [before])
        cursor.execute(_TOO_OLD, [before])
        for sql in (_ADDRESSES, _REPLIES, _RECEIPTS):
            cursor.execute(sql, [before])
            erased += int(cursor.rowcount)
    return erased
