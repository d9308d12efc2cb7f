"""What is held of people here (留存项): everything of an isolation, and the fenced store of contacts."""

from datetime import timedelta

from shanzhi.base.retention import digests
from shanzhi.base.retention.holdings import Destroyed, Holding, Scope, register
from shanzhi.scenes.isolation import packs
from shanzhi.scenes.isolation.contacts_models import MOST_DAYS

# Children before their parents.
_OF_ONE = (
    ("isolation_rung", ("slot_id", "kind", "at")),
    ("isolation_call", ("outcome", "by", "at")),
    ("isolation_checkin", ("source", "content", "by", "at")),
    ("isolation_slot", ("on_day", "window", "state", "done_at", "missed_at")),
    ("isolation_swab", ("taken_on", "content", "by", "at")),
    ("isolation_note", ("event_id", "text", "at")),
    ("isolation_service", ("kind", "content", "for_on", "state", "taken_by")),
    ("isolation_standing", ("kind", "content", "since_on")),
    ("isolation_transfer", ("why", "state", "asked_by", "asked_at", "ended_at")),
)
_ISOLATION = (
    "number", "place_id", "floor_id", "name", "phone", "door", "household", "emergency", "needs", "state", "begun_on",
    "ended_at",
)  # fmt: skip


def _isolations(scope: Scope) -> tuple[str, list[object]]:
    """Which isolations: all of a response, or those that ended before an instant."""
    if scope.activation_id is not None:
        return "activation_id = %s", [scope.activation_id]
    return "ended_at < %s", [scope.before]


def count_isolations(scope: Scope) -> int:
    """How many rows there are of them."""
    which, params = _isolations(scope)
    inner = f"t.isolation_id IN (SELECT id FROM isolation_isolation WHERE {which})"
    return sum(digests.count(table, inner, params) for table, _ in _OF_ONE) + digests.count(
        "isolation_isolation", which, params
    )


def destroy_isolations(scope: Scope) -> Destroyed:
    """Delete them with all that belongs to them; links in messages are blanked, events keep no person."""
    which, params = _isolations(scope)
    chosen = f"(SELECT id FROM isolation_isolation WHERE {which})"
    parts = [
        digests.delete(table, f"t.isolation_id IN {chosen}", params, columns=columns)
        for table, columns in _OF_ONE
    ]
    digests.blank(
        "messaging_message",
        f"t.recipient_kind = 'isolation' AND t.recipient_id IN {chosen} AND t.next_at IS NULL AND t.link <> ''",
        params, to={"link": "''", "address": "NULL", "address_digest": "''"},
    )  # fmt: skip
    parts.append(digests.delete("isolation_isolation", which, params, columns=_ISOLATION))
    return digests.together(parts)


def _tasks(scope: Scope) -> tuple[str, str, list[object]]:
    """Which people of the store, and which tasks."""
    if scope.activation_id is not None:
        own = "activation_id = %s"
        return f"t.task_id IN (SELECT id FROM contacts_task WHERE {own})", own, [scope.activation_id]
    return "t.destroy_at < %s", "destroy_at < %s", [scope.before]


def count_contacts(scope: Scope) -> int:
    """How many people, tasks and leads there are."""
    people, tasks, params = _tasks(_aged(scope))
    return (
        digests.count("contacts_person", people, params)
        + digests.count("contacts_task", tasks, params)
        + digests.count("contacts_lead", tasks, params)
    )


def destroy_contacts(scope: Scope) -> Destroyed:
    """Delete people of the store with their facts, and tasks; who had looked at them stays, and says nothing more."""
    return _destroy(_aged(scope))


def _aged(scope: Scope) -> Scope:
    """`before` is when a row was written at the latest; rows carry the day on which they go, 30 days on at most."""
    if scope.before is None:
        return scope
    return Scope(before=scope.before + timedelta(days=MOST_DAYS))


def destroy_due(scope: Scope) -> Destroyed:
    """Delete what is due by its own day: the nightly job."""
    return _destroy(scope)


def _destroy(scope: Scope) -> Destroyed:
    people, tasks, params = _tasks(scope)
    # Nobody stays who was found through somebody that goes, and nobody of a task that goes.
    gone = (
        f"(SELECT t.id FROM contacts_person t WHERE {people} "
        f"OR t.task_id IN (SELECT id FROM contacts_task WHERE {tasks}) "
        f"OR t.found_through_id IN (SELECT t.id FROM contacts_person t WHERE {people}))"
    )
    thrice = [*params, *params, *params]
    more = f"t.id IN {gone} OR t.found_through_id IN {gone}"
    facts = f"t.person_id IN (SELECT t.id FROM contacts_person t WHERE {more})"
    parts = [
        digests.delete(
            "contacts_fact", facts, [*thrice, *thrice], columns=("kind", "on_day", "value", "mark")
        ),
        *_people(more, [*thrice, *thrice]),
        digests.delete(
            "contacts_task", tasks, params, columns=("number", "community_id", "document", "opened_at")
        ),
        digests.delete(
            "contacts_lead", tasks, params, columns=("community_id", "door", "people", "state", "made_at")
        ),
    ]
    return digests.together(parts)


def _people(which: str, params: list[object]) -> list[Destroyed]:
    columns = ("number", "degree", "name", "phone", "state", "last_exposed_on", "added_at")
    return [digests.delete("contacts_person", which, params, columns=columns)]


def register_all() -> None:
    """Make both known to retention."""
    register(
        Holding(
            code="isolation.people", zh="居家隔离人员及照护记录", en="People isolated at home, and their care",
            purpose_zh="照护居家隔离和健康监测的人：健康报告、转运、送餐送药、解除。",
            purpose_en="To care for people isolated or observed at home: check-ins, transfers, services, release.",
            data_class="sensitive", days=packs.care().keep_days, of_activation=True, count=count_isolations,
            destroy=destroy_isolations,
        )
    )  # fmt: skip
    register(
        Holding(
            code="isolation.contacts", zh="密接、次密接专库", en="The store of contacts",
            purpose_zh="及时告知密接和次密接，不作他用。", purpose_en="To inform contacts in time, and nothing else.",
            data_class="sensitive", days=MOST_DAYS, of_activation=True, count=count_contacts,
            destroy=destroy_contacts,
        )
    )  # fmt: skip
