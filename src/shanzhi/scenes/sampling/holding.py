"""What sampling holds of people (留存项): which household shares which tube, and who is to be sampled again."""

from django.db import connection

from shanzhi.base.retention import digests
from shanzhi.base.retention.holdings import Destroyed, Holding, Scope, register

DAYS = 30


def _where(scope: Scope) -> tuple[str, list[object]]:
    """The rows of the campaigns that are to go."""
    if scope.activation_id is not None:
        inside, given = "g.activation_id = %s", [scope.activation_id]
    else:
        # Everyday use: campaigns that ended before then; those of an activation go with it.
        inside, given = "g.activation_id IS NULL AND g.ended_at < %s", [scope.before]
    return f"t.campaign_id IN (SELECT g.id FROM sampling_campaign g WHERE {inside})", list(given)


def _count(scope: Scope) -> int:
    where, given = _where(scope)
    linked = f"{where} AND (t.ticket_id IS NOT NULL OR t.retest_id IS NOT NULL)"
    return (
        digests.count("sampling_checkin", where, given)
        + digests.count("sampling_retest", where, given)
        + digests.count("sampling_ticket", where, given)
        + digests.count("sampling_tube", linked, given)
    )


def _destroy(scope: Scope) -> Destroyed:
    """Re-tests, who came and the tickets go; tubes keep their results without the household that they point to."""
    where, given = _where(scope)
    linked = f"{where} AND (t.ticket_id IS NOT NULL OR t.retest_id IS NOT NULL)"
    parts = [
        digests.delete(
            "sampling_retest", where, given,
            columns=("checkin_id", "tube_id", "ticket_id", "place_id", "people", "state", "made_at"),
        ),
        digests.delete(
            "sampling_checkin", where, given,
            columns=("campaign_id", "place_id", "ticket_id", "tube_id", "people", "at"),
        ),
        digests.delete(
            "sampling_ticket", where, given,
            columns=("campaign_id", "place_id", "ordinal", "floor_id", "number", "code"),
        ),
        digests.blank(
            "sampling_tube", linked, given, to={"ticket_id": "NULL", "retest_id": "NULL"}, also=("barcode",)
        ),
    ]  # fmt: skip
    with connection.cursor() as cursor:
        # What was counted stays: no board is computed again over rows that are gone.
        cursor.execute(
            "UPDATE sampling_campaign g SET destroyed_at = coalesce(g.ended_at, g.drafted_at) "
            + where.replace("t.campaign_id IN (SELECT g.id FROM sampling_campaign g WHERE ", "WHERE (")
            + " AND g.destroyed_at IS NULL",
            given,
        )
    return digests.together(parts)


def register_holdings() -> None:
    """Make it known to retention."""
    register(
        Holding(
            "sampling.checkins", "采样与发放登记", "Who came to sampling and distribution",
            "对非阴性采样管的同管住户组织复采；掌握未到门户。按门户登记，不登记姓名。",
            "To sample the households of a tube again, and to know which doors have not come. Doors, no names.",
            "sensitive", DAYS, True, _count, _destroy,
        )
    )  # fmt: skip
