"""Who has begun (到岗) is counted too, and people who cannot are found without reading the whole audience."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("orders", "0002_words_beside_history")]

    operations = [
        migrations.AddField(
            model_name="reachcount",
            name="working",
            field=models.PositiveIntegerField(db_default=0, default=0),
        ),
        migrations.AddField(
            model_name="placereach",
            name="working",
            field=models.PositiveIntegerField(db_default=0, default=0),
        ),
        migrations.AddIndex(
            model_name="recipient",
            index=models.Index(
                condition=models.Q(("state", "cannot")),
                fields=["order", "-cannot_at"],
                name="orders_recipient_cannot",
            ),
        ),
    ]
