"""Plans are written as drafts, reviewed by another person, kept in versions, compared, printed."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection

from shanzhi.city.people.models import Account
from shanzhi.city.places.models import Place
from shanzhi.command.plans import diffing, document
from shanzhi.command.plans.models import Plan, PlanEvent, PlanVersion

pytestmark = [pytest.mark.django_db, pytest.mark.once]
SignIn = Callable[[str], Any]


def state() -> Any:
    return (
        list(PlanVersion.objects.order_by("pk").values("number", "state", "content", "saves")),
        PlanEvent.objects.count(), Plan.objects.count(),
    )  # fmt: skip


@pytest.fixture
def lead(sign_in: SignIn, plans: Place, installed: Any) -> Any:
    return sign_in("zhibanzhang")


@pytest.fixture
def draft(lead: Any) -> dict[str, Any]:
    status, made = lead.post("/api/plans/flood/draft", {})
    assert status == 201, made
    return made


def changed(content: dict[str, Any]) -> dict[str, Any]:
    levels = [dict(one) for one in content["levels"]]
    levels[0] = levels[0] | {
        "most_days": 6,
        "measures": [*levels[0]["measures"], {"zh": "每日会商", "en": "A daily talk"}],
    }
    return content | {"levels": levels, "exit": content["exit"] | {"phone": "120 转 1"}}


def test_a_draft_is_reviewed_by_another_and_takes_over(sign_in: SignIn, lead: Any, draft: Any) -> None:
    assert (draft["number"], draft["state"], draft["may_edit"]) == (2, "draft", True)
    content = changed(draft["content"])
    status, saved = lead.post(
        "/api/plans/flood/save", {"content": content, "seen": draft["saves"], "note": "加会商"}
    )
    assert status == 200 and saved["note"] == "加会商"
    status, diff = lead.get("/api/plans/flood/versions/2/diff?old=1")
    assert [
        (one["zh"], one["kind"], one["old"].split("\n")[0], one["new"].split("\n")[0]) for one in diff["changes"]
    ] == [
        ("就医通道 › 电话", "changed", "120", "120 转 1"),
        ("响应级别 › Ⅳ级 › 响应措施", "added", "", "每日会商"),
        ("响应级别 › Ⅳ级 › 最长天数", "changed", "7", "6"),
    ]  # fmt: skip
    assert lead.post("/api/plans/flood/versions/2/submit", {})[0] == 200
    boss = sign_in("zhihui")
    status, done = boss.post("/api/plans/flood/versions/2/approve", {"seen": saved["saves"]})
    assert status == 200 and done["state"] == "in_force", done
    assert [(one["number"], one["state"]) for one in done["versions"]] == [(2, "in_force"), (1, "superseded")]
    assert lead.get("/api/plans/flood")[1]["number"] == 2
    digests = [one["digest"] for one in done["events"]]
    assert digests[-1] == digests[-2] != digests[0]  # what was reviewed is what was saved


def test_whoever_wrote_it_does_not_review_it(sign_in: SignIn, lead: Any, draft: Any) -> None:
    boss = sign_in("zhihui")
    status, saved = boss.post("/api/plans/flood/save", {"content": draft["content"], "seen": draft["saves"]})
    assert status == 200
    assert lead.post("/api/plans/flood/versions/2/submit", {})[0] == 200
    before = state()
    status, refused = boss.post("/api/plans/flood/versions/2/approve", {"seen": saved["saves"]})
    assert (status, refused["error"]["code"]) == (403, "plan-second-person")
    status, refused = lead.post("/api/plans/flood/versions/2/approve", {"seen": saved["saves"]})
    assert (status, refused["error"]["code"]) == (403, "refused")
    status, refused = lead.post("/api/plans/flood/versions/2/supersede", {})
    assert status in (409, 422)
    assert state() == before


def test_two_editors_do_not_write_over_each_other(sign_in: SignIn, lead: Any, draft: Any) -> None:
    assert lead.post("/api/plans/flood/save", {"content": draft["content"], "seen": draft["saves"]})[0] == 200
    before = state()
    status, refused = sign_in("xitong").post(
        "/api/plans/flood/save", {"content": changed(draft["content"]), "seen": draft["saves"]}
    )
    assert (status, refused["error"]["code"]) == (409, "plan-draft-changed")
    status, refused = lead.post("/api/plans/flood/draft", {})
    assert (status, refused["error"]["code"]) == (409, "plan-draft-exists")
    assert state() == before


def test_what_is_not_right_is_not_submitted(lead: Any, draft: Any) -> None:
    content = draft["content"] | {"exit": draft["content"]["exit"] | {"phone": ""}}
    status, saved = lead.post("/api/plans/flood/save", {"content": content, "seen": draft["saves"]})
    assert status == 200 and [one["field"] for one in saved["problems"] if one["stops"]] == ["exit"]
    before = state()
    status, refused = lead.post("/api/plans/flood/versions/2/submit", {})
    assert (status, refused["error"]["field"]) == (422, "exit")
    for wrong, field in (
        (content | {"surprise": 1}, "content"), (content | {"code": "other"}, "code"),
        (content | {"zh": " "}, "zh"), (content | {"levels": 3}, "levels"),
    ):  # fmt: skip
        status, refused = lead.post("/api/plans/flood/save", {"content": wrong, "seen": saved["saves"]})
        assert (status, refused["error"]["field"]) == (422, field)
    status, refused = lead.post("/api/plans/flood/save-yaml", {"text": "a: [", "seen": saved["saves"]})
    assert (status, refused["error"]["field"]) == (422, "text")
    assert state() == before


def test_who_may_not_write_plans(sign_in: SignIn, plans: Place, installed: Any) -> None:
    before = state()
    new = {
        "code": "quake",
        "zh": "地震应急预案",
        "en": "Earthquake",
        "hazard": "quake",
        "place_id": str(plans.id),
    }
    for name, status in (("wangge", 403), ("zhiban", 403), ("shangji", 403)):
        assert sign_in(name).post("/api/plans/new", new)[0] == status
        assert sign_in(name).post("/api/plans/flood/draft", {})[0] == status
    assert sign_in("wangge").get("/api/plans")[0] == 403
    assert len(sign_in("zhiban").get("/api/plans")[1]["plans"]) == 4
    status, refused = sign_in("zhibanzhang").post("/api/plans/new", new | {"code": "flood"})
    assert (status, refused["error"]["code"]) == (409, "plan-code-taken")
    assert state() == before


def test_a_new_plan_and_a_copy(lead: Any, plans: Place) -> None:
    new = {
        "code": "quake",
        "zh": "地震应急预案",
        "en": "Earthquake",
        "hazard": "quake",
        "place_id": str(plans.id),
    }
    status, made = lead.post("/api/plans/new", new)
    assert status == 201 and made["state"] == "draft" and any(one["stops"] for one in made["problems"])
    status, refused = lead.post("/api/plans/quake/propose", {
        "level": 4, "place_ids": [str(plans.id)], "document": "示例1号", "last_on": "2026-03-10",
    })  # fmt: skip
    assert (status, refused["error"]["code"]) == (422, "plan-not-in-force")
    status, copied = lead.post("/api/plans/new", new | {"code": "cold", "hazard": "cold", "copy_of": "flood"})
    assert status == 201 and [one for one in copied["problems"] if one["stops"]] == []


def test_it_is_printed_and_told_as_text(lead: Any, plans: Place) -> None:
    for language in ("zh", "en"):
        response = lead.client.get(f"/api/plans/epidemic/versions/1/paper?lang={language}")
        assert response.status_code == 200 and response.content[:5] == b"%PDF-"
    text = lead.client.get("/api/plans/flood/versions/1/yaml").content.decode()
    status, draft = lead.post("/api/plans/flood/draft", {})
    status, saved = lead.post(
        "/api/plans/flood/save-yaml",
        {"text": text.replace("每小时报告一次", "每半小时报告一次"), "seen": draft["saves"]},
    )
    assert status == 200
    [change] = lead.get("/api/plans/flood/versions/2/diff?old=1")[1]["changes"]
    assert (change["zh"], change["kind"]) == ("组织指挥体系 › 工作组 › watch › 职责", "changed")


def test_a_version_compared_with_itself_has_no_changes(plans: Place) -> None:
    for row in PlanVersion.objects.all():
        doc = document.read(row.content)
        assert diffing.changes(doc, doc) == []


@pytest.mark.django_db(transaction=True)
def test_of_two_reviewers_one_puts_it_in_force(sign_in: SignIn, lead: Any, draft: Any, clock: Any) -> None:
    from shanzhi.base.access import Actor, ActorPost
    from shanzhi.base.access.capabilities import PLAN_REVIEW, PLAN_VIEW
    from shanzhi.command.plans import actions
    from shanzhi.core.kit.errors import ShanzhiError

    assert lead.post("/api/plans/flood/versions/2/submit", {})[0] == 200
    place = Plan.objects.get(code="flood").place_id
    found: list[str] = []
    barrier = threading.Barrier(2)

    def review(name: str) -> None:
        account = Account.objects.get(username=name).id
        post = ActorPost(account, "commander", place, None, frozenset({PLAN_VIEW, PLAN_REVIEW}))
        barrier.wait()
        try:
            actions.perform(
                "flood", 2, "approve", actor=Actor(account, name, "desk", (post,)), at=clock.now()
            )
            found.append("done")
        except ShanzhiError as error:
            found.append(error.code)
        finally:
            connection.close()

    threads = [threading.Thread(target=review, args=(name,)) for name in ("zhihui", "shangji")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(found) == ["done", "unknown-edge"]
    assert PlanVersion.objects.filter(plan__code="flood", state="in_force").count() == 1
