"""The verb of forms: a version that comes into use is kept as it is."""

from datetime import datetime

import msgspec
from django.db import transaction

from shanzhi.work.forms import packs
from shanzhi.work.forms.errors import FormChanged
from shanzhi.work.forms.models import FormVersion


def keep(code: str, at: datetime) -> packs.Form:
    """Take the newest version of a form into use (启用表单). Raises InvalidInput, FormChanged."""
    form = packs.newest_of(code)
    content = msgspec.to_builtins(form)
    with transaction.atomic():
        FormVersion.objects.bulk_create(
            [FormVersion(code=code, version=form.version, content=content, at=at)], ignore_conflicts=True
        )
        kept = FormVersion.objects.get(code=code, version=form.version)
    if kept.content != content:
        raise FormChanged(field="form", name=form.zh, version=form.version)
    return form
