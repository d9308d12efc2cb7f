"""Seals: whatever is changed, removed, added or re-chained behind the program's back is found."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import connection

from shanzhi.base.access import SYSTEM, Actor
from shanzhi.base.audit import actions, queries, sealer
from shanzhi.base.audit.models import AuditEntry, Seal
from shanzhi.base.audit.sealing import leaf_hash, merkle_root
from shanzhi.core.kit.errors import Refused

AT = datetime(2026, 3, 9, 2, 0, tzinfo=UTC)


def record(count: int, at: datetime = AT) -> None:
    for index in range(count):
        actions.record(actor=SYSTEM, event="test.done", subject=str(index), detail={"n": index}, at=at)


def behind_our_back(sql: str) -> None:
    """As somebody with the rights of the tables' owner."""
    with connection.cursor() as cursor:
        for table in ("audit_auditentry", "audit_seal"):
            cursor.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
        cursor.execute(sql)
        assert cursor.rowcount == 1


@pytest.fixture
def sealed(db: None) -> None:
    record(5)
    sealer.seal_waiting("audit_auditentry", AT, limit=3)
    sealer.seal_all(AT)


@pytest.mark.django_db
def test_everything_is_sealed_once_and_verifies() -> None:
    record(5)
    assert sealer.seal_waiting("audit_auditentry", AT, limit=3) == 3
    record(2)
    before = queries.verify()
    assert (before.sealed, before.unsealed, before.problems) == (3, 4, [])
    assert sealer.seal_all(AT + timedelta(seconds=1)) == 4
    assert sealer.seal_all(AT + timedelta(hours=2)) == 0
    record(1)
    assert sealer.seal_all(AT + timedelta(hours=2)) == 1
    found = queries.verify()
    assert (found.sealed, found.unsealed, found.problems) == (8, 0, [])
    assert [seal.number for seal in Seal.objects.order_by("number")] == [1, 2, 3]


@pytest.mark.django_db
def test_the_steps_of_a_case_are_sealed_too(report: Callable[..., Any]) -> None:
    report()
    sealer.seal_all(AT)
    assert "cases_caseevent" in set(Seal.objects.values_list("table_name", flat=True))
    assert queries.verify().problems == []


_CHANGED = "seal {}: a row of audit_auditentry was changed"
_TAMPERING = [
    ("UPDATE audit_auditentry SET detail = '{\"n\": 9}' WHERE subject = '1'", _CHANGED.format(1)),
    ("UPDATE audit_auditentry SET at = at + interval '1 second' WHERE subject = '4'", _CHANGED.format(2)),
    ("DELETE FROM audit_auditentry WHERE subject = '0'", "seal 1: 1 rows of audit_auditentry are gone"),
    ("DELETE FROM audit_seal WHERE number = 1", "seal 1 is missing"),
    ("UPDATE audit_seal SET root = decode(repeat('00', 32), 'hex') WHERE number = 2", "seal 2: the chain is broken"),
    ("UPDATE audit_seal SET positions = positions[1:2] WHERE number = 1", "seal 1: the chain is broken"),
]  # fmt: skip


@pytest.mark.parametrize(("sql", "problem"), _TAMPERING)
def test_tampering_is_found(sql: str, problem: str, sealed: None) -> None:
    assert queries.verify().problems == []
    behind_our_back(sql)
    assert problem in queries.verify().problems


def test_the_key_is_needed_to_forge_a_seal(sealed: None, settings: Any) -> None:
    settings.SHANZHI_SEAL_KEY = "another key"
    assert "seal 1: the chain is broken" in queries.verify().problems


def test_the_tree_is_the_one_of_rfc_6962() -> None:
    one, two, three = (leaf_hash(text) for text in ("a", "b", "c"))
    import hashlib

    pair = hashlib.sha256(b"\x01" + one + two).digest()
    assert merkle_root([one]) == one
    assert merkle_root([one, two]) == pair
    assert merkle_root([one, two, three]) == hashlib.sha256(b"\x01" + pair + three).digest()


@pytest.mark.django_db
def test_only_auditors_read_the_log() -> None:
    record(2)
    with pytest.raises(Refused):
        queries.entries(Actor(None, "", "desk"))
    assert len(queries.entries(SYSTEM)) == AuditEntry.objects.count() == 2
