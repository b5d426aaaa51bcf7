"""Bytes of attachments, in encrypted parts."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("records", "0001_initial")]

    operations = [
        migrations.CreateModel(
            name="Blob",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "file_id", "part", blank=True, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("file_id", models.UUIDField()),
                ("part", models.IntegerField()),
                ("object_id", models.UUIDField()),
                ("data", models.BinaryField()),
            ],
            options={
                "indexes": [models.Index(fields=["object_id"], name="records_blob_object")],
            },
        ),
    ]
