"""Endpoints of division into micro-grids."""

from datetime import date
from http import HTTPStatus
from uuid import UUID

import msgspec
from django.http import HttpResponse
from django.utils.timezone import localdate
from dmr import Body, Path, Query, ResponseSpec, modify, validate
from dmr.routing import path

from shanzhi.base.access.api import ApiController, clock_of
from shanzhi.base.access.capabilities import PLACE_MANAGE, PLACE_VIEW
from shanzhi.base.audit import actions as audit
from shanzhi.city.gridding import actions, bounds, export, jobs, queries, standing
from shanzhi.city.gridding.shown import (
    CommunityPlanOut,
    ProposalOut,
    ProposalRowOut,
    community_out,
    proposal_out,
    row_out,
)
from shanzhi.city.places.changes_api import TouchedOut
from shanzhi.core.kit.errors import InvalidInput

_NEWEST = 100


class ProposalIn(msgspec.Struct):
    """A division that is asked for. Without bounds: the usual ones of the pack."""

    place_ids: list[UUID]
    name: str = ""
    low: int | None = None
    high: int | None = None
    target: int | None = None
    mode: str = "fast"
    emergency: bool = False


class PresetOut(msgspec.Struct):
    """Usual bounds."""

    code: str
    zh: str
    en: str
    low: int
    high: int
    target: int


class ProposalsOut(msgspec.Struct):
    """The newest proposals in the caller's sight, and the usual bounds."""

    items: list[ProposalRowOut]
    presets: list[PresetOut]


class ProposalPath(msgspec.Struct):
    """Which proposal."""

    proposal_id: UUID


class PartPath(msgspec.Struct):
    """Which community of which proposal."""

    proposal_id: UUID
    place_id: UUID


class EditIn(msgspec.Struct):
    """A correction: `move` floors to a label, `split` them off, `merge` labels. `accept`: why out of the band."""

    version: int
    kind: str
    floors: list[UUID] = []
    to: int | None = None
    labels: list[int] = []
    accept: str = ""


class VersionIn(msgspec.Struct):
    """The version that the caller has seen."""

    version: int


class PublishIn(msgspec.Struct):
    """Publish as of a day."""

    version: int
    on: date
    reason: str


class ClosedOut(msgspec.Struct):
    """A micro-grid that ends."""

    id: UUID
    code: str
    name: str


class PublishPreviewOut(msgspec.Struct):
    """What a publishing would do."""

    created: int
    kept: int
    closed: list[ClosedOut]
    moved_households: int
    touches: list[TouchedOut]


class ExportQuery(msgspec.Struct):
    """xlsx or geojson; of one community, or of all."""

    format: str = "xlsx"
    place: UUID | None = None


class ListExportQuery(msgspec.Struct):
    """In which language."""

    lang: str = "zh"


class ProposalsController(ApiController):
    """Proposals."""

    gate = PLACE_VIEW

    def get(self) -> ProposalsOut:
        """The newest first."""
        on = localdate(clock_of(self.request).now())
        found = queries.visible_to(self.actor, on)[:_NEWEST]
        return ProposalsOut(
            [row_out(one) for one in found], [PresetOut(**preset) for preset in bounds.pack()["presets"]]
        )

    @modify(status_code=HTTPStatus.CREATED)
    def post(self, parsed_body: Body[ProposalIn]) -> ProposalRowOut:
        """Ask for a division; it is worked out in the background."""
        given = parsed_body
        usual = bounds.pack()["presets"][0]
        made = actions.create(
            actions.NewProposal(
                given.name, given.place_ids,
                usual["low"] if given.low is None else given.low,
                usual["high"] if given.high is None else given.high,
                usual["target"] if given.target is None else given.target,
                given.mode, given.emergency,
            ),
            actor=self.actor, at=clock_of(self.request).now(),
        )  # fmt: skip
        jobs.work_out_proposal.defer(proposal_id=str(made.id))
        return row_out(made)


class ProposalController(ApiController):
    """One proposal."""

    gate = PLACE_VIEW

    def get(self, parsed_path: Path[ProposalPath]) -> ProposalOut:
        """State, progress, numbers, communities, exceptions."""
        on = localdate(clock_of(self.request).now())
        return proposal_out(queries.proposal(parsed_path.proposal_id, self.actor, on))


class PartController(ApiController):
    """One community of a proposal."""

    gate = PLACE_VIEW

    def get(self, parsed_path: Path[PartPath]) -> CommunityPlanOut:
        """Its micro-grids, buildings and polygons."""
        on = localdate(clock_of(self.request).now())
        found = queries.proposal(parsed_path.proposal_id, self.actor, on)
        return community_out(found, queries.part(found, parsed_path.place_id), on)


class EditsController(ApiController):
    """Corrections by hand."""

    gate = PLACE_MANAGE

    @modify(status_code=HTTPStatus.OK)
    def post(self, parsed_path: Path[PartPath], parsed_body: Body[EditIn]) -> CommunityPlanOut:
        """Move, split or merge; checked at once."""
        at = clock_of(self.request).now()
        given = parsed_body
        found, part = actions.edit(
            parsed_path.proposal_id, parsed_path.place_id,
            actions.NewEdit(given.version, given.kind, given.floors, given.to, given.labels, given.accept),
            actor=self.actor, at=at,
        )  # fmt: skip
        return community_out(found, part, localdate(at))


class UndoController(ApiController):
    """Taking back the newest correction."""

    gate = PLACE_MANAGE

    @modify(status_code=HTTPStatus.OK)
    def post(self, parsed_path: Path[PartPath], parsed_body: Body[VersionIn]) -> CommunityPlanOut:
        """The community as it was before."""
        at = clock_of(self.request).now()
        found, part = actions.undo(
            parsed_path.proposal_id, parsed_path.place_id, parsed_body.version, actor=self.actor, at=at
        )
        return community_out(found, part, localdate(at))


class PublishPreviewController(ApiController):
    """What publishing would do."""

    gate = PLACE_MANAGE

    @modify(status_code=HTTPStatus.OK)
    def post(self, parsed_path: Path[ProposalPath]) -> PublishPreviewOut:
        """Counts, and what ends; nothing is written."""
        on = localdate(clock_of(self.request).now())
        found = queries.proposal(parsed_path.proposal_id, self.actor, on, PLACE_MANAGE)
        shown = standing.preview(found, on)
        return PublishPreviewOut(
            shown.created, shown.kept, [ClosedOut(one.id, one.code, one.name) for one in shown.closed],
            shown.moved_households,
            [TouchedOut(one.kind, one.zh, one.en, one.count) for one in shown.touches],
        )  # fmt: skip


class PublishController(ApiController):
    """Publishing."""

    gate = PLACE_MANAGE

    @modify(status_code=HTTPStatus.OK)
    def post(self, parsed_path: Path[ProposalPath], parsed_body: Body[PublishIn]) -> ProposalRowOut:
        """Begin to publish; it is done in the background."""
        given, actor = parsed_body, self.actor
        found = actions.begin_publishing(
            parsed_path.proposal_id, given.version, on=given.on, reason=given.reason, actor=actor,
            at=clock_of(self.request).now(),
        )  # fmt: skip
        jobs.publish_proposal.defer(
            proposal_id=str(found.id), on=given.on.isoformat(), reason=given.reason,
            account_id=str(actor.account_id) if actor.account_id else None, name=actor.name,
        )  # fmt: skip
        return row_out(found)


class DiscardController(ApiController):
    """Laying a proposal aside."""

    gate = PLACE_MANAGE

    @modify(status_code=HTTPStatus.OK)
    def post(self, parsed_path: Path[ProposalPath], parsed_body: Body[VersionIn]) -> ProposalRowOut:
        """It stays readable."""
        return row_out(
            actions.discard(
                parsed_path.proposal_id,
                parsed_body.version,
                actor=self.actor,
                at=clock_of(self.request).now(),
            )
        )


class ExportController(ApiController):
    """A proposal to take along."""

    gate = PLACE_VIEW

    @validate(ResponseSpec(bytes, status_code=HTTPStatus.OK), validate_responses=False)
    def get(self, parsed_path: Path[ProposalPath], parsed_query: Query[ExportQuery]) -> HttpResponse:
        """Excel or GeoJSON; that it was taken along is recorded."""
        at = clock_of(self.request).now()
        on = localdate(at)
        found = queries.proposal(parsed_path.proposal_id, self.actor, on)
        place_id = parsed_query.place
        if place_id is not None:
            queries.part(found, place_id)
        if parsed_query.format == "xlsx":
            content, kind = export.as_workbook(found, on, at, place_id), export.EXCEL
        elif parsed_query.format == "geojson":
            content, kind = export.as_geojson(found, on, place_id), "application/geo+json"
        else:
            raise InvalidInput(
                field="format", reason_zh="格式应为 xlsx 或 geojson。", reason_en="xlsx or geojson."
            )
        audit.record(actor=self.actor, event="gridding.exported", subject=str(found.id), detail={}, at=at)
        response = HttpResponse(content, content_type=kind)
        response["Content-Disposition"] = f'attachment; filename="division-{on:%Y%m%d}.{parsed_query.format}"'
        return response


class ListExportController(ApiController):
    """The list of proposals to take along."""

    gate = PLACE_VIEW

    @validate(ResponseSpec(bytes, status_code=HTTPStatus.OK), validate_responses=False)
    def get(self, parsed_query: Query[ListExportQuery]) -> HttpResponse:
        """Excel; that it was taken along is recorded."""
        at = clock_of(self.request).now()
        on = localdate(at)
        found = queries.visible_to(self.actor, on)[:_NEWEST]
        content = export.list_as_workbook(found, at, zh=parsed_query.lang != "en")
        audit.record(actor=self.actor, event="gridding.list.exported", detail={}, at=at)
        response = HttpResponse(content, content_type=export.EXCEL)
        response["Content-Disposition"] = f'attachment; filename="divisions-{on:%Y%m%d}.xlsx"'
        return response


urlpatterns = [
    path("proposals/export", ListExportController.as_view(), name="proposals-export"),
    path("proposals", ProposalsController.as_view(), name="proposals"),
    path("proposals/<uuid:proposal_id>", ProposalController.as_view(), name="proposal"),
    path("proposals/<uuid:proposal_id>/preview", PublishPreviewController.as_view(), name="proposal-preview"),
    path("proposals/<uuid:proposal_id>/publish", PublishController.as_view(), name="proposal-publish"),
    path("proposals/<uuid:proposal_id>/discard", DiscardController.as_view(), name="proposal-discard"),
    path("proposals/<uuid:proposal_id>/export", ExportController.as_view(), name="proposal-export"),
    path(
        "proposals/<uuid:proposal_id>/communities/<uuid:place_id>", PartController.as_view(), name="proposal-part"
    ),
    path(
        "proposals/<uuid:proposal_id>/communities/<uuid:place_id>/edits", EditsController.as_view(),
        name="proposal-edits",
    ),
    path(
        "proposals/<uuid:proposal_id>/communities/<uuid:place_id>/undo", UndoController.as_view(),
        name="proposal-undo",
    ),
]  # fmt: skip
