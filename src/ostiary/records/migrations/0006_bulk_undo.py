"""What changes of many records did, so that they can be undone."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("records", "0005_duplicates")]

    operations = [
        migrations.CreateModel(
            name="BulkChunk",
            fields=[
                ("id", models.UUIDField(primary_key=True, serialize=False)),
                ("bulk_id", models.UUIDField()),
                ("number", models.IntegerField()),
                ("undoable", models.IntegerField()),
                ("lost", models.IntegerField()),
                ("rows", models.BinaryField()),
            ],
            options={
                "db_table": "records_bulk_chunk",
                "indexes": [models.Index(fields=["bulk_id", "number"], name="records_bulk_chunk_number")],
            },
        ),
        migrations.CreateModel(
            name="BulkUndo",
            fields=[
                ("id", models.UUIDField(primary_key=True, serialize=False)),
                ("undoes", models.UUIDField()),
            ],
            options={
                "db_table": "records_bulk_undo",
                "indexes": [models.Index(fields=["undoes"], name="records_bulk_undo_undoes")],
            },
        ),
    ]
