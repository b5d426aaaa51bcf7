"""Events about many objects are found at each of them."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("audit", "0001_initial"),
    ]

    operations = [
        migrations.CreateModel(
            name="About",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "object_ref",
                        "event_id",
                        blank=True,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("object_ref", models.UUIDField()),
                ("event_id", models.UUIDField()),
                ("object_type", models.TextField()),
                ("shared_part", models.SmallIntegerField(null=True)),
                ("own_part", models.SmallIntegerField(null=True)),
            ],
            options={
                "indexes": [models.Index(fields=["event_id"], name="audit_about_event_idx")],
            },
        ),
    ]
