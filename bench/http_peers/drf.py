"""The peer: Django REST framework, written as its documentation teaches."""

from datetime import timedelta
from typing import Any

from django.db import connection, transaction
from django.urls import include, path
from django.utils import timezone
from rest_framework import (
    authentication,
    exceptions,
    mixins,
    pagination,
    permissions,
    routers,
    serializers,
    viewsets,
)

from shanzhi.base.clocks.models import Clock, ClockEvent
from shanzhi.base.outbox.models import OutboxRow
from shanzhi.city.people.models import DeskSession, Post
from shanzhi.city.people.sessions import token_hash
from shanzhi.city.places.models import Place, PlaceClosure
from shanzhi.core.kit.ids import uuid7
from shanzhi.work.cases.flow import OPEN_STATES
from shanzhi.work.cases.models import Case, CaseEvent
from shanzhi.work.catalogue.models import Kind


class SessionOfOurs(authentication.BaseAuthentication):
    """The signed-in account with its posts."""

    def authenticate(self, request: Any) -> Any:
        cookie = request.COOKIES.get("shanzhi_session", "")
        session = DeskSession.objects.select_related("account").filter(hash=token_hash(cookie)).first()
        if session is None or not session.account.is_active:
            raise exceptions.AuthenticationFailed
        account = session.account
        account.held = list(Post.objects.filter(account=account, to_on=None).select_related("kind"))
        return account, None


class MaySeeCases(permissions.BasePermission):
    """The capability to see cases."""

    def has_permission(self, request: Any, view: Any) -> bool:
        held = getattr(request.user, "held", [])
        return any("case.view" in post.kind.capabilities for post in held)


class CaseSerializer(serializers.ModelSerializer):
    """A line of the list."""

    kind_zh = serializers.CharField(source="kind.name", default="")
    kind_en = serializers.CharField(source="kind.name_en", default="")
    place_name = serializers.CharField(source="place.name")
    state_zh = serializers.CharField(source="get_state_display")
    text = serializers.SerializerMethodField()
    clock = serializers.SerializerMethodField()

    class Meta:
        model = Case
        fields = [
            "area", "id", "number", "kind_zh", "kind_en", "state", "state_zh", "place_name", "address", "text",
            "due_at", "clock", "received_at",
        ]  # fmt: skip

    def get_text(self, case: Case) -> str:
        return case.text[:120]

    def get_clock(self, case: Case) -> Any:
        if case.due_at is None:
            return None
        now = timezone.now()
        return {
            "name": case.clock_name,
            "state": "running",
            "due_at": case.due_at,
            "remaining_seconds": int((case.due_at - now).total_seconds()),
            "warn": case.warn_at is not None and case.warn_at <= now < case.due_at,
            "breached": case.due_at <= now,
        }


class ReportSerializer(serializers.Serializer):
    """A new report."""

    id = serializers.UUIDField()
    kind = serializers.SlugRelatedField(slug_field="code", queryset=Kind.objects.all())
    text = serializers.CharField(max_length=2000, allow_blank=True)
    lon = serializers.FloatField(min_value=-180, max_value=180)
    lat = serializers.FloatField(min_value=-90, max_value=90)
    place_id = serializers.PrimaryKeyRelatedField(
        queryset=Place.objects.filter(closed_on=None), source="place"
    )
    address = serializers.CharField(max_length=200, allow_blank=True)

    def create(self, data: dict[str, Any]) -> Case:
        now = timezone.now()
        place, user = data["place"], self.context["request"].user
        with transaction.atomic():
            found = Case.objects.filter(id=data["id"]).first()
            if found is not None:
                return found
            with connection.cursor() as cursor:
                cursor.execute("SELECT nextval('cases_number')")
                number = f"{place.area}{now:%y%m%d}{cursor.fetchone()[0] % 1_000_000:06d}"
            due_at, warn_at = now + timedelta(minutes=15), now + timedelta(minutes=9)
            case = Case.objects.create(
                id=data["id"], area=place.area, number=number, state="reported", channel="desk",
                kind=data["kind"], place=place, address=data["address"], text=data["text"], lon=data["lon"],
                lat=data["lat"], reporter_id=user.id, happened_at=now, received_at=now, due_at=due_at,
                warn_at=warn_at, clock_name="accept", content_hash=bytes(32),
            )  # fmt: skip
            CaseEvent.objects.create(
                area=place.area, case=case, sequence=1, verb="report", from_state="", to_state="reported",
                actor_id=user.id, actor_name=user.display_name, at=now,
            )  # fmt: skip
            clock = Clock.objects.create(
                area=place.area, subject_id=case.id, name="accept", started_at=now, due_at=due_at,
                warn_at=warn_at, state="running", next_at=warn_at,
            )  # fmt: skip
            ClockEvent.objects.create(area=place.area, clock=clock, verb="start", at=now)
            OutboxRow.objects.create(
                id=uuid7(), area=place.area, topic="cases", subject_id=case.id, event="report",
                payload={"state": "reported"}, at=now,
            )  # fmt: skip
        return case

    def to_representation(self, case: Case) -> Any:
        return {"number": case.number, "area": case.area, "id": str(case.id)}


class Twenty(pagination.CursorPagination):
    """Twenty a page, by remaining time."""

    page_size = 20
    ordering = ("due_at", "id")


class CaseViewSet(mixins.ListModelMixin, mixins.CreateModelMixin, viewsets.GenericViewSet):
    """Create and list."""

    authentication_classes = [SessionOfOurs]
    permission_classes = [MaySeeCases]
    pagination_class = Twenty

    def get_serializer_class(self) -> Any:
        return ReportSerializer if self.action == "create" else CaseSerializer

    def get_queryset(self) -> Any:
        below = PlaceClosure.objects.filter(
            ancestor__in=[post.place_id for post in self.request.user.held], to_on=None
        ).values("descendant")
        return Case.objects.filter(state__in=OPEN_STATES, place__in=below).select_related("kind", "place")


router = routers.SimpleRouter(trailing_slash=False)
router.register("cases", CaseViewSet, basename="cases")
urlpatterns = [path("api/", include(router.urls))]
