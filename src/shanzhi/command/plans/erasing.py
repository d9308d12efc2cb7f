"""What is held of people who objected, and its end (留存项)."""

import hashlib
import json

from django.conf import settings
from django.db.models import QuerySet

from shanzhi.base.retention.holdings import Destroyed, Holding, Scope
from shanzhi.command.plans.models import Notice, Objection


def _meant(scope: Scope) -> "QuerySet[Objection]":
    rows = Objection.objects.filter(erased_at=None)
    if scope.activation_id is not None:
        # An objection that waits for its answer outlives the measure.
        notices = Notice.objects.filter(activation_id=scope.activation_id).values("id")
        return rows.filter(notice_id__in=notices, answered_at__isnull=False)
    return rows.filter(answered_at__lt=scope.before)


def count(scope: Scope) -> int:
    """How many would go."""
    return _meant(scope).count()


def destroy(scope: Scope) -> Destroyed:
    """Blank words and telephones; number, days and outcome stay, and tell of nobody."""
    digest = hashlib.sha256()
    gone = []
    for row in _meant(scope).select_for_update(of=("self",)).order_by("area", "id").iterator(chunk_size=500):
        said = [row.area, str(row.id), row.text, row.phone, row.answer]
        digest.update(json.dumps(said, ensure_ascii=False).encode() + b"\n")
        gone.append(row.id)
        row.text = row.phone = row.answer = None
        row.content_hash, row.erased_at = b"", settings.SHANZHI_CLOCK.now()
        row.save(update_fields=["text", "phone", "answer", "content_hash", "erased_at"])
    return Destroyed(len(gone), digest.hexdigest())


HOLDING = Holding(
    code="objections", zh="对响应措施的异议", en="Objections to measures",
    purpose_zh="受理并答复居民对应急措施的异议",
    purpose_en="to take up and answer what residents have against a measure",
    data_class="personal", days=365, of_activation=True, count=count, destroy=destroy,
)  # fmt: skip
