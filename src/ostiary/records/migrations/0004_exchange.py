"""Files that people bring in and take out."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("records", "0003_bulk")]

    operations = [
        migrations.CreateModel(
            name="Import",
            fields=[
                ("id", models.UUIDField(primary_key=True, serialize=False)),
                ("requested_by", models.UUIDField()),
                ("object", models.UUIDField()),
                ("object_code", models.TextField()),
                ("phase", models.TextField()),
                ("state", models.TextField()),
                ("reason", models.TextField(db_default="")),
                ("job", models.UUIDField(null=True)),
                ("plan", models.BinaryField()),
                ("noted", models.BinaryField(null=True)),
                ("file_id", models.UUIDField()),
                ("rows_id", models.UUIDField(null=True)),
                ("result_id", models.UUIDField(null=True)),
                ("size", models.BigIntegerField()),
                ("total", models.IntegerField(null=True)),
                ("done", models.IntegerField(db_default=0)),
                ("block", models.IntegerField(db_default=0)),
                ("counts", models.JSONField()),
                ("asked_at", models.DateTimeField()),
                ("begun_at", models.DateTimeField(null=True)),
                ("ended_at", models.DateTimeField(null=True)),
            ],
            options={
                "indexes": [models.Index(fields=["requested_by", "asked_at"], name="records_import_by")]
            },
        ),
        migrations.CreateModel(
            name="ImportRecord",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "import_id",
                        "record_id",
                        blank=True,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("import_id", models.UUIDField()),
                ("record_id", models.UUIDField()),
                ("place", models.IntegerField()),
                ("object", models.UUIDField()),
                ("version", models.IntegerField()),
                ("before", models.BinaryField(null=True)),
                ("stays", models.BooleanField(db_default=False)),
            ],
            options={
                "db_table": "records_import_record",
                "indexes": [models.Index(fields=["import_id", "-place"], name="records_import_record_place")],
            },
        ),
        migrations.CreateModel(
            name="ImportKey",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "import_id", "hash", blank=True, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("import_id", models.UUIDField()),
                ("hash", models.BinaryField()),
                ("line", models.IntegerField()),
            ],
            options={"db_table": "records_import_key"},
        ),
        migrations.CreateModel(
            name="ImportChoice",
            fields=[
                ("id", models.UUIDField(primary_key=True, serialize=False)),
                ("person", models.UUIDField()),
                ("choice", models.BinaryField()),
                ("used_at", models.DateTimeField()),
            ],
            options={"db_table": "records_import_choice"},
        ),
        migrations.CreateModel(
            name="Export",
            fields=[
                ("id", models.UUIDField(primary_key=True, serialize=False)),
                ("requested_by", models.UUIDField()),
                ("object", models.UUIDField()),
                ("object_code", models.TextField()),
                ("format", models.TextField()),
                ("state", models.TextField()),
                ("reason", models.TextField(db_default="")),
                ("job", models.UUIDField(null=True)),
                ("request", models.BinaryField()),
                ("classes", models.JSONField()),
                ("file_id", models.UUIDField(null=True)),
                ("parts", models.IntegerField(db_default=0)),
                ("total", models.IntegerField()),
                ("done", models.IntegerField(db_default=0)),
                ("asked_at", models.DateTimeField()),
                ("ended_at", models.DateTimeField(null=True)),
                ("expires_at", models.DateTimeField(null=True)),
            ],
            options={
                "indexes": [models.Index(fields=["requested_by", "asked_at"], name="records_export_by")]
            },
        ),
    ]
