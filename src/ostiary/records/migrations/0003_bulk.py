"""Changes of many records that are kept: those that jobs make, and results under idempotency keys."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("records", "0002_blob")]

    operations = [
        migrations.CreateModel(
            name="Bulk",
            fields=[
                ("id", models.UUIDField(primary_key=True, serialize=False)),
                ("job", models.UUIDField(null=True)),
                ("requested_by", models.UUIDField()),
                ("object", models.UUIDField()),
                ("object_code", models.TextField()),
                ("verb", models.TextField()),
                ("request", models.BinaryField(null=True)),
                ("by_filter", models.BooleanField()),
                ("state", models.TextField()),
                ("reason", models.TextField(db_default="")),
                ("total", models.IntegerField()),
                ("done", models.IntegerField(db_default=0)),
                ("refused", models.IntegerField(db_default=0)),
                ("asked_at", models.DateTimeField()),
                ("begun_at", models.DateTimeField(null=True)),
                ("ended_at", models.DateTimeField(null=True)),
            ],
            options={"indexes": [models.Index(fields=["asked_at"], name="records_bulk_asked")]},
        ),
        migrations.CreateModel(
            name="BulkRow",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "bulk", "number", blank=True, editable=False, primary_key=True, serialize=False
                    ),
                ),
                (
                    "bulk",
                    models.ForeignKey(
                        db_index=False, on_delete=django.db.models.deletion.CASCADE, to="records.bulk"
                    ),
                ),
                ("number", models.IntegerField()),
                ("record_id", models.UUIDField(null=True)),
                ("outcome", models.TextField(null=True)),
                ("version", models.IntegerField(null=True)),
                ("visible", models.BooleanField(db_default=True)),
                ("detail", models.BinaryField(null=True)),
            ],
            options={"db_table": "records_bulk_row"},
        ),
    ]
