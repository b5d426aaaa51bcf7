"""Dashboards and their shares."""

import django.db.models.deletion
import django.db.models.functions.datetime
from django.db import migrations, models

UNIT = "identity.unit"
# The database itself keeps them: a unit is removed below this context, which knows nothing of these tables.
REFERENCES = (
    ("dashboards_dashboard", "owner_id", "identity_unit"),
    ("dashboards_share", "dashboard_id", "dashboards_dashboard"),
    ("dashboards_share", "unit_id", "identity_unit"),
)


def refer(table: str, column: str, target: str) -> migrations.RunSQL:
    """A reference whose row goes with what it refers to."""
    return migrations.RunSQL(
        f"ALTER TABLE {table} ADD CONSTRAINT {table}_{column} FOREIGN KEY ({column})"
        f" REFERENCES {target} (id) ON DELETE CASCADE",
        f"ALTER TABLE {table} DROP CONSTRAINT {table}_{column}",
    )


def unit() -> models.ForeignKey:
    """A person or role."""
    return models.ForeignKey(
        db_constraint=False, on_delete=django.db.models.deletion.CASCADE, related_name="+", to=UNIT
    )


class Migration(migrations.Migration):
    initial = True

    dependencies = [("identity", "0003_standing_in")]

    operations = [
        migrations.CreateModel(
            name="Dashboard",
            fields=[
                ("id", models.UUIDField(primary_key=True, serialize=False)),
                ("owner", unit()),
                ("name", models.TextField()),
                ("widgets", models.JSONField()),
                ("version", models.IntegerField(db_default=1)),
                ("created_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ("modified_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
            ],
        ),
        migrations.CreateModel(
            name="Share",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "dashboard_id",
                        "unit_id",
                        blank=True,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                (
                    "dashboard",
                    models.ForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="dashboards.dashboard",
                    ),
                ),
                ("unit", unit()),
                ("may_edit", models.BooleanField(db_default=False)),
            ],
        ),
        *(refer(table, column, target) for table, column, target in REFERENCES),
    ]
