"""Migration operations that Django does not have."""

from django.db import migrations

_APPEND_ONLY = """
CREATE FUNCTION {table}_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION '{table} is append-only' USING ERRCODE = 'insufficient_privilege';
END $$;
CREATE TRIGGER {table}_append_only BEFORE UPDATE OR DELETE ON {table}
  FOR EACH ROW EXECUTE FUNCTION {table}_append_only();
"""
_APPEND_ONLY_UNDO = """
DROP TRIGGER {table}_append_only ON {table};
DROP FUNCTION {table}_append_only();
"""


def area_key(table: str) -> migrations.RunSQL:
    """The unique key (area, id), which other growing tables refer to."""
    return migrations.RunSQL(
        f"ALTER TABLE {table} ADD CONSTRAINT {table}_area_key UNIQUE (area, id)",
        f"ALTER TABLE {table} DROP CONSTRAINT {table}_area_key",
    )


def composite_foreign_key(table: str, column: str, target_table: str) -> migrations.RunSQL:
    """A foreign key (area, `column`) between growing tables; the target needs `area_key`.

    The model's own ForeignKey has `db_constraint=False`. Distributing the tables drops and re-creates it.
    """
    name = f"{table}_{column}_area_fk"
    return migrations.RunSQL(
        f"ALTER TABLE {table} ADD CONSTRAINT {name} FOREIGN KEY (area, {column}) "
        f"REFERENCES {target_table} (area, id)",
        f"ALTER TABLE {table} DROP CONSTRAINT {name}",
    )


def append_only(table: str) -> migrations.RunSQL:
    """A trigger that refuses UPDATE and DELETE, of the owner too; the app role has no right to TRUNCATE."""
    return migrations.RunSQL(_APPEND_ONLY.format(table=table), _APPEND_ONLY_UNDO.format(table=table))
