"""The barest way: plain Django views with only the SQL, json and nothing checked."""

import hashlib
import json
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any
from uuid import UUID

from django.db import connection, transaction
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.urls import path
from django.views.decorators.csrf import csrf_exempt

from shanzhi.base.access import Actor, ActorPost
from shanzhi.base.access.capabilities import CASE_VIEW
from shanzhi.base.clocks.actions import _START
from shanzhi.base.outbox.actions import _INSERT as OUTBOX
from shanzhi.city.people.queries import _BY_SESSION
from shanzhi.core.kit.ids import uuid7
from shanzhi.work.cases.queries import QUEUES, list_sql
from shanzhi.work.cases.reports import _INSERT


def _ground(cursor: Any, request: HttpRequest, now: datetime) -> tuple[Any, Any]:
    """Account and place: the look-up that every signed-in request makes."""
    hashed = hashlib.sha256(request.COOKIES["shanzhi_session"].encode()).digest()
    cursor.execute(_BY_SESSION, [now.date(), now.date(), hashed])
    row = cursor.fetchone()
    return row[0], row[5]


@lru_cache(maxsize=1)
def _list_sql(place_id: UUID) -> str:
    """The very statement that our own list sends."""
    post = ActorPost(uuid7(), "acceptor", place_id, None, frozenset({CASE_VIEW}))
    today = datetime.now(UTC).date()
    actor = Actor(None, "", "desk", (post,))
    return list_sql(actor, today, QUEUES["open"].where, [], "c.due_at, c.id", 21)[0]


def _list(request: HttpRequest) -> HttpResponse:
    now = datetime.now(UTC)
    with connection.cursor() as cursor:
        _, place_id = _ground(cursor, request, now)
        cursor.execute(_list_sql(place_id), [[place_id], now.date(), now.date()])
        rows = cursor.fetchall()
    items = [
        {
            "area": row[0], "id": str(row[1]), "number": row[2], "state": row[3], "kind_zh": row[4],
            "kind_en": row[5], "place_name": row[6], "address": row[7], "text": row[8],
            "clock": {"name": row[9], "due_at": row[10], "warn_at": row[11]}, "created_at": row[12],
        }
        for row in rows[:20]
    ]  # fmt: skip
    return JsonResponse({"items": items, "next_cursor": ""})


def _create(request: HttpRequest) -> HttpResponse:
    given, now = json.loads(request.body), datetime.now(UTC)
    with connection.cursor() as cursor:
        account_id, _ = _ground(cursor, request, now)
        cursor.execute("SELECT id FROM catalogue_kind WHERE code = %s", [given["kind"]])
        kind_id = cursor.fetchone()[0]
        cursor.execute("SELECT id, area FROM places_place WHERE id = %s", [given["place_id"]])
        place_id, area = cursor.fetchone()
        due_at, warn_at = now + timedelta(minutes=15), now + timedelta(minutes=9)
        with transaction.atomic():
            cursor.execute(
                _INSERT,
                {
                    "id": given["id"], "area": area, "prefix": area + now.strftime("%y%m%d"),
                    "state": "reported", "channel": "desk", "kind_id": kind_id, "place_id": place_id,
                    "address": given["address"], "text": given["text"], "lon": given["lon"],
                    "lat": given["lat"], "phone": None, "reporter_id": account_id, "happened_at": now,
                    "received_at": now, "due_at": due_at, "warn_at": warn_at, "content_hash": bytes(32),
                    "event_id": uuid7(), "actor_name": "x",
                },
            )  # fmt: skip
            number = cursor.fetchone()[0]
            cursor.execute(
                _START,
                {
                    "id": uuid7(), "event_id": uuid7(), "area": area, "subject_id": given["id"],
                    "name": "accept", "at": now, "due_at": due_at, "warn_at": warn_at,
                },
            )  # fmt: skip
            cursor.execute(
                OUTBOX, [uuid7(), area, "cases", given["id"], "report", '{"state": "reported"}', now]
            )
    return JsonResponse({"number": number, "area": area, "id": given["id"]}, status=201)


@csrf_exempt
def cases(request: HttpRequest) -> HttpResponse:
    """List or create."""
    return _create(request) if request.method == "POST" else _list(request)


urlpatterns = [path("api/cases", cases)]
