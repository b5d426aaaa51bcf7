"""Pinned records of one person."""

import django.db.models.deletion
import django.db.models.functions.datetime
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("pages", "0001_initial")]

    operations = [
        migrations.CreateModel(
            name="Pin",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "principal_id",
                        "object",
                        "record",
                        blank=True,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                (
                    "principal",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="identity.unit",
                    ),
                ),
                ("object", models.UUIDField()),
                ("record", models.UUIDField()),
                ("pinned_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
            ],
            options={"db_table": "pages_pin"},
        ),
        # The database itself takes them away with the person: people are identity's.
        migrations.RunSQL(
            "ALTER TABLE pages_pin ADD CONSTRAINT pages_pin_principal_id FOREIGN KEY (principal_id)"
            " REFERENCES identity_unit (id) ON DELETE CASCADE",
            "ALTER TABLE pages_pin DROP CONSTRAINT pages_pin_principal_id",
        ),
    ]
