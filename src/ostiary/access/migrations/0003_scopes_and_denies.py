"""Scope rules, denies, rights carried by operations, and legs that objects with switches have from now on."""

import django.db.models.deletion
from django.db import migrations, models

LEGS = "UPDATE access_switches SET legs = legs || 'cm' WHERE strpos(legs, 'c') = 0 AND %s"
# An operation that came later goes where those of a new tenant go: to the System administrators.
GRANT = """
INSERT INTO access_operation_row (id, operation, unit_id, allowed, position)
SELECT gen_random_uuid(), o.code, u.id, true, 1
FROM identity_unit u CROSS JOIN unnest(%s::text[]) AS o(code)
WHERE u.code = 'system_administrators'
  AND NOT EXISTS (SELECT 1 FROM access_operation_row r WHERE r.operation = o.code)
"""
NEW = ("CanChangeAdminUnitGrantedRight",)
VOID = "UPDATE identity_epoch SET epoch = nextval('identity_epoch_seq') WHERE %s"


class Migration(migrations.Migration):
    dependencies = [
        ("access", "0002_settings_operations"),
        ("identity", "0003_standing_in"),
    ]

    operations = [
        migrations.AddField(
            model_name="switches",
            name="denies",
            field=models.BooleanField(db_default=False),
        ),
        migrations.AlterField(
            model_name="switches",
            name="legs",
            field=models.TextField(db_default="aAoOrcsm"),
        ),
        migrations.CreateModel(
            name="CarriedRight",
            fields=[
                ("id", models.UUIDField(primary_key=True, serialize=False)),
                ("operation", models.TextField()),
                ("object_id", models.UUIDField()),
                ("verbs", models.TextField()),
            ],
            options={
                "db_table": "access_carried_right",
                "constraints": [
                    models.UniqueConstraint(
                        fields=("operation", "object_id"), name="access_carried_right_once"
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="Deny",
            fields=[
                ("id", models.UUIDField(primary_key=True, serialize=False)),
                ("object_id", models.UUIDField()),
                ("record_id", models.UUIDField()),
                ("verb", models.CharField(max_length=1)),
                (
                    "unit",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="+", to="identity.unit"
                    ),
                ),
            ],
            options={
                "db_table": "access_deny",
                "constraints": [
                    models.UniqueConstraint(fields=("record_id", "verb", "unit"), name="access_deny_once")
                ],
            },
        ),
        migrations.CreateModel(
            name="DenyRule",
            fields=[
                ("id", models.UUIDField(primary_key=True, serialize=False)),
                ("object_id", models.UUIDField()),
                ("verbs", models.TextField()),
                (
                    "author",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="+", to="identity.unit"
                    ),
                ),
                (
                    "unit",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="+", to="identity.unit"
                    ),
                ),
            ],
            options={
                "db_table": "access_deny_rule",
                "constraints": [
                    models.UniqueConstraint(
                        fields=("object_id", "author", "unit"), name="access_deny_rule_once"
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="ScopeRule",
            fields=[
                ("id", models.UUIDField(primary_key=True, serialize=False)),
                ("object_id", models.UUIDField()),
                ("path", models.TextField()),
                ("attribute", models.TextField()),
                ("read", models.SmallIntegerField()),
                ("update", models.SmallIntegerField()),
                ("delete", models.SmallIntegerField()),
                (
                    "grantee",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="+", to="identity.unit"
                    ),
                ),
            ],
            options={
                "db_table": "access_scope_rule",
                "constraints": [
                    models.UniqueConstraint(
                        fields=("object_id", "grantee", "path", "attribute"), name="access_scope_rule_once"
                    )
                ],
            },
        ),
        migrations.RunSQL([(LEGS, [True]), (GRANT, [list(NEW)]), (VOID, [True])], migrations.RunSQL.noop),
    ]
