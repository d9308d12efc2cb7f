"""Endpoints of plans. Notices and objections are in `public_api`."""

from http import HTTPStatus

import msgspec
import yaml
from django.http import HttpResponse
from django.utils.timezone import localdate
from dmr import Body, Path, Query, ResponseSpec, modify, validate
from dmr.routing import path

from shanzhi.base.access.api import ApiController, clock_of
from shanzhi.base.access.capabilities import PLAN_EDIT, PLAN_VIEW, RESPONSE_PROPOSE
from shanzhi.base.access.downloads import download
from shanzhi.base.audit import actions as audit
from shanzhi.city.modes import shown as responses
from shanzhi.city.modes.queries import level_of
from shanzhi.city.modes.rules import limit_of
from shanzhi.command.plans import (
    actions,
    diffing,
    lists,
    packs,
    printing,
    proposing,
    public,
    public_api,
    queries,
    shapes,
    shown,
)
from shanzhi.command.plans.flow import VERSION
from shanzhi.command.plans.models import Plan, PlanVersion
from shanzhi.command.plans.starting import blank
from shanzhi.core.kit.errors import InvalidInput, NotFound


class PlanPath(msgspec.Struct):
    """Which plan."""

    code: str


class VersionPath(PlanPath):
    """Which version."""

    number: int


class VersionVerbPath(VersionPath):
    """Which verb."""

    verb: str


class DiffQuery(msgspec.Struct):
    """Compared with which older version."""

    old: int


class LanguageQuery(msgspec.Struct):
    """In which language."""

    lang: str = "zh"


class _PlanController(ApiController):
    """What those of one plan share."""

    gate = PLAN_VIEW

    def _plan(self, code: str) -> Plan:
        return queries.plan(self.actor, code, localdate(clock_of(self.request).now()))

    def _out(self, plan: Plan, row: PlanVersion) -> shapes.PlanOut:
        return shown.plan_out(plan, row, self.actor, clock_of(self.request).now())


class PlansController(ApiController):
    """Plans."""

    gate = PLAN_VIEW

    def get(self) -> shapes.PlansOut:
        """Those in sight."""
        on = localdate(clock_of(self.request).now())
        found = list(queries.visible_to(self.actor, on).select_related("place"))
        return shapes.PlansOut(
            shown.rows_out(found, on), self.actor.can(PLAN_EDIT), self.actor.can(RESPONSE_PROPOSE)
        )


class PlansExportController(ApiController):
    """The list of plans as Excel."""

    gate = PLAN_VIEW

    @validate(ResponseSpec(bytes, status_code=HTTPStatus.OK), validate_responses=False)
    def get(self, parsed_query: Query[LanguageQuery]) -> HttpResponse:
        """Those in sight; that it was taken along is recorded."""
        at = clock_of(self.request).now()
        found = list(queries.visible_to(self.actor, localdate(at)).select_related("place"))
        content = lists.as_workbook(found, at, zh=parsed_query.lang != "en")
        audit.record(actor=self.actor, event="plans.exported", detail={"rows": len(found)}, at=at)
        return download(content, f"plans-{localdate(at):%Y%m%d}.xlsx")


class NewPlanController(_PlanController):
    """New plans."""

    gate = PLAN_EDIT

    @modify(status_code=HTTPStatus.CREATED)
    def post(self, parsed_body: Body[shapes.NewPlanIn]) -> shapes.PlanOut:
        """Begin one, blank or as a copy."""
        given, at = parsed_body, clock_of(self.request).now()
        if given.copy_of:
            plan = self._plan(given.copy_of)
            base = queries.in_force(plan) or queries.versions([plan.id]).first()
            if base is None:
                raise NotFound(field="copy_of")
            doc = queries.document_of(base)
        else:
            doc = blank()
        doc = msgspec.structs.replace(
            doc, code=given.code.strip(), zh=given.zh.strip(), en=given.en.strip(), hazard=given.hazard
        )
        row = actions.create(doc, given.place_id, actor=self.actor, at=at)
        return self._out(self._plan(row.plan.code), row)


class PlanOptionsController(ApiController):
    """What the editor offers."""

    gate = PLAN_VIEW

    def get(self) -> shapes.PlanOptionsOut:
        """Hazards, posts, parts with their fields."""
        return shown.options()


class PlanController(_PlanController):
    """One plan."""

    def get(self, parsed_path: Path[PlanPath]) -> shapes.PlanOut:
        """The version in force, or the newest."""
        plan = self._plan(parsed_path.code)
        row = queries.in_force(plan) or queries.versions([plan.id]).first()
        if row is None:
            raise NotFound(field="code")
        return self._out(plan, row)


class PlanVersionController(_PlanController):
    """One version."""

    def get(self, parsed_path: Path[VersionPath]) -> shapes.PlanOut:
        """The whole of it."""
        plan = self._plan(parsed_path.code)
        return self._out(plan, queries.version(plan, parsed_path.number))


class PlanDraftController(_PlanController):
    """The draft of the next version."""

    gate = PLAN_EDIT

    @modify(status_code=HTTPStatus.CREATED)
    def post(self, parsed_path: Path[PlanPath]) -> shapes.PlanOut:
        """Begin it with what is in force."""
        row = actions.begin_draft(parsed_path.code, actor=self.actor, at=clock_of(self.request).now())
        return self._out(self._plan(parsed_path.code), row)


class PlanSaveController(_PlanController):
    """The draft."""

    gate = PLAN_EDIT

    @modify(status_code=HTTPStatus.OK)
    def post(self, parsed_path: Path[PlanPath], parsed_body: Body[shapes.SavePlanIn]) -> shapes.PlanOut:
        """Save it."""
        given, at = parsed_body, clock_of(self.request).now()
        row = actions.save(
            parsed_path.code, given.content, given.note, seen=given.seen, actor=self.actor, at=at
        )
        return self._out(self._plan(parsed_path.code), row)


class PlanSaveYamlController(_PlanController):
    """The draft as text."""

    gate = PLAN_EDIT

    @modify(status_code=HTTPStatus.OK)
    def post(self, parsed_path: Path[PlanPath], parsed_body: Body[shapes.SaveYamlIn]) -> shapes.PlanOut:
        """Save it."""
        given, at = parsed_body, clock_of(self.request).now()
        try:
            content = yaml.safe_load(given.text)
        except yaml.YAMLError as error:
            mark = getattr(error, "problem_mark", None)
            line = mark.line + 1 if mark else 1
            raise InvalidInput(
                field="text", reason_zh=f"第 {line} 行不是合格的 YAML。", reason_en=f"Line {line} is no YAML."
            ) from None
        if not isinstance(content, dict):
            raise InvalidInput(field="text", reason_zh="预案内容为空。", reason_en="There is no plan in it.")
        row = actions.save(parsed_path.code, content, given.note, seen=given.seen, actor=self.actor, at=at)
        return self._out(self._plan(parsed_path.code), row)


class PlanVerbController(_PlanController):
    """Submit, send back, approve …"""

    @modify(status_code=HTTPStatus.OK)
    def post(
        self, parsed_path: Path[VersionVerbPath], parsed_body: Body[shapes.PlanStepIn]
    ) -> shapes.PlanOut:
        """Do a verb to a version."""
        verb = parsed_path.verb.replace("-", "_")
        if verb not in VERSION.verbs:
            raise InvalidInput(field="verb", reason_zh="没有这个操作。", reason_en="There is no such verb.")
        row = actions.perform(
            parsed_path.code, parsed_path.number, verb, actor=self.actor, at=clock_of(self.request).now(),
            reason=parsed_body.reason, seen=parsed_body.seen,
        )  # fmt: skip
        return self._out(self._plan(parsed_path.code), row)


class PlanDiffController(_PlanController):
    """Two versions side by side."""

    def get(self, parsed_path: Path[VersionPath], parsed_query: Query[DiffQuery]) -> shapes.PlanDiffOut:
        """What changed."""
        plan = self._plan(parsed_path.code)
        old, new = (queries.version(plan, one) for one in (parsed_query.old, parsed_path.number))
        found = diffing.changes(queries.document_of(old), queries.document_of(new))
        return shapes.PlanDiffOut(old.number, new.number, found)


class PlanPaperController(_PlanController):
    """A version on paper."""

    @validate(ResponseSpec(bytes, status_code=HTTPStatus.OK), validate_responses=False)
    def get(self, parsed_path: Path[VersionPath], parsed_query: Query[LanguageQuery]) -> HttpResponse:
        """As PDF."""
        plan, at = self._plan(parsed_path.code), clock_of(self.request).now()
        row = queries.version(plan, parsed_path.number)
        content = printing.as_paper(row, self.actor, at, "en" if parsed_query.lang == "en" else "zh")
        response = HttpResponse(content, content_type="application/pdf")
        response["Content-Disposition"] = f'inline; filename="plan-{plan.code}-v{row.number}.pdf"'
        response["Cache-Control"] = "private, no-store"
        return response


class PlanYamlController(_PlanController):
    """A version as the text of a pack."""

    @validate(ResponseSpec(bytes, status_code=HTTPStatus.OK), validate_responses=False)
    def get(self, parsed_path: Path[VersionPath]) -> HttpResponse:
        """As YAML."""
        plan = self._plan(parsed_path.code)
        text = packs.as_yaml(queries.document_of(queries.version(plan, parsed_path.number)))
        response = HttpResponse(text, content_type="application/yaml; charset=utf-8")
        response["Content-Disposition"] = f'inline; filename="{plan.code}.yaml"'
        response["Cache-Control"] = "private, no-store"
        return response


def _wanted(given: shapes.ProposeIn) -> proposing.Wanted:
    return proposing.Wanted(**msgspec.structs.asdict(given))


class ProposalPreviewController(_PlanController):
    """A dry run of a proposal."""

    gate = RESPONSE_PROPOSE

    @modify(status_code=HTTPStatus.OK)
    def post(
        self, parsed_path: Path[PlanPath], parsed_body: Body[shapes.ProposeIn]
    ) -> shapes.ProposalPreviewOut:
        """Everything that it would do; nothing is written."""
        at = clock_of(self.request).now()
        row = proposing.drafted(parsed_path.code, _wanted(parsed_body), actor=self.actor, at=at)
        content = level_of(row)
        found = responses.proposal_preview_out(row, content, row.proposed_by_id, at)
        notices = public.notice_previews(row, content.parts.get("notices", []), at)
        return shapes.ProposalPreviewOut(found.begins, notices, found.wrong, limit_of(content, localdate(at)))


class ProposeController(_PlanController):
    """New responses."""

    gate = RESPONSE_PROPOSE

    @modify(status_code=HTTPStatus.CREATED)
    def post(self, parsed_path: Path[PlanPath], parsed_body: Body[shapes.ProposeIn]) -> shapes.ProposedOut:
        """Propose one."""
        at = clock_of(self.request).now()
        row = proposing.propose(parsed_path.code, _wanted(parsed_body), actor=self.actor, at=at)
        return shapes.ProposedOut(row.id, row.number)


_ONE = "plans/<str:code>"
_VERSION = f"{_ONE}/versions/<int:number>"
urlpatterns = [
    path("plans", PlansController.as_view(), name="plans"),
    path("plans/export", PlansExportController.as_view(), name="plans-export"),
    path("plans/options", PlanOptionsController.as_view(), name="plan-options"),
    path("plans/new", NewPlanController.as_view(), name="plan-new"),
    path(_ONE, PlanController.as_view(), name="plan"),
    path(f"{_ONE}/draft", PlanDraftController.as_view(), name="plan-draft"),
    path(f"{_ONE}/save", PlanSaveController.as_view(), name="plan-save"),
    path(f"{_ONE}/save-yaml", PlanSaveYamlController.as_view(), name="plan-save-yaml"),
    path(f"{_ONE}/preview", ProposalPreviewController.as_view(), name="plan-preview"),
    path(f"{_ONE}/propose", ProposeController.as_view(), name="plan-propose"),
    path(_VERSION, PlanVersionController.as_view(), name="plan-version"),
    path(f"{_VERSION}/diff", PlanDiffController.as_view(), name="plan-diff"),
    path(f"{_VERSION}/paper", PlanPaperController.as_view(), name="plan-paper"),
    path(f"{_VERSION}/yaml", PlanYamlController.as_view(), name="plan-yaml"),
    path(f"{_VERSION}/<str:verb>", PlanVerbController.as_view(), name="plan-verb"),
    *public_api.urlpatterns,
]
