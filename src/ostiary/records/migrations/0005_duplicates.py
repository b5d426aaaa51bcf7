"""By what records are taken for the same, what is not the same after all, and searches for it."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("records", "0004_exchange")]

    operations = [
        migrations.CreateModel(
            name="DuplicateRule",
            fields=[
                ("object", models.UUIDField(primary_key=True, serialize=False)),
                ("rules", models.JSONField()),
                ("changed_by", models.UUIDField()),
                ("changed_at", models.DateTimeField()),
            ],
            options={"db_table": "records_duplicate_rule"},
        ),
        migrations.CreateModel(
            name="NotDuplicate",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "low", "high", blank=True, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("low", models.UUIDField()),
                ("high", models.UUIDField()),
                ("object", models.UUIDField()),
                ("said_by", models.UUIDField()),
                ("said_at", models.DateTimeField()),
            ],
            options={
                "db_table": "records_not_duplicate",
                "indexes": [models.Index(fields=["high"], name="records_not_duplicate_high")],
            },
        ),
        migrations.CreateModel(
            name="DuplicateSearch",
            fields=[
                ("id", models.UUIDField(primary_key=True, serialize=False)),
                ("requested_by", models.UUIDField()),
                ("object", models.UUIDField()),
                ("job", models.UUIDField(null=True)),
                ("state", models.TextField()),
                ("reason", models.TextField(db_default="")),
                ("more", models.BooleanField(db_default=False)),
                ("asked_at", models.DateTimeField()),
                ("ended_at", models.DateTimeField(null=True)),
            ],
            options={
                "db_table": "records_duplicate_search",
                "constraints": [
                    models.UniqueConstraint(
                        fields=["requested_by", "object"], name="records_duplicate_search_of"
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="DuplicateGroup",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "search", "number", blank=True, editable=False, primary_key=True, serialize=False
                    ),
                ),
                (
                    "search",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        to="records.duplicatesearch",
                    ),
                ),
                ("number", models.IntegerField()),
                ("records", models.JSONField()),
                ("columns", models.JSONField()),
            ],
            options={"db_table": "records_duplicate_group"},
        ),
    ]
