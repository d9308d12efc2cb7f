"""An order of a response is under way once: a level that is entered again issues it again."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("orders", "0003_working")]

    operations = [
        migrations.RemoveConstraint("order", "orders_order_of_level"),
        migrations.AddConstraint(
            "order",
            models.UniqueConstraint(
                fields=["activation_id", "template"],
                condition=models.Q(
                    ("activation_level__isnull", False), ("state__in", ["draft", "proposed", "issued"])
                ),
                name="orders_order_of_level",
            ),
        ),
    ]
