"""`shanzhi retention`, and what the whole program registers with retention."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.apps import apps
from django.db import connection
from django.db.models import CharField

from shanzhi.base.audit import sealer
from shanzhi.base.media import files, uses
from shanzhi.base.media.models import MediaFile
from shanzhi.base.retention import holdings, packs
from shanzhi.base.retention.holdings import Scope
from shanzhi.base.retention.models import DestructionRun
from shanzhi.core.kit.clock import FixedClock
from shanzhi.edge.cli import main
from shanzhi.work.cases.models import Case, CasePhoto

pytestmark = [pytest.mark.django_db, pytest.mark.once]
# Columns that name files and are no use of a photo.
NO_USE = {"media_mediafile.sha256"}


def test_every_holding_counts_and_destroys_nothing_of_nothing(city: None, clock: FixedClock) -> None:
    """Their SQL is right, whatever is there."""
    for holding in holdings.known().values():
        scopes = [Scope(before=clock.now() - timedelta(days=20_000))]
        if holding.of_activation:
            scopes.append(Scope(activation_id=DestructionRun().id))
        for scope in scopes:
            assert holding.count(scope) == 0, holding.code
            assert holding.destroy(scope).rows == 0, holding.code
        assert holding.purpose_zh and holding.purpose_en and holding.zh and holding.en
        assert holding.data_class in {"personal", "sensitive"}
        assert packs.days_of(holding) is not None or holding.of_activation, (
            f"{holding.code} would stay for ever"
        )


def test_the_pack_names_no_holding_that_is_not_there() -> None:
    from shanzhi.base.retention.packs import _pack

    assert set(_pack().lifetimes) <= set(holdings.known())


def test_every_column_that_holds_a_photo_is_named() -> None:
    """Or the night would take photos that are in use."""
    columns = {
        f"{model._meta.db_table}.{field.column}"
        for model in apps.get_models()
        if model.__module__.startswith("shanzhi.")
        for field in model._meta.local_fields
        if field.is_relation
        and field.related_model is MediaFile
        or (isinstance(field, CharField) and "sha256" in field.name)
        or "photo" in field.name
        and not field.get_internal_type().startswith("Boolean")
    }
    assert columns - NO_USE - uses.known() == set()
    assert uses.known() >= {"cases_casephoto.sha256", "cards_postcontact.photo_id"}


def test_numbers_words_and_photos_of_cases_have_an_end(
    report: Any, photo: str, clock: FixedClock, city: None
) -> None:
    from shanzhi.base.media import actions as media
    from shanzhi.base.retention.jobs import destroy_what_is_old

    report(phone="13800000000", photos=[photo])
    Case.objects.update(state="closed", closed_at=clock.now())
    clock.advance(timedelta(days=31))
    import io

    from PIL import Image

    made = io.BytesIO()
    Image.new("RGB", (32, 32), (1, 2, 3)).save(made, "JPEG")
    lonely = media.store(made.getvalue(), clock.now() - timedelta(days=30, seconds=1)).sha256
    assert destroy_what_is_old(timestamp=0) >= 1
    assert set(MediaFile.objects.values_list("sha256", flat=True)) == {photo}
    assert not files.path_of(lonely, "original").exists() and files.path_of(photo, "original").exists()
    assert Case.objects.get().phone == "13800000000"
    clock.advance(timedelta(days=150))
    destroy_what_is_old(timestamp=0)
    case = Case.objects.get()
    assert (case.phone, case.text, case.address) == ("", "路灯不亮", "示例巷 3 号")
    clock.advance(timedelta(days=1000))
    destroy_what_is_old(timestamp=0)
    case = Case.objects.get()
    assert (case.text, case.address, CasePhoto.objects.count()) == ("", "", 1)


def test_the_command_verifies_and_says_what_is_wrong(
    city: None, clock: FixedClock, capsys: pytest.CaptureFixture[str]
) -> None:
    MediaFile.objects.create(
        sha256="a" * 64, size=1, type="jpeg", width=1, height=1, received_at=clock.now() - timedelta(days=31)
    )
    assert main.main(["retention", "night"]) == 0
    sealer.seal_all(clock.now())
    run = DestructionRun.objects.get()
    assert main.main(["retention", "verify", run.number]) == 0
    assert run.digest in capsys.readouterr().out
    with connection.cursor() as cursor:
        cursor.execute("UPDATE retention_destructionline SET destroyed = 7")
    assert main.main(["retention", "verify"]) == 1
    assert "不符" in capsys.readouterr().out
    assert main.main(["retention", "verify", "XH0000-0000"]) == 1
