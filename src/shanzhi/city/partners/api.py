"""Endpoints of partner organisations."""

from http import HTTPStatus

from django.http import HttpResponse
from django.utils.timezone import localdate
from dmr import Body, Path, Query, ResponseSpec, modify, validate
from dmr.routing import path

from shanzhi.base.access.api import ApiController, clock_of
from shanzhi.base.access.capabilities import PARTNER_MANAGE, PLACE_VIEW
from shanzhi.base.access.downloads import download
from shanzhi.base.audit import actions as audit
from shanzhi.city.partners import actions, lists, queries
from shanzhi.city.partners.shapes import (
    AgreementIn,
    AgreementPath,
    NewPartnerIn,
    PartnerChangeIn,
    PartnerEventOut,
    PartnerIn,
    PartnerOut,
    PartnerPath,
    PartnerPhoneOut,
    PartnerReasonIn,
    PartnersExportQuery,
    PartnersOut,
    PartnersQuery,
    PartnerStepPath,
    SaidIn,
    TaskIn,
    TaskStepPath,
)
from shanzhi.core.kit.errors import NotFound

_STEPS = {"end": actions.end, "resume": actions.resume}


def _facts(body: PartnerIn) -> actions.PartnerFacts:
    return actions.PartnerFacts(body.name, body.kind, body.contact_name, body.contact_phone, body.note)


class PartnersController(ApiController):
    """The partners of a place, and a new one."""

    gate = PLACE_VIEW

    def get(self, parsed_query: Query[PartnersQuery]) -> PartnersOut:
        """At the place and below, with agreements and tasks."""
        given = parsed_query
        return lists.overview(self.actor, clock_of(self.request).now(), given.place, given.state)

    @modify(status_code=HTTPStatus.CREATED)
    def post(self, parsed_body: Body[NewPartnerIn]) -> PartnerOut:
        """Add an organisation."""
        at = clock_of(self.request).now()
        made = actions.add(parsed_body.place_id, _facts(parsed_body), actor=self.actor, at=at)
        return lists.again(self.actor, made, at)


class PartnerController(ApiController):
    """One organisation."""

    gate = PARTNER_MANAGE

    @modify(status_code=HTTPStatus.OK)
    def post(self, parsed_path: Path[PartnerPath], parsed_body: Body[PartnerChangeIn]) -> PartnerOut:
        """Correct what is written down."""
        at = clock_of(self.request).now()
        changed = actions.change(
            parsed_path.area, parsed_path.row_id, _facts(parsed_body), keep_phone=parsed_body.keep_phone,
            actor=self.actor, at=at,
        )  # fmt: skip
        return lists.again(self.actor, changed, at)


class PartnerStepController(ApiController):
    """The end of a partnership, and its going on."""

    gate = PARTNER_MANAGE

    @modify(status_code=HTTPStatus.OK)
    def post(self, parsed_path: Path[PartnerStepPath], parsed_body: Body[SaidIn]) -> PartnerOut:
        """end or resume."""
        given, at = parsed_path, clock_of(self.request).now()
        step = _STEPS.get(given.verb)
        if step is None:
            raise NotFound(field="verb")
        done = step(given.area, given.row_id, parsed_body.said, actor=self.actor, at=at)
        return lists.again(self.actor, done, at)


class PartnerHistoryController(ApiController):
    """What happened."""

    gate = PLACE_VIEW

    def get(self, parsed_path: Path[PartnerPath]) -> list[PartnerEventOut]:
        """In order."""
        return lists.history_out(
            self.actor, parsed_path.area, parsed_path.row_id, clock_of(self.request).now()
        )


class PartnerPhoneController(ApiController):
    """The contact's telephone."""

    gate = PARTNER_MANAGE

    @modify(status_code=HTTPStatus.OK)
    def post(self, parsed_path: Path[PartnerPath], parsed_body: Body[PartnerReasonIn]) -> PartnerPhoneOut:
        """In full, against a reason that is recorded."""
        at = clock_of(self.request).now()
        return PartnerPhoneOut(
            actions.reveal_phone(
                parsed_path.area, parsed_path.row_id, parsed_body.reason, actor=self.actor, at=at
            )
        )


class AgreementsController(ApiController):
    """New agreements."""

    gate = PARTNER_MANAGE

    @modify(status_code=HTTPStatus.CREATED)
    def post(self, parsed_path: Path[PartnerPath], parsed_body: Body[AgreementIn]) -> PartnerOut:
        """Write down what was agreed."""
        given, at = parsed_body, clock_of(self.request).now()
        made = actions.agree(
            parsed_path.area, parsed_path.row_id, given.title, given.content, given.from_on, given.last_on,
            actor=self.actor, at=at,
        )  # fmt: skip
        return lists.again(self.actor, made.partner, at)


class AgreementEndController(ApiController):
    """The end of an agreement before its day."""

    gate = PARTNER_MANAGE

    @modify(status_code=HTTPStatus.OK)
    def post(self, parsed_path: Path[AgreementPath], parsed_body: Body[SaidIn]) -> PartnerOut:
        """With the reason."""
        given, at = parsed_path, clock_of(self.request).now()
        done = actions.end_agreement(
            given.area, given.row_id, given.agreement_id, parsed_body.said, actor=self.actor, at=at
        )
        return lists.again(self.actor, done.partner, at)


class PartnerTasksController(ApiController):
    """New tasks."""

    gate = PARTNER_MANAGE

    @modify(status_code=HTTPStatus.CREATED)
    def post(self, parsed_path: Path[PartnerPath], parsed_body: Body[TaskIn]) -> PartnerOut:
        """What the partner takes on."""
        given, at = parsed_body, clock_of(self.request).now()
        made = actions.set_task(
            parsed_path.area, parsed_path.row_id, given.what, given.due_on, given.agreement_id,
            actor=self.actor, at=at,
        )  # fmt: skip
        return lists.again(self.actor, made.partner, at)


class PartnerTaskStepController(ApiController):
    """A step with a task."""

    gate = PARTNER_MANAGE

    @modify(status_code=HTTPStatus.OK)
    def post(self, parsed_path: Path[TaskStepPath], parsed_body: Body[SaidIn]) -> PartnerOut:
        """finish, drop or reopen."""
        given, at = parsed_path, clock_of(self.request).now()
        done = actions.perform(
            given.area, given.row_id, given.task_id, given.verb, parsed_body.said, actor=self.actor, at=at
        )
        return lists.again(self.actor, done.partner, at)


class PartnersExportController(ApiController):
    """The list to take along."""

    gate = PLACE_VIEW

    @validate(ResponseSpec(bytes, status_code=HTTPStatus.OK), validate_responses=False)
    def get(self, parsed_query: Query[PartnersExportQuery]) -> HttpResponse:
        """Excel; that it was taken along is recorded."""
        given, at = parsed_query, clock_of(self.request).now()
        on = localdate(at)
        found = queries.listed(self.actor, on, place_id=given.place, state=lists.state_of(given.state))
        rows = list(found.select_related("place")[: lists.MOST_EXPORTED])
        content = lists.as_workbook(rows, at, zh=given.lang != "en")
        audit.record(
            actor=self.actor, event="partners.exported", subject=str(given.place), detail={"rows": len(rows)},
            at=at,
        )  # fmt: skip
        return download(content, f"partners-{on:%Y%m%d}.xlsx")


_ONE = "partners/<str:area>/<uuid:row_id>"
urlpatterns = [
    path("partners", PartnersController.as_view(), name="partners"),
    path("partners/export", PartnersExportController.as_view(), name="partners-export"),
    path(_ONE, PartnerController.as_view(), name="partner"),
    path(f"{_ONE}/history", PartnerHistoryController.as_view(), name="partner-history"),
    path(f"{_ONE}/phone", PartnerPhoneController.as_view(), name="partner-phone"),
    path(f"{_ONE}/agreements", AgreementsController.as_view(), name="partner-agreements"),
    path(
        f"{_ONE}/agreements/<uuid:agreement_id>/end",
        AgreementEndController.as_view(),
        name="partner-agreement-end",
    ),
    path(f"{_ONE}/tasks", PartnerTasksController.as_view(), name="partner-tasks"),
    path(
        f"{_ONE}/tasks/<uuid:task_id>/<str:verb>",
        PartnerTaskStepController.as_view(),
        name="partner-task-step",
    ),
    path(f"{_ONE}/step/<str:verb>", PartnerStepController.as_view(), name="partner-step"),
]
