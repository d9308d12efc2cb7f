"""A positive re-test becomes a task for a tracer, in the fenced store; opened, the door is gone."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.utils.timezone import localdate

from shanzhi.base.retention.holdings import Scope
from shanzhi.city.modes.models import Activation
from shanzhi.city.places.models import Place
from shanzhi.core.kit.ids import uuid7
from shanzhi.scenes.isolation import held
from shanzhi.scenes.isolation.contacts_models import ContactLead, ContactRead, ContactTask
from shanzhi.scenes.sampling import results
from shanzhi.scenes.sampling.models import Campaign, Retest

pytestmark = pytest.mark.django_db


def _csv(*lines: str) -> bytes:
    return "\n".join(["条码,结果", *lines]).encode()


def positive(field: Any, desk: Any, at: Any, first: int, door: int) -> Retest:
    """A pool is positive, its household is sampled again, and that is positive too; told twice, after a try."""
    pool, known = field.tube(f"SL{first:08d}"), set(Retest.objects.values_list("id", flat=True))
    field.come(pool, door, 1)
    field.send(field.act("close", tube=pool))
    results.import_results(field.campaign.id, _csv(f"SL{first:08d},阳性"), actor=desk, at=at, dry_run=False)
    retest = Retest.objects.exclude(id__in=known).get()
    single = field.tube(f"SL{first + 1:08d}", "single")
    field.send(field.act("check_in", table=1, tube=single, retest=retest.id, people=1))
    field.send(field.act("close", tube=single))
    rows = _csv(f"SL{first + 1:08d},阳性")
    for dry_run in (True, False, False):
        results.import_results(field.campaign.id, rows, actor=desk, at=at, dry_run=dry_run)
    retest.refresh_from_db()
    assert retest.state == "positive"
    return retest


def live(field: Any, at: Any) -> Activation:
    """A response with a basis, no larger than needed: one micro-grid of the community."""
    [part] = Place.objects.filter(name="示例微网格1").values_list("id", flat=True)
    return Activation.objects.create(
        number=f"XY-{uuid7().hex[-8:]}", plan="epidemic", plan_version=1, hazard="epidemic", title="示例响应",
        level=2, state="live", place_ids=[part], is_compulsory=True, basis="示例条款",
        document="示例〔2026〕1号", content={}, proposed_by_id=uuid7(), proposed_by="示例甲", proposed_at=at,
        approved_by_id=uuid7(), approved_by="示例乙", live_at=at, last_on=localdate(at) + timedelta(days=14),
    )  # fmt: skip


def test_a_positive_re_test_is_a_task_for_a_tracer(
    start: Callable[..., Any], who: Callable[[str], Any], clock: Any, sign_in: Callable[[str], Any]
) -> None:
    field, desk, now = start(), who("yiwu"), clock.now()
    positive(field, desk, now, 1, 0)
    # No response, no store: the list of sampling is all there is.
    assert not ContactLead.objects.exists()
    response = live(field, now)
    retest = positive(field, desk, now, 11, 1)
    lead = ContactLead.objects.get()
    assert lead.id not in {retest.id, retest.checkin_id, retest.ticket_id}
    assert lead.activation_id == response.id
    tracer = sign_in("liudiao")
    assert tracer.get("/api/tracing")[1]["leads"] == 1
    for name in ("yiwu", "zhiban", "zhihui"):
        assert sign_in(name).get("/api/tracing/leads")[0] == 403
    assert not ContactRead.objects.exists()
    [shown] = tracer.get("/api/tracing/leads")[1]
    assert shown["door"] and shown["people"] == retest.people
    assert ContactRead.objects.filter(person_id=lead.id, purpose="check").count() == 1
    case = {
        "id": str(uuid7()), "name": "示例某", "last_exposed_on": localdate(now).isoformat(),
        "facts": [{"kind": "door", "value": shown["door"]}],
    }  # fmt: skip
    key = {"area": shown["area"], "id": shown["id"]}
    body = {"community_id": shown["community_id"], "case": case, "lead": key}
    status, made = tracer.post("/api/tracing", body)
    assert (status, made["community"]) == (201, shown["community"])
    lead.refresh_from_db()
    assert lead.state == "taken" and not lead.door
    # It is settled: once more it is not there, and no second task comes of it.
    status, gone = tracer.post("/api/tracing", body | {"case": case | {"id": str(uuid7())}})
    assert (status, gone["error"]["field"]) == (404, "lead") and ContactTask.objects.count() == 1
    assert tracer.get("/api/tracing/leads")[1] == []
    positive(field, desk, now, 21, 2)
    other = ContactLead.objects.get(state="open")
    address = f"/api/tracing/leads/{other.area}/{other.id}/dismiss"
    assert tracer.post(address, {"reason": " "})[0] == 422
    assert tracer.post(address, {"reason": "已由社区核实"})[0] == 204
    other.refresh_from_db()
    assert other.state == "dismissed" and not other.door
    assert tracer.post(address, {"reason": "再来一次"})[0] == 404
    held.destroy_contacts(Scope(activation_id=response.id))
    assert not ContactLead.objects.exists()


def test_a_drill_is_not_handed_on(start: Callable[..., Any], who: Callable[[str], Any], clock: Any) -> None:
    field = start()
    Campaign.objects.filter(id=field.campaign.id).update(is_drill=True)
    live(field, clock.now())
    positive(field, who("yiwu"), clock.now(), 1, 0)
    assert not ContactLead.objects.exists()
