"""What people said in words moves out of the append-only history, beside it, where it can be destroyed."""

import django.contrib.postgres.fields
import django.db.models.deletion
import django.db.models.expressions
from django.db import migrations, models

import shanzhi.base.rows.fields
import shanzhi.core.kit.ids
from shanzhi.base.rows import composite_foreign_key

_MOVE = """
INSERT INTO orders_said (id, area, recipient_id, reason, answers, at)
SELECT id, area, recipient_id, reason, answers, received_at FROM orders_receipt
WHERE reason <> '' OR answers IS NOT NULL
UNION ALL SELECT id, area, recipient_id, note, NULL, at FROM orders_callthrough WHERE note <> ''
"""
_MOVE_BACK = """
ALTER TABLE orders_receipt DISABLE TRIGGER orders_receipt_append_only;
UPDATE orders_receipt r SET reason = s.reason, answers = s.answers FROM orders_said s WHERE s.id = r.id;
ALTER TABLE orders_receipt ENABLE TRIGGER orders_receipt_append_only;
ALTER TABLE orders_callthrough DISABLE TRIGGER orders_callthrough_append_only;
UPDATE orders_callthrough c SET note = s.reason FROM orders_said s WHERE s.id = c.id;
ALTER TABLE orders_callthrough ENABLE TRIGGER orders_callthrough_append_only;
UPDATE orders_recipient r SET reason = s.reason FROM orders_said s
WHERE s.area = r.area AND s.recipient_id = r.id AND r.state = 'cannot'
"""
# What was said is destroyed when its time is over, and never changed before.
_UNCHANGED = """
CREATE FUNCTION orders_said_unchanged() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'orders_said is not changed, only destroyed' USING ERRCODE = 'insufficient_privilege';
END $$;
CREATE TRIGGER orders_said_unchanged BEFORE UPDATE ON orders_said
  FOR EACH ROW EXECUTE FUNCTION orders_said_unchanged();
"""
_UNCHANGED_UNDO = """
DROP TRIGGER orders_said_unchanged ON orders_said;
DROP FUNCTION orders_said_unchanged();
"""


class Migration(migrations.Migration):
    dependencies = [
        ("orders", "0001_initial"),
        ("places", "0003_journal_sealed"),
    ]

    operations = [
        migrations.CreateModel(
            name="Discrepancy",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "kind",
                    shanzhi.base.rows.fields.CodeField(
                        choices=[
                            ("audience", "接收人名单 Audience"),
                            ("messages", "外发消息 Messages"),
                            ("receipts", "回执汇总 Receipts"),
                            ("places", "各级汇总 Places"),
                        ],
                        db_collation="C",
                        max_length=12,
                    ),
                ),
                (
                    "detail",
                    shanzhi.base.rows.fields.CodeField(
                        blank=True, db_collation="C", default="", max_length=32
                    ),
                ),
                ("wanted", models.IntegerField()),
                ("found", models.IntegerField()),
                ("repaired", models.PositiveIntegerField(default=0)),
                ("first_at", models.DateTimeField()),
                ("seen_at", models.DateTimeField()),
                ("closed_at", models.DateTimeField(null=True)),
            ],
            options={
                "ordering": ["order", "first_at", "id"],
            },
        ),
        migrations.CreateModel(
            name="Said",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=shanzhi.core.kit.ids.uuid7, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("area", shanzhi.base.rows.fields.CodeField(db_collation="C", editable=False, max_length=6)),
                ("reason", models.CharField(blank=True, default="", max_length=200)),
                ("answers", models.JSONField(null=True)),
                ("at", models.DateTimeField()),
            ],
            options={
                "ordering": ["at", "id"],
            },
        ),
        migrations.AddField(
            model_name="said",
            name="recipient",
            field=models.ForeignKey(
                db_constraint=False,
                db_index=False,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="orders.recipient",
            ),
        ),
        composite_foreign_key("orders_said", "recipient_id", "orders_recipient"),
        migrations.RunSQL(_MOVE, _MOVE_BACK),
        migrations.RunSQL(_UNCHANGED, _UNCHANGED_UNDO),
        migrations.RemoveField(
            model_name="callthrough",
            name="note",
        ),
        migrations.RemoveField(
            model_name="receipt",
            name="answers",
        ),
        migrations.RemoveField(
            model_name="receipt",
            name="reason",
        ),
        migrations.RemoveField(
            model_name="recipient",
            name="reason",
        ),
        migrations.AddField(
            model_name="order",
            name="counted_at",
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name="order",
            name="activation_level",
            field=models.PositiveSmallIntegerField(null=True),
        ),
        migrations.AddField(
            model_name="order",
            name="compound_ids",
            field=django.contrib.postgres.fields.ArrayField(
                base_field=models.UUIDField(), db_default=[], default=list, size=None
            ),
        ),
        migrations.AddField(
            model_name="order",
            name="household_rule",
            field=shanzhi.base.rows.fields.CodeField(
                db_collation="C", db_default="all", default="all", max_length=32
            ),
        ),
        migrations.AddField(
            model_name="placereach",
            name="failed",
            field=models.PositiveIntegerField(db_default=0, default=0),
        ),
        migrations.AddField(
            model_name="placereach",
            name="sent",
            field=models.PositiveIntegerField(db_default=0, default=0),
        ),
        migrations.AddConstraint(
            model_name="order",
            constraint=models.UniqueConstraint(
                condition=models.Q(("activation_level__isnull", False)),
                fields=("activation_id", "template", "activation_level"),
                name="orders_order_of_level",
            ),
        ),
        # Until now an order was sent to everybody with the snapshot.
        migrations.RunSQL("UPDATE orders_placereach SET sent = people", migrations.RunSQL.noop),
        migrations.AddConstraint(
            model_name="placereach",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("people__gte", models.F("sent")),
                    (
                        "sent__gte",
                        django.db.models.expressions.CombinedExpression(
                            models.F("delivered"), "+", models.F("failed")
                        ),
                    ),
                ),
                name="orders_placereach_adds_up",
            ),
        ),
        migrations.AddField(
            model_name="discrepancy",
            name="order",
            field=models.ForeignKey(
                db_index=False,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="discrepancies",
                to="orders.order",
            ),
        ),
        migrations.AddIndex(
            model_name="discrepancy",
            index=models.Index(fields=["order", "first_at"], name="orders_discrepancy_order"),
        ),
        migrations.AddConstraint(
            model_name="discrepancy",
            constraint=models.UniqueConstraint(
                condition=models.Q(("closed_at", None)),
                fields=("order", "kind", "detail"),
                name="orders_discrepancy_open",
            ),
        ),
        migrations.AddIndex(
            model_name="said",
            index=models.Index(fields=["area", "recipient"], name="orders_said_recipient"),
        ),
        migrations.AddIndex(
            model_name="said",
            index=models.Index(fields=["at"], name="orders_said_at"),
        ),
    ]
