"""Endpoints for results, re-tests, and what is taken along: Excel and slips."""

from http import HTTPStatus
from uuid import UUID

import msgspec
from django.conf import settings
from django.http import HttpResponse
from dmr import Body, FileMetadata, Path, Query, ResponseSpec, modify, validate
from dmr.parsers import MultiPartParser
from dmr.routing import path

from shanzhi.base.access.api import ApiController, clock_of
from shanzhi.base.access.capabilities import SAMPLING_MANAGE
from shanzhi.base.audit import actions as audit
from shanzhi.core.documents import check_size
from shanzhi.core.kit.errors import InvalidInput
from shanzhi.scenes.sampling import papers, point_shapes, queries, results, shapes, shown
from shanzhi.scenes.sampling.seeing import CampaignBase, CampaignPath

EXCEL = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


def _file(content: bytes, name: str, kind: str) -> HttpResponse:
    response = HttpResponse(content, content_type=kind)
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    response["Cache-Control"] = "private, no-store"
    return response


class CampaignFileQuery(msgspec.Struct):
    """In which language; of which place."""

    lang: str = "zh"
    place: UUID | None = None


class ResultsQuery(msgspec.Struct):
    """`dry_run=1`: only say what it would do."""

    dry_run: str = ""


class ResultsTable(msgspec.Struct):
    """Facts of the uploaded file."""

    name: str
    size: int


class ResultFiles(msgspec.Struct):
    """The one file of an import."""

    file: ResultsTable


class CampaignRetestsController(CampaignBase):
    """Who is to be sampled again."""

    gate = SAMPLING_MANAGE

    def get(self, parsed_path: Path[CampaignPath]) -> list[point_shapes.RetestOut]:
        """Households by their doors; that they were looked at is recorded."""
        campaign = self._seen(parsed_path.campaign_id)
        found = queries.retests(campaign, self._scope(campaign))
        at = clock_of(self.request).now()
        audit.record(actor=self.actor, event="sampling.retests_read", subject=str(campaign.id), at=at)
        return [shown.retest_out(one) for one in found]


class CampaignResultsController(CampaignBase):
    """Results from a laboratory's file."""

    gate = SAMPLING_MANAGE
    parsers = (MultiPartParser(),)

    def post(
        self, parsed_path: Path[CampaignPath], parsed_query: Query[ResultsQuery],
        parsed_file_metadata: FileMetadata[ResultFiles],
    ) -> shapes.ResultsOut:  # fmt: skip
        """Take them, or with `dry_run=1` only say what it would do."""
        check_size(parsed_file_metadata.file.size, results.MAX_FILE_BYTES)
        found = results.import_results(
            parsed_path.campaign_id, self.request.FILES["file"].read(), actor=self.actor,
            at=clock_of(self.request).now(), dry_run=parsed_query.dry_run in {"1", "true"},
        )  # fmt: skip
        return shapes.ResultsOut(
            found.dry_run, found.rows, found.negative, found.positive, found.invalid, found.unchanged, found.retests,
            [
                shapes.SamplingRowErrorOut(one.row, one.field, one.message_zh, one.message_en)
                for one in found.errors[:500]
            ],
        )  # fmt: skip


class CampaignCorrectController(CampaignBase):
    """A result that was wrong."""

    gate = SAMPLING_MANAGE

    @modify(status_code=HTTPStatus.OK)
    def post(
        self, parsed_path: Path[CampaignPath], parsed_body: Body[shapes.CorrectIn]
    ) -> shapes.CorrectedOut:
        """Correct it, with a reason."""
        return shapes.CorrectedOut(
            results.correct(
                parsed_path.campaign_id, parsed_body.barcode, parsed_body.result, parsed_body.reason,
                actor=self.actor, at=clock_of(self.request).now(),
            )
        )  # fmt: skip


class ResultsTemplateController(ApiController):
    """The template of an import."""

    gate = SAMPLING_MANAGE

    @validate(ResponseSpec(bytes, status_code=HTTPStatus.OK), validate_responses=False)
    def get(self) -> HttpResponse:
        """A workbook to fill in."""
        return _file(results.template(clock_of(self.request).now()), "sampling-results.xlsx", EXCEL)


class CampaignExportController(CampaignBase):
    """A campaign as Excel."""

    @validate(ResponseSpec(bytes, status_code=HTTPStatus.OK), validate_responses=False)
    def get(self, parsed_path: Path[CampaignPath], parsed_query: Query[CampaignFileQuery]) -> HttpResponse:
        """Points, coverage, doors that have not come, in sight; that it was taken along is recorded."""
        at, campaign = clock_of(self.request).now(), self._seen(parsed_path.campaign_id)
        content = papers.workbook(campaign, self._scope(campaign), at, zh=parsed_query.lang != "en")
        audit.record(actor=self.actor, event="sampling.exported", subject=str(campaign.id), at=at)
        return _file(content, f"sampling-{campaign.number}.xlsx", EXCEL)


class CampaignSlipsController(CampaignBase):
    """Slips to print."""

    @validate(ResponseSpec(bytes, status_code=HTTPStatus.OK), validate_responses=False)
    def get(self, parsed_path: Path[CampaignPath], parsed_query: Query[CampaignFileQuery]) -> HttpResponse:
        """A QR code for each household of a place."""
        at, campaign = clock_of(self.request).now(), self._seen(parsed_path.campaign_id)
        if parsed_query.place is None:
            raise InvalidInput(field="place", reason_zh="请选择微网格。", reason_en="Choose a micro-grid.")
        self._scope(campaign, parsed_query.place)
        origin = settings.SHANZHI_PUBLIC_URL or self.request.build_absolute_uri("/").rstrip("/")
        content = papers.slips(campaign, parsed_query.place, origin, at)
        audit.record(actor=self.actor, event="sampling.slips_printed", subject=str(campaign.id), at=at)
        return _file(content, f"slips-{campaign.number}.pdf", "application/pdf")


class CampaignRetestsExportController(CampaignBase):
    """The list of re-tests as Excel."""

    gate = SAMPLING_MANAGE

    @validate(ResponseSpec(bytes, status_code=HTTPStatus.OK), validate_responses=False)
    def get(self, parsed_path: Path[CampaignPath], parsed_query: Query[CampaignFileQuery]) -> HttpResponse:
        """For those who go there; that it was taken along is recorded."""
        at, campaign = clock_of(self.request).now(), self._seen(parsed_path.campaign_id)
        content = papers.retest_workbook(campaign, self._scope(campaign), at, zh=parsed_query.lang != "en")
        audit.record(actor=self.actor, event="sampling.retests_exported", subject=str(campaign.id), at=at)
        return _file(content, f"retests-{campaign.number}.xlsx", EXCEL)


_ONE = "sampling/campaigns/<uuid:campaign_id>"
urlpatterns = [
    path("sampling/results/template", ResultsTemplateController.as_view(), name="sampling-results-template"),
    path(f"{_ONE}/retests", CampaignRetestsController.as_view(), name="sampling-retests"),
    path(f"{_ONE}/retests/export", CampaignRetestsExportController.as_view(), name="sampling-retests-export"),
    path(f"{_ONE}/results", CampaignResultsController.as_view(), name="sampling-results"),
    path(f"{_ONE}/results/correct", CampaignCorrectController.as_view(), name="sampling-correct"),
    path(f"{_ONE}/export", CampaignExportController.as_view(), name="sampling-export"),
    path(f"{_ONE}/slips", CampaignSlipsController.as_view(), name="sampling-slips"),
]  # fmt: skip
