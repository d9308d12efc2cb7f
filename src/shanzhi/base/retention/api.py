"""Endpoints of retention."""

from http import HTTPStatus
from uuid import UUID

import msgspec
from django.http import HttpResponse
from dmr import Body, Path, Query, ResponseSpec, modify, validate
from dmr.routing import path

from shanzhi.base.access.api import ApiController, clock_of
from shanzhi.base.access.capabilities import RETENTION_SIGN, RETENTION_VIEW
from shanzhi.base.audit import actions as audit
from shanzhi.base.retention import actions, certificate, queries, shapes, shown
from shanzhi.base.retention.models import DestructionRun
from shanzhi.core.kit.errors import NotFound


class DestructionPath(msgspec.Struct):
    """Which run."""

    run_id: UUID


class DestructionVerbPath(DestructionPath):
    """Which verb."""

    verb: str


class LegalHoldPath(msgspec.Struct):
    """Which hold."""

    hold_id: UUID


class CertificateQuery(msgspec.Struct):
    """In which language."""

    lang: str = "zh"


class RetentionController(ApiController):
    """What is held, holds, runs."""

    gate = RETENTION_VIEW

    def get(self) -> shapes.RetentionOut:
        """Everything in sight."""
        return shown.overview(self.actor, clock_of(self.request).now())


class HoldsController(ApiController):
    """Holds."""

    gate = RETENTION_SIGN

    @modify(status_code=HTTPStatus.CREATED)
    def post(self, parsed_body: Body[shapes.LegalHoldIn]) -> shapes.LegalHoldOut:
        """Place one."""
        at, given = clock_of(self.request).now(), parsed_body
        made = actions.place_hold(
            activation_id=given.activation_id, holding=given.holding, reason=given.reason,
            document=given.document, until_on=given.until_on, actor=self.actor, at=at,
        )  # fmt: skip
        return shown.hold_out(made, self.actor, at)


class HoldLiftController(ApiController):
    """Holds that end."""

    gate = RETENTION_SIGN

    @modify(status_code=HTTPStatus.OK)
    def post(
        self, parsed_path: Path[LegalHoldPath], parsed_body: Body[shapes.DestructionStepIn]
    ) -> shapes.LegalHoldOut:
        """Lift one that somebody else placed."""
        at = clock_of(self.request).now()
        lifted = actions.lift_hold(parsed_path.hold_id, parsed_body.reason, actor=self.actor, at=at)
        return shown.hold_out(lifted, self.actor, at)


class RunsController(ApiController):
    """Runs."""

    gate = RETENTION_SIGN

    @modify(status_code=HTTPStatus.CREATED)
    def post(self, parsed_body: Body[shapes.DestructionPlanIn]) -> shapes.DestructionOut:
        """Plan the destruction of what a response collected."""
        at, given = clock_of(self.request).now(), parsed_body
        run = actions.plan(given.activation_id, given.due_on, given.basis, actor=self.actor, at=at)
        return shown.run_out(run, self.actor, at)


class _RunController(ApiController):
    """What those of one run share."""

    gate = RETENTION_VIEW

    def _seen(self, run_id: UUID) -> DestructionRun:
        found = queries.visible_to(self.actor, clock_of(self.request).now()).filter(id=run_id).first()
        if found is None:
            raise NotFound(field="id")
        return found


class DestructionController(_RunController):
    """One run."""

    def get(self, parsed_path: Path[DestructionPath]) -> shapes.DestructionOut:
        """With its lines; done, it is the certificate."""
        return shown.run_out(self._seen(parsed_path.run_id), self.actor, clock_of(self.request).now())


class RunVerbController(_RunController):
    """Verbs of a run."""

    gate = RETENTION_SIGN

    @modify(status_code=HTTPStatus.OK)
    def post(
        self, parsed_path: Path[DestructionVerbPath], parsed_body: Body[shapes.DestructionStepIn]
    ) -> shapes.DestructionOut:
        """count, sign, drop."""
        at = clock_of(self.request).now()
        run = actions.perform(
            parsed_path.run_id, parsed_path.verb, actor=self.actor, at=at, reason=parsed_body.reason
        )
        return shown.run_out(run, self.actor, at)


class RunPaperController(_RunController):
    """The certificate as PDF."""

    @validate(ResponseSpec(bytes, status_code=HTTPStatus.OK), validate_responses=False)
    def get(self, parsed_path: Path[DestructionPath], parsed_query: Query[CertificateQuery]) -> HttpResponse:
        """For the file and the notary."""
        run, at = self._seen(parsed_path.run_id), clock_of(self.request).now()
        audit.record(
            actor=self.actor,
            event="retention.printed",
            subject=str(run.id),
            detail={"number": run.number},
            at=at,
        )
        content = certificate.paper(run, "en" if parsed_query.lang == "en" else "zh", at)
        response = HttpResponse(content, content_type="application/pdf")
        response["Content-Disposition"] = f'inline; filename="{run.number}.pdf"'
        response["Cache-Control"] = "private, no-store"
        return response


urlpatterns = [
    path("retention", RetentionController.as_view(), name="retention"),
    path("retention/holds", HoldsController.as_view(), name="retention-holds"),
    path("retention/holds/<uuid:hold_id>/lift", HoldLiftController.as_view(), name="retention-lift"),
    path("retention/runs", RunsController.as_view(), name="retention-runs"),
    path("retention/runs/<uuid:run_id>", DestructionController.as_view(), name="retention-run"),
    path("retention/runs/<uuid:run_id>/paper", RunPaperController.as_view(), name="retention-paper"),
    path("retention/runs/<uuid:run_id>/<str:verb>", RunVerbController.as_view(), name="retention-verb"),
]
