"""What every test stands on: the demo city, a clock that stands still, and people who sign in."""

from __future__ import annotations

import gc
import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import hypothesis
import pytest
from django.test import Client
from tests.seeded import QUICK_HASHERS, Seeded, keep

from shanzhi.core.kit.clock import FixedClock
from shanzhi.core.kit.ids import uuid7

# Random cases: a few in every run, many in `make test-long`.
hypothesis.settings.register_profile("few", max_examples=15, deadline=None)
hypothesis.settings.register_profile("many", max_examples=400, deadline=None)
hypothesis.settings.load_profile("few")

# What is loaded stays; the collector looks at the rest more seldom, as in the services.
gc.freeze()
gc.set_threshold(50_000, 20, 20)

SHARED = Path(__file__).resolve().parents[2] / "shared"
# A Monday morning in working hours: 2026-03-09 10:00 in Shanghai.
NOW = datetime(2026, 3, 9, 2, 0, tzinfo=UTC)


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The real data beside the project."""
    if not (SHARED / "data").is_dir():
        pytest.skip("needs ../shared, which is not here")
    return SHARED / "data"


@pytest.fixture(autouse=True)
def clock(request: pytest.FixtureRequest, settings: Any, tmp_path: Path) -> FixedClock:
    """Business time stands still at NOW, or at a module's CLOCK_STANDS_AT; files go to a folder of the test.

    Passwords are hashed quickly; whoever tests Argon2 asks for it.
    """
    found = FixedClock(getattr(request.module, "CLOCK_STANDS_AT", NOW))
    settings.SHANZHI_CLOCK = found
    settings.SHANZHI_MEDIA_DIR = tmp_path / "media"
    settings.SHANZHI_TILES_DIR = tmp_path / "tiles"
    settings.SHANZHI_ANONYMOUS_RATES = False
    settings.PASSWORD_HASHERS = QUICK_HASHERS
    return found


@pytest.fixture(scope="session")
def seeded(django_db_setup: None, django_db_blocker: Any) -> Seeded:
    """The demo city as of NOW, kept for all tests of the run."""
    with django_db_blocker.unblock():
        return keep(NOW)


@pytest.fixture
def city(seeded: Seeded, db: None, clock: FixedClock) -> None:
    """The demo city without its sample cases."""
    seeded.bring(clock.now())


@pytest.fixture
def sink(clock: FixedClock) -> Iterator[Any]:
    """Messages of drills go into the sink, and nowhere else; the desk that carries them."""
    from shanzhi.base.messaging import channels
    from shanzhi.base.messaging.sender import Desk
    from shanzhi.edge.exchange.channels.sink import SinkChannel

    before = channels.registered()
    for code in before:
        channels.unregister(code)
    channel = SinkChannel(clock)
    channels.register(channel)
    yield Desk(channel, clock)
    channels.unregister(channels.SINK)
    for one in before.values():
        channels.register(one)


class Api:
    """A browser of one person: keeps cookies and the CSRF token, speaks JSON."""

    def __init__(self) -> None:
        self.client = Client(enforce_csrf_checks=True)

    def sign_in(self, username: str) -> Api:
        """Sign in as a person of the demo city."""
        from shanzhi.edge.cli.demo import PASSWORD

        status, body = self.post("/api/session", {"username": username, "password": PASSWORD})
        assert status in (200, 201), body
        self.get("/api/me")
        return self

    def _headers(self, headers: dict[str, str] | None) -> dict[str, str]:
        token = self.client.cookies.get("csrftoken")
        return {**({"X-CSRFToken": token.value} if token else {}), **(headers or {})}

    def _answer(self, response: Any) -> tuple[int, Any]:
        return response.status_code, json.loads(response.content) if response.content else None

    def get(self, address: str, headers: dict[str, str] | None = None) -> tuple[int, Any]:
        return self._answer(self.client.get(address, headers=self._headers(headers)))

    def post(self, address: str, body: Any, headers: dict[str, str] | None = None) -> tuple[int, Any]:
        response = self.client.post(
            address, json.dumps(body), content_type="application/json", headers=self._headers(headers)
        )
        return self._answer(response)


@pytest.fixture
def sign_in(city: None, clock: FixedClock) -> Iterator[Callable[[str], Api]]:
    """Sign in as somebody of the demo city; the same person keeps one browser."""
    known: dict[str, tuple[Api, datetime]] = {}

    def enter(username: str) -> Api:
        browser, seen = known.get(username, (None, clock.now()))
        # Whoever was idle for half an hour of the test's clock signs in again.
        if browser is None or (seen != clock.now() and browser.get("/api/me")[0] == 401):
            browser = Api().sign_in(username)
        known[username] = browser, clock.now()
        return browser

    yield enter


@pytest.fixture
def resident(city: None) -> Api:
    """Somebody without an account."""
    return Api()


@pytest.fixture
def photo(db: None, clock: FixedClock) -> str:
    """A photo that was received in full, by its hash."""
    import io

    from PIL import Image

    from shanzhi.base.media import actions

    made = io.BytesIO()
    Image.new("RGB", (64, 48), (90, 120, 60)).save(made, "JPEG")
    return str(actions.store(made.getvalue(), clock.now()).sha256)


@pytest.fixture
def report(resident: Api) -> Callable[..., dict[str, Any]]:
    """Send a report as a resident; returns its receipt."""

    def send(**changes: Any) -> dict[str, Any]:
        body = {
            "id": str(uuid7()), "kind": "010137", "text": "路灯不亮", "address": "示例巷 3 号", "lon": 104.031,
            "lat": 30.631,
        } | changes  # fmt: skip
        status, receipt = resident.post("/api/reports", body)
        assert status == 201, receipt
        return receipt

    return send


class Audience:
    """An invented order with its recipients: `accounts` and `recipients` side by side."""

    def __init__(self, at: datetime, people: int = 4) -> None:
        from shanzhi.city.people.models import Account, Post, PostKind
        from shanzhi.city.places.models import Place

        name = uuid7().hex[-8:]
        self.at = at
        self.place = Place.objects.create(
            level="county", code=name, name="示例区", pinyin="shi li qu", area="900101", opened_on=at.date()
        )
        self.kind = PostKind.objects.create(code=f"kind-{name}", zh="示例员", en="Example", capabilities=[])
        self.accounts = Account.objects.bulk_create(
            Account(
                username=f"{name}-{number}", display_name=f"示例{number}", password="!", created_at=at,
                password_changed_at=at,
            )
            for number in range(people)
        )  # fmt: skip
        self.posts = Post.objects.bulk_create(
            Post(account=account, kind=self.kind, place=self.place, from_on=at.date())
            for account in self.accounts
        )
        self.order, self.recipients = self.another(f"ZL-{name}")

    def another(self, number: str) -> Any:
        """One more order to the same people; it and its recipients."""
        from shanzhi.work.orders.models import Order, Recipient

        order = Order.objects.create(
            number=number, place=self.place, title="示例指令", sentence="请到示例点集合", place_ids=[self.place.id],
            post_kinds=[self.kind.code], answers=["acknowledged", "done"], until_at=self.at, ladder="none",
            drafted_by_id=self.accounts[0].id, drafted_by="示例", drafted_at=self.at,
        )  # fmt: skip
        return order, Recipient.objects.bulk_create(
            Recipient(area="900101", order=order, account=account, post=post, place=self.place)
            for account, post in zip(self.accounts, self.posts, strict=True)
        )

    def item(self, who: int = 0, answer: str = "acknowledged", **changes: Any) -> dict[str, Any]:
        """A receipt as the phone of recipient `who` sends it."""
        return {
            "id": str(uuid7()), "area": "900101", "recipient": str(self.recipients[who].id), "answer": answer,
            "happened_at": self.at.isoformat(),
        } | changes  # fmt: skip


@pytest.fixture
def audience(db: None, clock: FixedClock) -> Audience:
    """An order to four people, none of whom has answered."""
    return Audience(clock.now())
