"""Delegations, elevations, attributes of principals, and the root of external users."""

import django.db.models.deletion
from django.db import migrations, models

ROOT = """
INSERT INTO identity_unit (id, kind, code, name, external)
SELECT gen_random_uuid(), 'org', 'all_external_users', 'All external users', true
FROM identity_unit u WHERE u.code = 'all_employees'
  AND NOT EXISTS (SELECT 1 FROM identity_unit x WHERE x.code = 'all_external_users')
"""
VOID = "UPDATE identity_epoch SET epoch = nextval('identity_epoch_seq') WHERE %s"
# nothing may be left to be checked at the end: tables that come next refer to the same one
CHECK = "SET CONSTRAINTS ALL IMMEDIATE"


class Migration(migrations.Migration):
    dependencies = [
        ("identity", "0002_epoch_sequence"),
    ]

    operations = [
        migrations.CreateModel(
            name="Elevation",
            fields=[
                ("id", models.UUIDField(primary_key=True, serialize=False)),
                ("valid_from", models.DateTimeField(null=True)),
                ("valid_to", models.DateTimeField(null=True)),
                ("reason", models.TextField()),
                (
                    "person",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="+", to="identity.unit"
                    ),
                ),
                (
                    "role",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="+", to="identity.unit"
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="Attribute",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("name", models.TextField()),
                ("value", models.UUIDField()),
                (
                    "principal",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="+", to="identity.unit"
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        fields=("principal", "name", "value"), name="identity_attribute_once"
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="Delegation",
            fields=[
                ("id", models.UUIDField(primary_key=True, serialize=False)),
                ("valid_from", models.DateTimeField(null=True)),
                ("valid_to", models.DateTimeField(null=True)),
                (
                    "grantor",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="+", to="identity.unit"
                    ),
                ),
                (
                    "receiver",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="+", to="identity.unit"
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("grantor", models.F("receiver")), _negated=True),
                        name="identity_delegation_others",
                    )
                ],
            },
        ),
        migrations.RunSQL([ROOT, (VOID, [True]), CHECK], migrations.RunSQL.noop),
    ]
