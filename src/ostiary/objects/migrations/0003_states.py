"""Every state of the catalogue is kept, so that it can be looked at as it was."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("objects", "0002_run_time_changes"),
    ]

    operations = [
        migrations.CreateModel(
            name="State",
            fields=[
                ("number", models.BigIntegerField(primary_key=True, serialize=False)),
                ("made_at", models.DateTimeField()),
                ("made_by", models.UUIDField(null=True)),
                ("request_id", models.UUIDField()),
                ("changes", models.JSONField(db_default=[])),
                ("versions", models.JSONField()),
                ("workplaces", models.JSONField()),
            ],
            options={
                "indexes": [models.Index(fields=["made_at"], name="objects_state_made_idx")],
            },
        ),
    ]
