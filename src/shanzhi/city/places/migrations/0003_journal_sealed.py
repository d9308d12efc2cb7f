"""The journal of dated changes is history: append-only and sealed."""

from django.db import migrations

from shanzhi.base.audit.operations import read_only_for_app, sealed_position
from shanzhi.base.rows import append_only


class Migration(migrations.Migration):
    dependencies = [("places", "0002_changes")]

    operations = [
        append_only("places_placechange"),
        sealed_position("places_placechange"),
        read_only_for_app("places_placechange"),
    ]
