"""Migration operations for tables whose history is sealed."""

from django.db import migrations


def sealed_position(table: str) -> migrations.RunSQL:
    """A running position, by which seals name rows. Plain index: uniqueness is the identity's own."""
    return migrations.RunSQL(
        f"ALTER TABLE {table} ADD COLUMN position bigint GENERATED ALWAYS AS IDENTITY; "
        f"CREATE INDEX {table}_position ON {table} (position)",
        f"ALTER TABLE {table} DROP COLUMN position",
    )


def read_only_for_app(table: str) -> migrations.RunSQL:
    """The program may append and read, the auditor read: where those roles exist."""
    return migrations.RunSQL(
        f"""
        DO $$ BEGIN
          IF EXISTS (SELECT 1 FROM pg_roles WHERE rolname = 'shanzhi_app') THEN
            REVOKE UPDATE, DELETE, TRUNCATE ON {table} FROM shanzhi_app;
          END IF;
          IF EXISTS (SELECT 1 FROM pg_roles WHERE rolname = 'shanzhi_auditor') THEN
            GRANT SELECT ON {table} TO shanzhi_auditor;
          END IF;
        END $$
        """,
        migrations.RunSQL.noop,
    )
