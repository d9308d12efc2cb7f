"""Endpoints of the fenced store, for tracers; and the page on which a person sees who looked. No export."""

from collections.abc import Sequence
from datetime import datetime
from http import HTTPStatus
from uuid import UUID

import msgspec
from django.conf import settings
from django.http import HttpResponse
from django.utils.timezone import localdate
from dmr import Body, Headers, Path, ResponseSpec, modify, validate
from dmr.routing import path

from shanzhi.base.access.api import PUBLIC, ApiController, clock_of
from shanzhi.base.access.capabilities import CONTACT_TRACE
from shanzhi.city.people import queries as people
from shanzhi.core.kit.masking import mask_name, mask_phone
from shanzhi.scenes.isolation import contacts_actions as actions
from shanzhi.scenes.isolation import contacts_queries as store
from shanzhi.scenes.isolation import leads, packs, queries
from shanzhi.scenes.isolation.contacts_models import (
    ContactPerson,
    ContactState,
    ContactTask,
    FactKind,
    LeadState,
)
from shanzhi.scenes.isolation.contacts_shapes import (
    ContactFactIn,
    ContactFactOut,
    ContactFactsIn,
    ContactLeadOut,
    ContactLinkOut,
    ContactNamedOut,
    ContactPersonIn,
    ContactPersonOut,
    ContactReadOut,
    ContactReasonIn,
    ContactReferredOut,
    ContactRevealIn,
    ContactRevealOut,
    ContactSelfOut,
    ContactTaskIn,
    ContactTaskOut,
    ContactTaskPageOut,
    ContactTasksOut,
)

_DEGREES = {0: ("指示病例", "The case"), 1: ("密接", "Contact"), 2: ("次密接", "Contact's contact")}
_STATES = dict(ContactState.choices)
_KINDS = dict(FactKind.choices)


class ContactKeyPath(msgspec.Struct):
    """Which row."""

    area: str
    row_id: UUID


class ContactNumberPath(msgspec.Struct):
    """Which person, by their number."""

    number: str


class ContactHeaders(msgspec.Struct):
    """The secret travels in a header."""

    secret: str = msgspec.field(name="X-Follow-Secret", default="")


def _two(label: str) -> tuple[str, str]:
    zh, _, en = str(label).partition(" ")
    return zh, en


def _tasks_out(tasks: Sequence[ContactTask], at: datetime) -> list[ContactTaskOut]:
    names = queries.place_names([task.community_id for task in tasks], localdate(at))
    return [
        ContactTaskOut(
            task.area, task.id, task.number, names.get(task.community_id, ""), task.document, task.opened_by,
            task.opened_at, task.destroy_at, getattr(task, "people", 0),
        )
        for task in tasks
    ]  # fmt: skip


def _people_out(rows: Sequence[ContactPerson]) -> list[ContactPersonOut]:
    facts = store.facts_of(rows)
    return [
        ContactPersonOut(
            one.area, one.id, one.number, one.degree, *_DEGREES[one.degree], mask_name(one.name),
            mask_phone(one.phone or ""), one.state, *_two(_STATES[one.state]), one.found_through_id,
            one.last_exposed_on, one.observe_until_on, one.destroy_at,
            [
                ContactFactOut(*_two(_KINDS[fact.kind]), fact.value, fact.on_day)
                for fact in facts.get(one.id, [])
            ],
        )
        for one in rows
    ]  # fmt: skip


def _new(given: ContactPersonIn) -> actions.NewPerson:
    return actions.NewPerson(
        given.id, given.name, given.last_exposed_on, given.phone, given.found_through, _facts(given.facts)
    )


def _facts(given: Sequence[ContactFactIn]) -> list[actions.NewFact]:
    return [actions.NewFact(one.kind, one.value, one.on_day) for one in given]


class ContactTasksController(ApiController):
    """Tasks of tracing."""

    gate = CONTACT_TRACE

    def get(self) -> ContactTasksOut:
        """The open ones of the caller's communities; counts only."""
        at = clock_of(self.request).now()
        return ContactTasksOut(
            _tasks_out(store.counted(self.actor, at), at),
            leads.count(self.actor, at),
            [ContactNamedOut(one.code, one.zh, one.en) for one in packs.contacts().purposes],
            [ContactNamedOut(code, *_two(label)) for code, label in FactKind.choices],
        )

    @modify(status_code=HTTPStatus.CREATED)
    def post(self, parsed_body: Body[ContactTaskIn]) -> ContactTaskOut:
        """Open one around a case."""
        at = clock_of(self.request).now()
        lead = parsed_body.lead
        task = actions.open_task(
            parsed_body.community_id, _new(parsed_body.case), actor=self.actor, at=at,
            lead=(lead.area, lead.id) if lead else None,
        )  # fmt: skip
        return _tasks_out([task], at)[0]


class ContactLeadsController(ApiController):
    """Households whose re-test was positive."""

    gate = CONTACT_TRACE

    def get(self) -> list[ContactLeadOut]:
        """Those that wait in the caller's communities; that the caller looked is written down for each."""
        at = clock_of(self.request).now()
        found = leads.read(self.actor, at)
        names = queries.place_names([one.community_id for one in found], localdate(at))
        return [
            ContactLeadOut(
                one.area, one.id, one.community_id, names.get(one.community_id, ""), one.door or "", one.people,
                one.found_on, one.made_at, one.destroy_at,
            )
            for one in found
        ]  # fmt: skip


class ContactLeadDismissController(ApiController):
    """A lead for which no tracing is needed."""

    gate = CONTACT_TRACE

    @modify(status_code=HTTPStatus.NO_CONTENT)
    def post(self, parsed_path: Path[ContactKeyPath], parsed_body: Body[ContactReasonIn]) -> None:
        """With a reason; its door is blanked."""
        leads.settle(
            parsed_path.area, parsed_path.row_id, LeadState.DISMISSED.value, actor=self.actor,
            at=clock_of(self.request).now(), reason=parsed_body.reason,
        )  # fmt: skip


class ContactTaskController(ApiController):
    """A task with its people."""

    gate = CONTACT_TRACE

    def get(self, parsed_path: Path[ContactKeyPath]) -> ContactTaskPageOut:
        """Masked; that the caller looked is written down for each of them."""
        at = clock_of(self.request).now()
        task = store.task_for(self.actor, parsed_path.area, parsed_path.row_id, at)
        return _task_page(task, store.read_people(self.actor, task, at), at)


def _task_page(task: ContactTask, rows: Sequence[ContactPerson], at: datetime) -> ContactTaskPageOut:
    task.people = sum(one.degree > 0 for one in rows)
    return ContactTaskPageOut(_tasks_out([task], at)[0], task.basis, _people_out(rows))


class ContactAddController(ApiController):
    """Somebody more of a task."""

    gate = CONTACT_TRACE

    @validate(
        ResponseSpec(ContactPersonOut, status_code=HTTPStatus.CREATED),
        ResponseSpec(ContactPersonOut, status_code=HTTPStatus.OK),
    )
    def post(self, parsed_path: Path[ContactKeyPath], parsed_body: Body[ContactPersonIn]) -> HttpResponse:
        """One hop from the case or from a contact."""
        at = clock_of(self.request).now()
        made, created = actions.add_person(
            parsed_path.area, parsed_path.row_id, _new(parsed_body), actor=self.actor, at=at
        )
        return self.to_response(
            _people_out([made])[0], status_code=HTTPStatus.CREATED if created else HTTPStatus.OK
        )


class ContactCloseController(ApiController):
    """The end of a task."""

    gate = CONTACT_TRACE

    @modify(status_code=HTTPStatus.NO_CONTENT)
    def post(self, parsed_path: Path[ContactKeyPath]) -> None:
        """Nobody is looked at any more."""
        at = clock_of(self.request).now()
        actions.close_task(parsed_path.area, parsed_path.row_id, actor=self.actor, at=at)


class ContactFactsController(ApiController):
    """Facts about somebody."""

    gate = CONTACT_TRACE

    @modify(status_code=HTTPStatus.OK)
    def post(self, parsed_path: Path[ContactKeyPath], parsed_body: Body[ContactFactsIn]) -> ContactPersonOut:
        """Add some."""
        at = clock_of(self.request).now()
        person = actions.add_facts(
            parsed_path.area, parsed_path.row_id, _facts(parsed_body.facts), actor=self.actor, at=at
        )
        return _people_out([person])[0]


class ContactLinksController(ApiController):
    """Who shares a door, a household or a session."""

    gate = CONTACT_TRACE

    def get(self, parsed_path: Path[ContactKeyPath]) -> list[ContactLinkOut]:
        """One hop; logged for each of them."""
        at = clock_of(self.request).now()
        person = store.person_for(self.actor, parsed_path.area, parsed_path.row_id, at)
        links = store.links_of(self.actor, person, at)
        rows = _people_out([link.person for link in links])
        named = [[_two(_KINDS[kind]) for kind in link.kinds] for link in links]
        return [
            ContactLinkOut(row, [zh for zh, _ in kinds], [en for _, en in kinds])
            for row, kinds in zip(rows, named, strict=True)
        ]


class ContactRevealController(ApiController):
    """In full, for a purpose."""

    gate = CONTACT_TRACE

    @modify(status_code=HTTPStatus.OK)
    def post(self, parsed_path: Path[ContactKeyPath], parsed_body: Body[ContactRevealIn]) -> ContactRevealOut:
        """Name, telephone, address of the person's page; the person sees that a post looked, and what for."""
        found = actions.reveal(
            parsed_path.area, parsed_path.row_id, parsed_body.purpose, parsed_body.reason, actor=self.actor,
            at=clock_of(self.request).now(),
        )  # fmt: skip
        return ContactRevealOut(**found)


class ContactInformController(ApiController):
    """The person knows."""

    gate = CONTACT_TRACE

    @modify(status_code=HTTPStatus.OK)
    def post(self, parsed_path: Path[ContactKeyPath]) -> ContactPersonOut:
        """Note that they were told."""
        at = clock_of(self.request).now()
        return _people_out([actions.inform(parsed_path.area, parsed_path.row_id, actor=self.actor, at=at)])[0]


class ContactReferController(ApiController):
    """To the care desk."""

    gate = CONTACT_TRACE

    @modify(status_code=HTTPStatus.OK)
    def post(self, parsed_path: Path[ContactKeyPath]) -> ContactReferredOut:
        """Copy name and telephone, with the basis: the care desk decides."""
        at = clock_of(self.request).now()
        made = actions.refer(parsed_path.area, parsed_path.row_id, actor=self.actor, at=at)
        return ContactReferredOut(made.number)


class ContactTakeOutController(ApiController):
    """Written down by mistake."""

    gate = CONTACT_TRACE

    @modify(status_code=HTTPStatus.NO_CONTENT)
    def post(self, parsed_path: Path[ContactKeyPath], parsed_body: Body[ContactReasonIn]) -> None:
        """Delete somebody, and who was found through them."""
        at = clock_of(self.request).now()
        actions.take_out(parsed_path.area, parsed_path.row_id, parsed_body.reason, actor=self.actor, at=at)


class ContactSelfController(ApiController):
    """A person's own page."""

    gate = PUBLIC

    def get(
        self, parsed_path: Path[ContactNumberPath], parsed_headers: Headers[ContactHeaders]
    ) -> ContactSelfOut:
        """What is held, until when, and who has looked at it."""
        person = store.follow(parsed_path.number, parsed_headers.secret, clock_of(self.request).now())
        posts = {kind.code: kind for kind in people.post_kinds()}
        purposes = {one.code: one for one in packs.contacts().purposes}
        readers = []
        for read in store.readers_of(person):
            post, purpose = posts.get(read.post), purposes.get(read.purpose)
            readers.append(
                ContactReadOut(
                    post.zh if post else "系统", post.en if post else "The system",
                    purpose.zh if purpose else read.purpose, purpose.en if purpose else read.purpose, read.at,
                )
            )  # fmt: skip
        return ContactSelfOut(
            person.number, mask_name(person.name), *_DEGREES[person.degree], person.last_exposed_on,
            person.observe_until_on, person.destroy_at, person.task.basis, person.task.document, readers,
            settings.SHANZHI_HOTLINE,
        )  # fmt: skip


_TASK = "tracing/<str:area>/<uuid:row_id>"
_PERSON = "tracing-people/<str:area>/<uuid:row_id>"
urlpatterns = [
    path("tracing", ContactTasksController.as_view(), name="tracing"),
    path("tracing/leads", ContactLeadsController.as_view(), name="tracing-leads"),
    path(
        "tracing/leads/<str:area>/<uuid:row_id>/dismiss",
        ContactLeadDismissController.as_view(),
        name="tracing-lead-dismiss",
    ),
    path(_TASK, ContactTaskController.as_view(), name="tracing-task"),
    path(f"{_TASK}/people", ContactAddController.as_view(), name="tracing-add"),
    path(f"{_TASK}/close", ContactCloseController.as_view(), name="tracing-close"),
    path(f"{_PERSON}/facts", ContactFactsController.as_view(), name="tracing-facts"),
    path(f"{_PERSON}/links", ContactLinksController.as_view(), name="tracing-links"),
    path(f"{_PERSON}/reveal", ContactRevealController.as_view(), name="tracing-reveal"),
    path(f"{_PERSON}/inform", ContactInformController.as_view(), name="tracing-inform"),
    path(f"{_PERSON}/refer", ContactReferController.as_view(), name="tracing-refer"),
    path(f"{_PERSON}/take-out", ContactTakeOutController.as_view(), name="tracing-take-out"),
    path("contact/<str:number>", ContactSelfController.as_view(), name="contact-self"),
]
