"""Boards and cards: who stands on them, what is published, and what is printed."""

import io
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from pypdf import PdfReader

from shanzhi.base.access import SYSTEM
from shanzhi.base.access.capabilities import PLACE_MANAGE, PLACE_VIEW
from shanzhi.base.audit.models import AuditEntry
from shanzhi.base.retention.jobs import destroy_what_is_old
from shanzhi.city.cards import actions, queries
from shanzhi.city.cards.errors import NoBoard, NothingToShow, NotOnBoard
from shanzhi.city.cards.models import PostContact
from shanzhi.city.people import actions as people
from shanzhi.city.people.models import Post
from shanzhi.city.places import actions as places
from shanzhi.city.places.errors import OutsideYourPlaces
from shanzhi.core.documents import Board, BoardPerson, boards_pdf, cards_pdf
from shanzhi.core.kit.errors import InvalidInput, NotFound, Refused

pytestmark = pytest.mark.once

DAY = date(2026, 3, 9)
ROLES = ["head", "adviser", "full_time", "part_time"]


@pytest.fixture
def grids(town, post_kinds, at):
    """Two grids of 长乐社区 and one of 北门社区, by code."""
    found = {}
    for community, number, name in (
        ("900101001001", "001", "第一网格"), ("900101001001", "002", "第二网格"), ("900101001002", "001", "北门网格"),
    ):  # fmt: skip
        made = places.create_grid(
            town[community], community + number, name, boundary=None, level="grid", on=date(2024, 2, 1),
            actor=SYSTEM, at=at,
        )  # fmt: skip
        found[community + number] = made.id
    return found


@pytest.fixture
def hold(at):
    """Appoint somebody new to a post; the post."""
    numbers = iter(range(1, 100))

    def make(kind, place_id, name, from_on=DAY, to_on=None):
        account = people.create_account(f"person-{next(numbers)}", name, "Spring-2026", actor=SYSTEM, at=at)
        return people.appoint(account.id, kind, place_id, from_on=from_on, to_on=to_on, actor=SYSTEM, at=at)

    return make


def names(board):
    return [(person.role, person.name, person.place_name) for person in board.people]


def test_the_nearest_holder_of_each_role_stands_on_the_board(grids, town, hold):
    first, second = grids["900101001001001"], grids["900101001001002"]
    hold("grid_adviser", town["900101001001"], "指导员甲")
    hold("grid_head", town["900101001001"], "社区书记乙")
    hold("grid_worker", town["900101001"], "街道的人")  # a street has no board
    hold("grid_worker", first, "专职丙")
    hold("grid_head", first, "网格长丁")
    hold("grid_helper", first, "兼职戊")
    hold("grid_helper", first, "兼职己")
    hold("grid_helper", first, "早已离任", from_on=DAY - timedelta(30), to_on=DAY)
    hold("acceptor", first, "受理员庚")
    board = queries.board_for(SYSTEM, first, DAY)
    assert names(board) == [
        ("head", "网格长丁", "第一网格"), ("adviser", "指导员甲", "长乐社区"), ("full_time", "专职丙", "第一网格"),
        ("part_time", "兼职戊", "第一网格"), ("part_time", "兼职己", "第一网格"),
    ]  # fmt: skip
    assert (board.community, board.street, board.missing) == ("长乐社区", "春风街道", ())
    other = queries.board_for(SYSTEM, second, DAY)
    assert names(other) == [("head", "社区书记乙", "长乐社区"), ("adviser", "指导员甲", "长乐社区")]
    assert [role.code for role in other.missing] == ["full_time", "part_time"]
    assert [role.code for role in other.roles] == ROLES
    with pytest.raises(NoBoard):
        queries.board_for(SYSTEM, town["900101001"], DAY)


def test_who_may_see_which_board(grids, town, post_at):
    mine = post_at(town["900101001001"], PLACE_VIEW)
    assert queries.board_for(mine, grids["900101001001001"], DAY).place.name == "第一网格"
    with pytest.raises(NotFound):
        queries.board_for(mine, grids["900101001002001"], DAY)
    with pytest.raises(NotFound):
        queries.boards_below(mine, town["900101001002"], DAY, level="grid")


def test_telephone_and_photo_are_published_only_when_the_post_says_so(grids, hold, town, post_at, at, photo):
    grid = grids["900101001001001"]
    post = hold("grid_worker", grid, "专职丙")
    keeper = post_at(town["900101001001"], PLACE_MANAGE, PLACE_VIEW)

    def person():
        return queries.board_for(keeper, grid, DAY).people[0]

    actions.set_contact(grid, post.id, phone="028-0000-0001", photo=photo, shown=False, actor=keeper, at=at)
    assert (person().phone, person().printed_phone, person().printed_photo) == ("028-0000-0001", "", None)
    actions.set_contact(grid, post.id, phone=None, photo=None, shown=True, actor=keeper, at=at)
    assert (person().printed_phone, person().printed_photo) == ("028-0000-0001", photo)
    actions.set_contact(grid, post.id, phone=None, photo="", shown=True, actor=keeper, at=at)
    assert (person().printed_phone, person().printed_photo) == ("028-0000-0001", None)
    raw = PostContact.objects.extra(select={"raw": "phone"}).values_list("raw", flat=True).get()
    assert b"028" not in bytes(raw)
    entries = AuditEntry.objects.filter(event="cards.contact-set").order_by("id")
    assert [entry.detail for entry in entries] == [
        {"shown": False, "phone": "set", "photo": "set"}, {"shown": True, "phone": "kept", "photo": "kept"},
        {"shown": True, "phone": "kept", "photo": "removed"},
    ]  # fmt: skip
    assert {(entry.actor_name, entry.subject, entry.area) for entry in entries} == {
        ("某人", str(post.id), "900101")
    }


def test_refused_contacts_change_nothing(grids, hold, town, post_at, at):
    grid, elsewhere = grids["900101001001001"], grids["900101001002001"]
    post, other = hold("grid_worker", grid, "专职丙"), hold("grid_worker", elsewhere, "专职丁")
    adviser = hold("grid_adviser", town["900101001001"], "指导员甲")
    keeper = post_at(town["900101001001"], PLACE_MANAGE, PLACE_VIEW)
    of_grid = post_at(grid, PLACE_MANAGE, PLACE_VIEW)
    at_all = {"phone": "028-0000-0001", "photo": None, "shown": True, "at": at}
    for error, actor, place, what, changes in (
        (Refused, post_at(town["900101001001"], PLACE_VIEW), grid, post, {}),
        (NotFound, keeper, elsewhere, other, {}),
        (NotOnBoard, keeper, grid, other, {}),
        (OutsideYourPlaces, of_grid, grid, adviser, {}),
        (InvalidInput, keeper, grid, post, {"phone": "打我电话"}),
        (InvalidInput, keeper, grid, post, {"phone": "12"}),
        (NotFound, keeper, grid, post, {"photo": "0" * 64}),
        (NothingToShow, keeper, grid, post, {"phone": ""}),
    ):
        with pytest.raises(error):
            actions.set_contact(place, what.id, actor=actor, **(at_all | changes))
    assert not PostContact.objects.exists()
    assert not AuditEntry.objects.filter(event="cards.contact-set").exists()


def test_contacts_go_when_the_post_ends(grids, hold, at, clock):
    grid = grids["900101001001001"]
    kept, ended = (
        hold("grid_worker", grid, "专职丙"),
        hold("grid_head", grid, "网格长丁", to_on=DAY + timedelta(2)),
    )
    for post in (kept, ended):
        actions.set_contact(grid, post.id, phone="028-0000-0001", photo=None, shown=True, actor=SYSTEM, at=at)
    assert destroy_what_is_old(0) == 0
    clock.advance(timedelta(days=2))
    assert destroy_what_is_old(0) == 1
    assert PostContact.objects.get().post_id == kept.id
    assert Post.objects.filter(id=ended.id).exists()


def pages(content):
    return [page.extract_text().replace("\x00", "") for page in PdfReader(io.BytesIO(content)).pages]


@pytest.fixture
def desk(sign_in, clock):
    from shanzhi.edge.cli import demo_board

    demo_board.seed_boards(at=clock.now())
    demo_board.seed_boards(at=clock.now())  # changes nothing
    return sign_in


def grid_of(browser, name="示例网格 1-1"):
    return browser.get(f"/api/places?q={name}")[1][0]


def test_the_board_at_a_desk_and_for_everybody(desk, resident):
    keeper, watcher = desk("xitong"), desk("wangge")
    grid = grid_of(keeper)
    status, board = keeper.get(f"/api/places/{grid['id']}/card")
    assert (status, board["roles"], board["hotline"]) == (200, ROLES, "12345")
    assert board["resident_url"] == f"http://testserver/r/#/grid/{grid['code']}"
    assert [one["role"] for one in board["missing"]] == ["part_time"] and board["missing"][0][
        "role_zh"
    ] == "兼职网格员"
    head = board["people"][0]
    assert (head["name"], head["role_zh"], head["may_change"]) == ("网格长甲", "网格长", True)
    assert head["phone"].startswith("028-0000-") and head["duties_zh"] and head["duties_en"]
    hidden = {"post_id": head["post_id"], "phone": "028-0000-9999", "shown": False}
    status, after = keeper.post(f"/api/places/{grid['id']}/card/people", hidden)
    assert status == 200 and after["people"][0]["phone"] == ""
    assert after["people"][0]["phone_masked"] == "028****9999"
    # Whoever may not change it sees what is printed, not what is kept.
    seen = watcher.get(f"/api/places/{grid['id']}/card")[1]["people"][0]
    assert (seen["phone"], seen["phone_masked"], seen["may_change"]) == ("", "", False)
    assert watcher.post(f"/api/places/{grid['id']}/card/people", hidden)[1]["error"]["code"] == "refused"
    status, shown = resident.get(f"/api/where/{grid['code']}/card")
    assert status == 200 and [one["name"] for one in shown["people"]][0] == "网格长甲"
    assert set(shown["people"][0]) == {
        "role", "role_zh", "role_en", "duties_zh", "duties_en", "name", "phone", "photo",
    }  # fmt: skip
    assert shown["people"][0]["phone"] == "" and shown["people"][1]["phone"].startswith("028-0000-")
    for code in ("510107", "510107001", "999999999999999", "nothing"):
        assert resident.get(f"/api/where/{code}/card")[0] == 404
    assert resident.get(f"/api/places/{grid['id']}/card")[0] == 401


def test_an_old_code_on_a_printed_card_still_finds_its_grid(grids, hold, at):
    from shanzhi.city.places.models import Place, PlaceVersion

    grid = grids["900101001001001"]
    PlaceVersion.objects.filter(place_id=grid).update(to_on=DAY)
    PlaceVersion.objects.create(
        place_id=grid, code="900101001001009", name="改码网格", pinyin="gai ma wang ge", from_on=DAY
    )
    Place.objects.filter(id=grid).update(code="900101001001009", name="改码网格")
    assert queries.public_board("900101001001001", DAY).place.name == "改码网格"
    assert queries.public_board("900101001001009", DAY).place.id == grid
    with pytest.raises(NotFound):
        queries.public_board("900101001001008", DAY)


def test_the_pdf_says_what_the_board_says(desk):
    keeper = desk("xitong")
    grid = grid_of(keeper)
    board = keeper.get(f"/api/places/{grid['id']}/card")[1]
    address = f"/api/places/{grid['id']}/card.pdf"
    answer = keeper.client.get(f"{address}?size=board")
    assert (answer.status_code, answer["Content-Type"]) == (200, "application/pdf")
    [text] = pages(answer.content)
    for person in board["people"]:
        assert person["name"] in text and person["role_zh"] in text and person["phone"] in text
    assert "待配备" in text and "兼职网格员" in text and "网格公示牌" in text and grid["name"] in text
    [sheet] = pages(keeper.client.get(f"{address}?size=card").content)
    assert sheet.count(board["people"][0]["name"]) == 10 and "民情联系卡" in sheet
    reader = PdfReader(io.BytesIO(keeper.client.get(f"{address}?size=single").content))
    box = reader.pages[0].mediabox
    assert [round(float(side) / 72 * 25.4, 1) for side in (box.width, box.height)] == [90.0, 54.0]
    assert "12345" in reader.pages[0].extract_text().replace("\x00", "")


def test_a_whole_community_in_one_file(desk):
    keeper = desk("xitong")
    grid = grid_of(keeper)
    community = keeper.get(f"/api/places/{grid['id']}")[1]["ancestors"][-1]
    address = f"/api/places/{community['id']}/card.pdf?whole=1"
    boards = pages(keeper.client.get(f"{address}&size=board").content)
    assert len(boards) == 4 and [f"示例网格 1-{n}" in boards[n - 1] for n in (1, 2, 3, 4)] == [True] * 4
    [sheet] = pages(keeper.client.get(f"{address}&size=card").content)
    assert all(f"示例网格 1-{n}" in sheet for n in (1, 2, 3, 4))
    assert len(pages(keeper.client.get(f"{address}&size=card&copies=10").content)) == 4
    for query, code in (
        ("&size=poster", "invalid-input"), ("&size=card&copies=101", "too-many-cards"),
        ("&level=street", "invalid-input"), ("&level=microgrid", "invalid-input"),
    ):  # fmt: skip
        status, body = keeper.get(address + query)
        assert (status, body["error"]["code"]) == (422, code), query
    above = keeper.get(f"/api/places/{grid['id']}")[1]["ancestors"][-2]
    assert keeper.get(f"/api/places/{above['id']}/card.pdf?whole=1")[1]["error"]["code"] == "no-board"
    assert desk("anquan").get(address)[0] == 403


def _board(people):
    return Board(
        "公示牌",
        "甲网格",
        "乙社区",
        people,
        "http://x/r/#/grid/1",
        "扫码",
        ["热线 12345"],
        "待配备",
        "另有 {n} 人",
        "",
    )


@settings(max_examples=2)
@given(st.lists(st.text(max_size=40), max_size=20), st.integers(1, 12))
def test_any_people_fit_their_pages(texts, copies):
    at = datetime(2026, 3, 9, tzinfo=UTC)
    people = [BoardPerson("网格员", text, text, text * 3) for text in texts]
    made = boards_pdf([_board(people)], language="zh", at=at)
    assert len(PdfReader(io.BytesIO(made)).pages) == max(1, -(-len(people) // 8))
    cards = cards_pdf([_board(people)], language="zh", at=at, copies=copies)
    assert len(PdfReader(io.BytesIO(cards)).pages) == -(-copies // 10)


def test_a_photo_is_printed_and_a_broken_one_left_out(at):
    made = io.BytesIO()
    Image.new("RGB", (90, 120), (90, 120, 60)).save(made, "JPEG")
    for content, count in ((made.getvalue(), 1), (b"no photo", 0), (None, 0)):
        pdf = boards_pdf([_board([BoardPerson("网格员", "甲", photo=content)])], language="zh", at=at)
        assert len(PdfReader(io.BytesIO(pdf)).pages[0].images) == count
    for wrong in ({"boards": []}, {"language": "fr"}, {"at": at.replace(tzinfo=None)}):
        given_ = {"boards": [_board([])], "language": "zh", "at": at} | wrong
        with pytest.raises(ValueError, match="."):
            boards_pdf(given_.pop("boards"), **given_)
    with pytest.raises(ValueError, match="copy"):
        cards_pdf([_board([])], language="zh", at=at, copies=0)
