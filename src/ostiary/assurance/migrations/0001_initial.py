"""Cards of roles and reasons of grants: what the role matrix says beside the rights themselves."""

import django.db.models.deletion
from django.db import migrations, models

UNIT = "identity.unit"
# The database itself keeps them: a role is removed below this context, which knows nothing of these tables.
REFERENCES = (
    ("assurance_role_card", "role_id", "CASCADE"),
    ("assurance_role_card", "owner_id", "SET NULL"),
    ("assurance_role_card", "reviewed_by_id", "SET NULL"),
    ("assurance_grant_reason", "role_id", "CASCADE"),
)


def refer(table: str, column: str, then: str) -> migrations.RunSQL:
    """A reference to a unit, and what becomes of the row when that goes."""
    return migrations.RunSQL(
        f"ALTER TABLE {table} ADD CONSTRAINT {table}_{column} FOREIGN KEY ({column})"
        f" REFERENCES identity_unit (id) ON DELETE {then}",
        f"ALTER TABLE {table} DROP CONSTRAINT {table}_{column}",
    )


class Migration(migrations.Migration):
    initial = True

    dependencies = [("identity", "0003_standing_in")]

    operations = [
        migrations.CreateModel(
            name="RoleCard",
            fields=[
                (
                    "role",
                    models.OneToOneField(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        primary_key=True,
                        related_name="+",
                        serialize=False,
                        to=UNIT,
                    ),
                ),
                (
                    "owner",
                    models.ForeignKey(
                        db_constraint=False,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=UNIT,
                    ),
                ),
                ("justification", models.TextField(db_default="")),
                ("basis", models.TextField(db_default="")),
                ("review_months", models.SmallIntegerField(null=True)),
                ("reviewed_at", models.DateTimeField(null=True)),
                (
                    "reviewed_by",
                    models.ForeignKey(
                        db_constraint=False,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=UNIT,
                    ),
                ),
            ],
            options={"db_table": "assurance_role_card"},
        ),
        migrations.CreateModel(
            name="GrantReason",
            fields=[
                ("id", models.UUIDField(primary_key=True, serialize=False)),
                (
                    "role",
                    models.ForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to=UNIT,
                    ),
                ),
                ("kind", models.TextField()),
                ("target", models.TextField()),
                ("justification", models.TextField(db_default="")),
                ("basis", models.TextField(db_default="")),
            ],
            options={
                "db_table": "assurance_grant_reason",
                "constraints": [
                    models.UniqueConstraint(
                        fields=("role", "kind", "target"), name="assurance_grant_reason_once"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(kind__in=["operation", "object"]),
                        name="assurance_grant_reason_kind",
                    ),
                ],
            },
        ),
        *(refer(table, column, then) for table, column, then in REFERENCES),
    ]
