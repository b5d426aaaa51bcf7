"""Idempotency keys of requests that change records."""

import django.db.models.functions.datetime
from django.db import migrations, models


class Migration(migrations.Migration):
    initial = True

    dependencies = []

    operations = [
        migrations.CreateModel(
            name="Idempotency",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "principal", "key_hash", blank=True, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("principal", models.UUIDField()),
                ("key_hash", models.BinaryField()),
                ("request_hash", models.BinaryField()),
                ("object_code", models.TextField()),
                ("record_id", models.UUIDField(null=True)),
                ("version", models.IntegerField(null=True)),
                ("created_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ("expires_at", models.DateTimeField()),
            ],
            options={
                "indexes": [models.Index(fields=["expires_at"], name="records_idempotency_expires")],
            },
        ),
    ]
