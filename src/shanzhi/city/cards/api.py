"""Endpoints of boards and cards."""

from http import HTTPStatus
from uuid import UUID

import msgspec
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils.timezone import localdate
from dmr import Body, Path, Query, ResponseSpec, modify, validate
from dmr.routing import path

from shanzhi.base.access import Actor
from shanzhi.base.access.api import PUBLIC, ApiController, clock_of
from shanzhi.base.access.capabilities import PLACE_MANAGE, PLACE_VIEW
from shanzhi.city.cards import actions, printing, queries
from shanzhi.city.cards.errors import TooManyCards
from shanzhi.city.places import queries as places
from shanzhi.city.places.api import PlaceOut, place_out
from shanzhi.city.places.levels import Level
from shanzhi.core.kit.errors import InvalidInput
from shanzhi.core.kit.masking import mask_phone

MOST_CARDS = 400
_COPIES_OF_ONE = 10


class RoleOut(msgspec.Struct):
    """A role that nobody holds (待配备)."""

    role: str
    role_zh: str
    role_en: str
    duties_zh: str
    duties_en: str


class BoardPersonOut(msgspec.Struct):
    """Whoever holds a role: name, and telephone and photo as they are printed."""

    role: str
    role_zh: str
    role_en: str
    duties_zh: str
    duties_en: str
    name: str
    phone: str
    photo: str | None


class KeptPersonOut(BoardPersonOut):
    """The same at a desk. What is kept but not shown: only whoever may change it sees that, masked."""

    post_id: UUID
    place_name: str
    is_shown: bool
    may_change: bool
    phone_masked: str
    kept_photo: str | None


class BoardOut(msgspec.Struct):
    """The board of a place, in the order of the roles."""

    place: PlaceOut
    community: str
    street: str
    roles: list[str]
    people: list[KeptPersonOut]
    missing: list[RoleOut]
    resident_url: str
    hotline: str


class PublicBoardOut(msgspec.Struct):
    """What is printed, and nothing else."""

    place: PlaceOut
    community: str
    street: str
    roles: list[str]
    people: list[BoardPersonOut]
    missing: list[RoleOut]
    hotline: str


class CardPath(msgspec.Struct):
    """Which place."""

    place_id: UUID


class CodePath(msgspec.Struct):
    """The code of a grid, as the printed QR code has it."""

    code: str


class ContactIn(msgspec.Struct):
    """What a post publishes; what is left out stays, "" takes it away."""

    post_id: UUID
    shown: bool
    phone: str | None = None
    photo: str | None = None


class CardFileQuery(msgspec.Struct):
    """`size`: board (A4), card (sheets of ten to cut) or single; `whole=1`: every grid below, one after another.

    `level` of those: grid or microgrid. `copies` of each card: by default ten of one place, one of each of many.
    """

    size: str = "board"
    whole: str = ""
    level: str = "grid"
    copies: int = 0
    lang: str = "zh"


def _role_out(role: queries.Role) -> RoleOut:
    return RoleOut(role.code, role.zh, role.en, role.duties_zh, role.duties_en)


def _origin(request: HttpRequest) -> str:
    return request.build_absolute_uri("/").rstrip("/")


def _board_out(board: queries.Board, actor: Actor, request: HttpRequest) -> BoardOut:
    on = localdate(clock_of(request).now())
    reach = places.reach(actor, PLACE_MANAGE)
    grounds = {person.place_id for person in board.people}
    mine = grounds if reach is None else (grounds & places.ids_below(reach, on) if reach else set())
    named = {role.code: role for role in board.roles}
    listed = []
    for person in board.people:
        role, may = named[person.role], person.place_id in mine
        listed.append(
            KeptPersonOut(
                role=role.code,
                role_zh=role.zh,
                role_en=role.en,
                duties_zh=role.duties_zh,
                duties_en=role.duties_en,
                name=person.name,
                phone=person.printed_phone,
                photo=person.printed_photo,
                post_id=person.post_id,
                place_name="" if person.place_id == board.place.id else person.place_name,
                is_shown=person.is_shown,
                may_change=may,
                phone_masked=mask_phone(person.phone) if may else "",
                kept_photo=person.photo if may else None,
            )  # fmt: skip
        )
    return BoardOut(
        place_out(board.place), board.community, board.street, [role.code for role in board.roles], listed,
        [_role_out(role) for role in board.missing], printing.resident_url(board, _origin(request)),
        settings.SHANZHI_HOTLINE,
    )  # fmt: skip


class CardController(ApiController):
    """The board of a place."""

    gate = PLACE_VIEW

    def get(self, parsed_path: Path[CardPath]) -> BoardOut:
        """Who is on it, and which roles nobody holds."""
        on = localdate(clock_of(self.request).now())
        return _board_out(queries.board_for(self.actor, parsed_path.place_id, on), self.actor, self.request)


class ContactController(ApiController):
    """What a post publishes on the board."""

    gate = PLACE_MANAGE

    @modify(status_code=HTTPStatus.OK)
    def post(self, parsed_path: Path[CardPath], parsed_body: Body[ContactIn]) -> BoardOut:
        """Set telephone, photo, and whether they are shown; the board again."""
        at, given = clock_of(self.request).now(), parsed_body
        actions.set_contact(
            parsed_path.place_id, given.post_id, phone=given.phone, photo=given.photo, shown=given.shown,
            actor=self.actor, at=at,
        )  # fmt: skip
        board = queries.board_for(self.actor, parsed_path.place_id, localdate(at))
        return _board_out(board, self.actor, self.request)


class CardFileController(ApiController):
    """The board or the card as PDF."""

    gate = PLACE_VIEW

    @validate(ResponseSpec(bytes, status_code=HTTPStatus.OK), validate_responses=False)
    def get(self, parsed_path: Path[CardPath], parsed_query: Query[CardFileQuery]) -> HttpResponse:
        """Of one place, or of every grid below it."""
        at, given = clock_of(self.request).now(), parsed_query
        on, whole = localdate(at), parsed_query.whole in {"1", "true"}
        if given.size not in ("board", "card", "single"):
            raise InvalidInput(
                field="size", reason_zh="尺寸应为公示牌、联系卡或单张。", reason_en="No such size."
            )
        if given.level not in ("grid", "microgrid"):
            raise InvalidInput(field="level", reason_zh="应为网格或微网格。", reason_en="Grid or microgrid.")
        if whole:
            boards = queries.boards_below(self.actor, parsed_path.place_id, on, level=Level(given.level))
            if not boards:
                raise InvalidInput(
                    field="whole", reason_zh="这里还没有网格，请先划分网格。",
                    reason_en="There are no grids here yet: divide the community first.",
                )  # fmt: skip
        else:
            boards = [queries.board_for(self.actor, parsed_path.place_id, on)]
        copies = given.copies or (_COPIES_OF_ONE if given.size == "card" and not whole else 1)
        if copies < 1 or len(boards) * copies > MOST_CARDS:
            raise TooManyCards(field="copies", most=MOST_CARDS, count=len(boards) * copies)
        content = printing.pdf(
            boards, size=given.size, copies=copies, origin=_origin(self.request),
            language="en" if given.lang == "en" else "zh", at=at,
        )  # fmt: skip
        response = HttpResponse(content, content_type="application/pdf")
        name = f"{boards[0].place.code if not whole else parsed_path.place_id}-{given.size}.pdf"
        response["Content-Disposition"] = f'inline; filename="{name}"'
        response["Cache-Control"] = "private, no-store"
        return response


class PublicCardController(ApiController):
    """The board for everybody: names, posts, and telephones as they are printed on the wall."""

    gate = PUBLIC

    def get(self, parsed_path: Path[CodePath]) -> PublicBoardOut:
        """By the code of the grid."""
        on = localdate(clock_of(self.request).now())
        board = queries.public_board(parsed_path.code, on)
        named = {role.code: role for role in board.roles}
        return PublicBoardOut(
            place_out(board.place), board.community, board.street, [role.code for role in board.roles],
            [
                BoardPersonOut(
                    role=role.code, role_zh=role.zh, role_en=role.en, duties_zh=role.duties_zh,
                    duties_en=role.duties_en, name=person.name, phone=person.printed_phone,
                    photo=person.printed_photo,
                )
                for person in board.people
                for role in [named[person.role]]
            ],
            [_role_out(role) for role in board.missing], settings.SHANZHI_HOTLINE,
        )  # fmt: skip


urlpatterns = [
    path("places/<uuid:place_id>/card", CardController.as_view(), name="card"),
    path("places/<uuid:place_id>/card/people", ContactController.as_view(), name="card-people"),
    path("places/<uuid:place_id>/card.pdf", CardFileController.as_view(), name="card-file"),
    path("where/<str:code>/card", PublicCardController.as_view(), name="public-card"),
]
