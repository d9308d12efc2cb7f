"""What sweeps hold of people, and how it goes (留存与销毁): answers are blanked, visits stay as counts by day.

An activation's end destroys the submissions, which hold all answers, and the notes of follow-ups. Visit times become
days after seven of them, and times of submissions with them, in everyday use too: nobody's path through a house can
be rebuilt.
"""

import hashlib
from datetime import datetime, timedelta

from django.db import connection, transaction

from shanzhi.base.retention import holdings
from shanzhi.base.retention.holdings import Destroyed, Holding, Scope

TIMES_DAYS = 7
ANSWER_DAYS = 180
_AT_ONCE = 20_000
_ZONE = "Asia/Shanghai"

_OF_SWEEPS = "sweep_id IN (SELECT id FROM sweeps_sweep WHERE activation_id = %s)"


def _where(scope: Scope, column: str) -> tuple[str, list[object]]:
    if scope.activation_id is not None:
        return _OF_SWEEPS, [scope.activation_id]
    return f"{column} < %s", [scope.before]


def _count(table: str, held: str, column: str, scope: Scope) -> int:
    where, given = _where(scope, column)
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT count(*) FROM {table} WHERE {held} AND {where}", given)
        row = cursor.fetchone()
    return int(row[0]) if row else 0


def _digest(sql: str, given: list[object]) -> tuple[int, str]:
    """How many rows and the SHA-256 over their ordered keys and contents, read in portions."""
    digest, rows = hashlib.sha256(), 0
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(f"DECLARE sweeps_erasing CURSOR FOR {sql}", given)
        while True:
            cursor.execute(f"FETCH {_AT_ONCE} FROM sweeps_erasing")
            found = cursor.fetchall()
            if not found:
                break
            rows += len(found)
            for key, content in found:
                digest.update(key.encode())
                digest.update(bytes(content) if content is not None else b"")
        cursor.execute("CLOSE sweeps_erasing")
    return rows, digest.hexdigest()


def count_answers(scope: Scope) -> int:
    """Submissions that still hold answers."""
    return _count("sweeps_submission", "raw IS NOT NULL", "received_at", scope)


def destroy_answers(scope: Scope) -> Destroyed:
    """Blank what people answered (销毁填写内容); the visits stay. A sweep whose activation ended takes in no more."""
    where, given = _where(scope, "received_at")
    with transaction.atomic(), connection.cursor() as cursor:
        if scope.activation_id is not None:
            # First: the hot door looks at this in the transaction that writes.
            cursor.execute(
                "UPDATE sweeps_sweep SET answers_erased_at = coalesce(answers_erased_at, ended_at, issued_at) "
                "WHERE activation_id = %s AND issued_at IS NOT NULL",
                [scope.activation_id],
            )
        rows, digest = _digest(
            f"SELECT area || id::text, raw FROM sweeps_submission WHERE raw IS NOT NULL AND {where} "
            "ORDER BY area, id",
            given,
        )
        cursor.execute(f"UPDATE sweeps_submission SET raw = NULL WHERE raw IS NOT NULL AND {where}", given)
    return Destroyed(rows, digest)


def count_notes(scope: Scope) -> int:
    """Follow-ups that still hold a note."""
    return _count("sweeps_followup", "note IS NOT NULL", "made_at", scope)


def destroy_notes(scope: Scope) -> Destroyed:
    """Blank the notes of follow-ups (销毁备注)."""
    where, given = _where(scope, "made_at")
    with transaction.atomic(), connection.cursor() as cursor:
        rows, digest = _digest(
            f"SELECT area || id::text, note FROM sweeps_followup WHERE note IS NOT NULL AND {where} "
            "ORDER BY area, id",
            given,
        )
        cursor.execute(f"UPDATE sweeps_followup SET note = NULL WHERE note IS NOT NULL AND {where}", given)
    return Destroyed(rows, digest)


def count_priority(scope: Scope) -> int:
    """Priority doors that were struck off or ran out; none belongs to an activation."""
    if scope.before is None:
        return 0
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM sweeps_prioritydoor WHERE coalesce(ended_at, until_on) < %s", [scope.before]
        )
        row = cursor.fetchone()
    return int(row[0]) if row else 0


def destroy_priority(scope: Scope) -> Destroyed:
    """Remove priority doors that were struck off or ran out (销毁已撤销的重点走访户)."""
    if scope.before is None:
        return Destroyed(0, hashlib.sha256().hexdigest())
    with transaction.atomic(), connection.cursor() as cursor:
        where = "coalesce(ended_at, until_on) < %s"
        rows, digest = _digest(
            f"SELECT area || id::text, convert_to(floor_id::text || door || reason, 'UTF8') FROM sweeps_prioritydoor "
            f"WHERE {where} ORDER BY area, id",
            [scope.before],
        )
        cursor.execute(f"DELETE FROM sweeps_prioritydoor WHERE {where}", [scope.before])
    return Destroyed(rows, digest)


def count_courses(scope: Scope) -> int:
    """Doors whose days were moved by a rule that still says by which answer."""
    return _count("sweeps_doorcourse", "rule !~ '^-'", "at", scope)


def destroy_courses(scope: Scope) -> Destroyed:
    """Blank by which answer days were moved (销毁计天原因); the days stay. Numbers tell rules of a visit apart."""
    where, given = _where(scope, "at")
    with transaction.atomic(), connection.cursor() as cursor:
        rows, digest = _digest(
            "SELECT area || id::text, convert_to(rule, 'UTF8') FROM sweeps_doorcourse "
            f"WHERE rule !~ '^-' AND {where} ORDER BY area, id",
            given,
        )
        cursor.execute(
            "UPDATE sweeps_doorcourse c SET rule = '-' || n.nth FROM (SELECT area, id, row_number() OVER "
            f"(PARTITION BY area, visit_id ORDER BY id) AS nth FROM sweeps_doorcourse WHERE rule !~ '^-' "
            f"AND {where}) n WHERE c.area = n.area AND c.id = n.id",
            given,
        )
    return Destroyed(rows, digest)


# A list belongs to its sweep: one that is over, or a draft that was left lying.
_OVER = """sweep_id IN (SELECT s.id FROM sweeps_sweep s WHERE {which})"""
_LEFT = "coalesce(s.ended_at, CASE WHEN s.issued_at IS NULL THEN s.drafted_at + interval '30 days' END) < %s"


def _group_where(scope: Scope) -> tuple[str, list[object]]:
    if scope.activation_id is not None:
        return _OVER.format(which="s.activation_id = %s"), [scope.activation_id]
    return _OVER.format(which=_LEFT), [scope.before]


def count_groups(scope: Scope) -> int:
    """Doors listed by file for sweeps that are over."""
    where, given = _group_where(scope)
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT count(*) FROM sweeps_groupdoor WHERE {where}", given)
        row = cursor.fetchone()
    return int(row[0]) if row else 0


def destroy_groups(scope: Scope) -> Destroyed:
    """Remove the lists of sweeps that are over (销毁名单), with the marks that they left on the doors."""
    where, given = _group_where(scope)
    with transaction.atomic(), connection.cursor() as cursor:
        rows, digest = _digest(
            "SELECT area || id::text, convert_to(floor_id::text || door, 'UTF8') FROM sweeps_groupdoor "
            f"WHERE {where} ORDER BY area, id",
            given,
        )
        cursor.execute(
            "UPDATE sweeps_piece p SET priority = '{}' WHERE p.priority <> '{}' AND p.sweep_id IN "
            f"(SELECT sweep_id FROM sweeps_groupdoor WHERE {where})",
            given,
        )
        cursor.execute(f"DELETE FROM sweeps_groupdoor WHERE {where}", given)
    return Destroyed(rows, digest)


# Visits, and the submissions that they came in: the one's time would tell the other's.
_COARSEN = (
    "UPDATE {table} SET received_at = date_trunc('day', received_at, %(zone)s) {more} "
    "WHERE (area, id) IN (SELECT area, id FROM {table} WHERE received_at < %(before)s "
    "AND received_at <> date_trunc('day', received_at, %(zone)s) LIMIT %(limit)s)"
)
_COARSENED = {
    "sweeps_visit": ", happened_at = date_trunc('day', happened_at, %(zone)s), revisit_at = NULL",
    "sweeps_submission": "",
}


def coarsen(at: datetime, limit: int = _AT_ONCE) -> dict[str, int]:
    """Turn the times of what is older than seven days into days (走访时间模糊化): table -> rows. In portions."""
    given = {"zone": _ZONE, "before": at - timedelta(days=TIMES_DAYS), "limit": limit}
    found = dict.fromkeys(_COARSENED, 0)
    for table, more in _COARSENED.items():
        changed = limit
        while changed == limit:
            with transaction.atomic(), connection.cursor() as cursor:
                cursor.execute(_COARSEN.format(table=table, more=more), given)
                changed = int(cursor.rowcount)
            found[table] += changed
    return found


def register() -> None:
    """Tell the register of holdings what sweeps hold."""
    holdings.register(
        Holding(
            "sweeps.answers", "走访填写内容", "Answers at the door",
            "完成这次走访，知道谁需要帮助", "to carry out the sweep and to know who needs help",
            "sensitive", ANSWER_DAYS, True, count_answers, destroy_answers,
        )
    )  # fmt: skip
    holdings.register(
        Holding(
            "sweeps.notes", "求助与更正备注", "Notes of calls for help and corrections",
            "转办求助、核对户数", "to pass on calls for help and to set the registry right",
            "personal", ANSWER_DAYS, True, count_notes, destroy_notes,
        )
    )  # fmt: skip
    holdings.register(
        Holding(
            "sweeps.courses", "门户重新计天的原因", "Why the days of a door were moved",
            "按规则安排下一次走访", "to arrange the next visit by the rule",
            "sensitive", ANSWER_DAYS, True, count_courses, destroy_courses,
        )
    )  # fmt: skip
    holdings.register(
        Holding(
            "sweeps.group", "为一次行动导入的门户名单", "Doors listed by file for a sweep",
            "在这一次行动里先走访这些门户", "to visit these doors first in that sweep",
            "sensitive", 1, True, count_groups, destroy_groups,
        )
    )  # fmt: skip
    holdings.register(
        Holding(
            "sweeps.priority", "已撤销的重点走访户", "Priority doors struck off",
            "优先走访需要关心的人", "to visit first who is to be looked after",
            "sensitive", 1, False, count_priority, destroy_priority,
        )
    )  # fmt: skip
