"""English titles of responses from before they had one: those called as their plan calls them."""

from django.db import migrations

FILL = """
UPDATE modes_activation a SET title_en = left(regexp_replace(v.content->>'en', ' plan$', '') || ' response', 80)
FROM plans_plan p JOIN plans_planversion v ON v.plan_id = p.id
WHERE a.title_en = '' AND a.plan = p.code AND a.plan_version = v.number AND v.content->>'en' <> ''
  AND a.title = left(regexp_replace(v.content->>'zh', '预案$', '') || '响应', 80)
"""


class Migration(migrations.Migration):
    dependencies = [
        ("plans", "0001_initial"),
        ("modes", "0002_levels_and_limits"),
    ]

    operations = [migrations.RunSQL(FILL, migrations.RunSQL.noop)]
