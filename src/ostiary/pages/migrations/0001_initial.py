"""Saved views of lists, and what opens by itself for one person."""

import django.db.models.deletion
import django.db.models.functions.datetime
from django.db import migrations, models

UNIT = "identity.unit"
# The database itself keeps them: people and roles go below this context, which knows nothing of these tables.
REFERENCES = (
    ("pages_saved_view", "owner_id", "identity_unit"),
    ("pages_saved_view", "role_id", "identity_unit"),
    ("pages_view_choice", "principal_id", "identity_unit"),
    ("pages_view_choice", "view_id", "pages_saved_view"),
)


def refer(table: str, column: str, to: str) -> migrations.RunSQL:
    """A reference, with which the row goes."""
    return migrations.RunSQL(
        f"ALTER TABLE {table} ADD CONSTRAINT {table}_{column} FOREIGN KEY ({column})"
        f" REFERENCES {to} (id) ON DELETE CASCADE",
        f"ALTER TABLE {table} DROP CONSTRAINT {table}_{column}",
    )


def unit(*, null: bool, index: bool = True) -> "models.ForeignKey[object, object]":
    return models.ForeignKey(
        db_constraint=False,
        db_index=index,
        null=null,
        on_delete=django.db.models.deletion.CASCADE,
        related_name="+",
        to=UNIT,
    )


class Migration(migrations.Migration):
    initial = True

    dependencies = [("identity", "0003_standing_in")]

    operations = [
        migrations.CreateModel(
            name="SavedView",
            fields=[
                ("id", models.UUIDField(primary_key=True, serialize=False)),
                ("object", models.UUIDField()),
                ("owner", unit(null=True)),
                ("role", unit(null=True)),
                ("name", models.TextField()),
                ("state", models.TextField()),
                ("opens", models.BooleanField(db_default=False)),
                ("changed_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ("deleted_at", models.DateTimeField(null=True)),
            ],
            options={
                "db_table": "pages_saved_view",
                "indexes": [
                    models.Index(fields=["object", "owner"], name="pages_saved_view_owner"),
                    models.Index(fields=["object", "role"], name="pages_saved_view_role"),
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("owner__isnull", False), ("role__isnull", True)),
                            models.Q(("owner__isnull", True), ("role__isnull", False)),
                            _connector="OR",
                        ),
                        name="pages_saved_view_whose",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="ViewChoice",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "principal_id",
                        "object",
                        blank=True,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("principal", unit(null=False, index=False)),
                ("object", models.UUIDField()),
                (
                    "view",
                    models.ForeignKey(
                        db_constraint=False,
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="pages.savedview",
                    ),
                ),
            ],
            options={"db_table": "pages_view_choice"},
        ),
        *(refer(table, column, to) for table, column, to in REFERENCES),
    ]
