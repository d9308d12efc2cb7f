"""Endpoints of surge posting."""

import time
from datetime import date
from http import HTTPStatus
from uuid import UUID

import msgspec
from django.db import transaction
from django.http import HttpResponse
from django.utils.timezone import localdate
from dmr import Body, FileMetadata, Path, Query, ResponseSpec, modify, validate
from dmr.parsers import MultiPartParser
from dmr.routing import path

from shanzhi.base.access.api import SIGNED_IN, ApiController, clock_of
from shanzhi.base.access.capabilities import SURGE_MANAGE, SURGE_OFFER
from shanzhi.base.access.downloads import download
from shanzhi.base.audit import actions as audit
from shanzhi.city.surge import actions, jobs, lists, offers_file, queries
from shanzhi.city.surge.files_api import urlpatterns as file_routes
from shanzhi.city.surge.shapes import (
    AssignIn,
    AssignmentOut,
    HistoryOut,
    HomeOut,
    MadeOut,
    NeedIn,
    OffersImportOut,
    OffersIn,
    PostingOut,
    PostingsOut,
    RevealPhoneIn,
    RevealPhoneOut,
    RowErrorOut,
    StepIn,
    SurgeOut,
    SurgeQuery,
)
from shanzhi.core.documents import check_size
from shanzhi.core.kit.errors import InvalidInput

_VERBS = {"report-in": "report_in", "relieve": "relieve", "return": "return"}


class PostingsQuery(msgspec.Struct):
    """Postings of a unit, of a compound, under a place, of a day; without a day: history too."""

    unit: UUID | None = None
    compound: UUID | None = None
    place: UUID | None = None
    on: date | None = None


class SurgeExportQuery(PostingsQuery):
    """The same as Excel, by `unit` or by `compound`."""

    by: str = "unit"
    lang: str = "zh"


class SurgeKeyPath(msgspec.Struct):
    """Which need or posting."""

    area: str
    row_id: UUID


class StepPath(SurgeKeyPath):
    """Which step: report-in, relieve, return."""

    verb: str


class OfferPath(msgspec.Struct):
    """Which person offered."""

    offer_id: UUID


class HomesQuery(msgspec.Struct):
    """Part of the name."""

    q: str = ""


class OffersImportQuery(msgspec.Struct):
    """`dry_run=1` only reports; the days are for rows without."""

    dry_run: str = ""
    from_on: date | None = None
    to_on: date | None = None


class OffersTable(msgspec.Struct):
    """Facts of the uploaded file."""

    name: str
    size: int


class OffersFiles(msgspec.Struct):
    """The one file of an import."""

    file: OffersTable


class SurgeController(ApiController):
    """Needs and people."""

    gate = SIGNED_IN

    def get(self, parsed_query: Query[SurgeQuery]) -> SurgeOut:
        """What the caller manages, or offers."""
        given = parsed_query
        return lists.overview(
            self.actor,
            clock_of(self.request).now(),
            place_id=given.place,
            unit_id=given.unit,
            state=given.state,
        )


class NeedsController(ApiController):
    """Needs of communities."""

    gate = SURGE_MANAGE

    @modify(status_code=HTTPStatus.CREATED)
    def post(self, parsed_body: Body[NeedIn]) -> MadeOut:
        """State a need."""
        given = parsed_body
        actions.state_need(
            actions.NewNeed(
                people=given.people, from_on=given.from_on, to_on=given.to_on, task=given.task,
                place_id=given.place_id, skills=given.skills, note=given.note,
                compound=(given.compound.area, given.compound.id) if given.compound else None,
            ),
            actor=self.actor, at=clock_of(self.request).now(),
        )  # fmt: skip
        return MadeOut(1)


class NeedWithdrawController(ApiController):
    """Needs that are over."""

    gate = SURGE_MANAGE

    @modify(status_code=HTTPStatus.NO_CONTENT)
    def post(self, parsed_path: Path[SurgeKeyPath], parsed_body: Body[StepIn]) -> None:
        """Withdraw a need for which nobody is there."""
        actions.withdraw_need(
            parsed_path.area, parsed_path.row_id, parsed_body.reason, actor=self.actor,
            at=clock_of(self.request).now(),
        )  # fmt: skip


class OffersController(ApiController):
    """People offered by units."""

    gate = SURGE_OFFER

    @modify(status_code=HTTPStatus.CREATED)
    def post(self, parsed_body: Body[OffersIn]) -> MadeOut:
        """Offer people of a unit."""
        given = parsed_body
        made = actions.offer_people(
            given.unit_id,
            [
                actions.NewOffer(
                    name=one.name, phone=one.phone, account_id=one.account_id, skills=one.skills,
                    home_id=one.home.place_id if one.home else None,
                    home_point=(one.home.lon, one.home.lat)
                    if one.home and one.home.lon is not None and one.home.lat is not None
                    else None,
                    from_on=given.from_on, to_on=given.to_on,
                )
                for one in given.people
            ],
            place_id=given.place_id, actor=self.actor, at=clock_of(self.request).now(),
        )  # fmt: skip
        return MadeOut(len(made))


class HomesController(ApiController):
    """Where somebody may live."""

    gate = SURGE_OFFER

    def get(self, parsed_query: Query[HomesQuery]) -> list[HomeOut]:
        """Communities by part of the name, pinyin or code."""
        return lists.homes(parsed_query.q, localdate(clock_of(self.request).now()))


class OfferWithdrawController(ApiController):
    """People taken back."""

    gate = SURGE_OFFER

    @modify(status_code=HTTPStatus.NO_CONTENT)
    def post(self, parsed_path: Path[OfferPath], parsed_body: Body[StepIn]) -> None:
        """Take somebody back who is not at a posting."""
        at = clock_of(self.request).now()
        actions.withdraw_offer(parsed_path.offer_id, parsed_body.reason, actor=self.actor, at=at)


class OfferHistoryController(ApiController):
    """The history of a person offered."""

    gate = SIGNED_IN

    def get(self, parsed_path: Path[OfferPath]) -> list[HistoryOut]:
        """Every step."""
        return lists.history(self.actor, parsed_path.offer_id, clock_of(self.request).now())


class OfferPhoneController(ApiController):
    """The telephone of a person offered, against a reason."""

    gate = SIGNED_IN

    @modify(status_code=HTTPStatus.OK)
    def post(self, parsed_path: Path[OfferPath], parsed_body: Body[RevealPhoneIn]) -> RevealPhoneOut:
        """The number in full; who asked and why is recorded."""
        at = clock_of(self.request).now()
        return RevealPhoneOut(
            actions.reveal_phone(parsed_path.offer_id, parsed_body.reason, actor=self.actor, at=at)
        )


class OffersImportController(ApiController):
    """People from Excel."""

    gate = SURGE_OFFER
    parsers = (MultiPartParser(),)

    def post(
        self, parsed_query: Query[OffersImportQuery], parsed_file_metadata: FileMetadata[OffersFiles]
    ) -> OffersImportOut:
        """Offer the people of a file, or with `dry_run=1` only say what it would do."""
        check_size(parsed_file_metadata.file.size, offers_file.MAX_FILE_BYTES)
        given = parsed_query
        report = offers_file.import_offers(
            self.request.FILES["file"].read(),
            days=(given.from_on, given.to_on) if given.from_on and given.to_on else None,
            actor=self.actor, at=clock_of(self.request).now(), dry_run=given.dry_run in {"1", "true"},
        )  # fmt: skip
        return OffersImportOut(
            report.dry_run, report.rows, report.created, 0, report.unchanged,
            [RowErrorOut(one.row, one.field, one.message_zh, one.message_en) for one in report.errors],
        )  # fmt: skip


class OffersTemplateController(ApiController):
    """The template of an import."""

    gate = SURGE_OFFER

    @validate(ResponseSpec(bytes, status_code=HTTPStatus.OK), validate_responses=False)
    def get(self) -> HttpResponse:
        """A workbook to fill in."""
        return download(offers_file.template(clock_of(self.request).now()), "surge-offers.xlsx")


def _keys(given: AssignIn) -> list[tuple[str, UUID]]:
    return [(one.area, one.id) for one in given.needs]


class AssignPreviewController(ApiController):
    """What one click would do."""

    gate = SURGE_MANAGE

    @modify(status_code=HTTPStatus.OK)
    def post(self, parsed_body: Body[AssignIn]) -> AssignmentOut:
        """Who would go where, and why."""
        begun, at = time.perf_counter(), clock_of(self.request).now()
        done = actions.preview(_keys(parsed_body), parsed_body.on, actor=self.actor, at=at)
        return lists.assignment_out(done, at, time.perf_counter() - begun)


class AssignController(ApiController):
    """The click."""

    gate = SURGE_MANAGE

    @modify(status_code=HTTPStatus.OK)
    def post(self, parsed_body: Body[AssignIn]) -> AssignmentOut:
        """Assign; with the token of a preview exactly what that showed. The worker tells everybody posted."""
        begun, at = time.perf_counter(), clock_of(self.request).now()
        with transaction.atomic():
            done, made = actions.assign(
                _keys(parsed_body), parsed_body.on, token=parsed_body.token, actor=self.actor, at=at
            )
            jobs.tell_posted.defer(posting_ids=[str(one.id) for one in made])
        return lists.assignment_out(done, at, time.perf_counter() - begun)


class PostingsController(ApiController):
    """Who is, and was, where."""

    gate = SIGNED_IN

    def get(self, parsed_query: Query[PostingsQuery]) -> PostingsOut:
        """Postings in the caller's sight, the newest first."""
        given, at = parsed_query, clock_of(self.request).now()
        queries.require_any(self.actor)
        rows = lists.chosen_postings(
            self.actor, at, unit_id=given.unit, compound_id=given.compound, place_id=given.place, on=given.on
        )
        return PostingsOut(lists.postings_out(self.actor, rows[: lists.MOST_LISTED], at), rows.count())


class MyPostingsController(ApiController):
    """The caller's own postings."""

    gate = SIGNED_IN

    def get(self) -> list[PostingOut]:
        """Where to go, with which first task; what is over comes last."""
        at = clock_of(self.request).now()
        rows = lists.chosen_postings(
            self.actor, at, unit_id=None, compound_id=None, place_id=None, on=None
        ).filter(offer__account_id=self.actor.account_id)
        mine = sorted(rows, key=lambda one: one.ended_at is not None) if self.actor.account_id else []
        return lists.postings_out(self.actor, mine, at)


class StepController(ApiController):
    """Report in, relieve, return."""

    gate = SIGNED_IN

    @modify(status_code=HTTPStatus.OK)
    def post(self, parsed_path: Path[StepPath], parsed_body: Body[StepIn]) -> PostingOut:
        """Take a step; the posting again."""
        at = clock_of(self.request).now()
        if parsed_path.verb not in _VERBS:
            raise InvalidInput(field="verb", reason_zh="没有这个操作。", reason_en="There is no such step.")
        done = actions.perform(
            parsed_path.area, parsed_path.row_id, _VERBS[parsed_path.verb], reason=parsed_body.reason,
            actor=self.actor, at=at,
        )  # fmt: skip
        [out] = lists.postings_out(self.actor, [lists.again(done)], at)
        return out


class SurgeExportController(ApiController):
    """Postings as Excel."""

    gate = SIGNED_IN

    @validate(ResponseSpec(bytes, status_code=HTTPStatus.OK), validate_responses=False)
    def get(self, parsed_query: Query[SurgeExportQuery]) -> HttpResponse:
        """By unit or by compound; that they were taken along is recorded."""
        given, at = parsed_query, clock_of(self.request).now()
        queries.require_any(self.actor)
        if given.by not in ("unit", "compound"):
            raise InvalidInput(
                field="by", reason_zh="应按单位或按小区。", reason_en="By unit or by compound."
            )
        rows = lists.chosen_postings(
            self.actor, at, unit_id=given.unit, compound_id=given.compound, place_id=given.place, on=given.on
        )
        content = lists.workbook(rows, given.by, at, zh=given.lang != "en")
        audit.record(actor=self.actor, event="surge.exported", detail={"by": given.by}, at=at)
        return download(content, f"surge-{given.by}-{localdate(at):%Y%m%d}.xlsx")


urlpatterns = [
    path("surge", SurgeController.as_view(), name="surge"),
    path("surge/needs", NeedsController.as_view(), name="surge-needs"),
    path(
        "surge/needs/<str:area>/<uuid:row_id>/withdraw",
        NeedWithdrawController.as_view(),
        name="surge-need-withdraw",
    ),
    path("surge/offers", OffersController.as_view(), name="surge-offers"),
    path("surge/homes", HomesController.as_view(), name="surge-homes"),
    path("surge/offers/import", OffersImportController.as_view(), name="surge-offers-import"),
    path("surge/offers/template", OffersTemplateController.as_view(), name="surge-offers-template"),
    path(
        "surge/offers/<uuid:offer_id>/withdraw",
        OfferWithdrawController.as_view(),
        name="surge-offer-withdraw",
    ),
    path(
        "surge/offers/<uuid:offer_id>/history", OfferHistoryController.as_view(), name="surge-offer-history"
    ),
    path("surge/offers/<uuid:offer_id>/phone", OfferPhoneController.as_view(), name="surge-offer-phone"),
    path("surge/assign/preview", AssignPreviewController.as_view(), name="surge-assign-preview"),
    path("surge/assign", AssignController.as_view(), name="surge-assign"),
    path("surge/postings", PostingsController.as_view(), name="surge-postings"),
    path("surge/mine", MyPostingsController.as_view(), name="surge-mine"),
    path("surge/postings/<str:area>/<uuid:row_id>/<str:verb>", StepController.as_view(), name="surge-step"),
    path("surge/export", SurgeExportController.as_view(), name="surge-export"),
    *file_routes,
]
