import django.db.models.functions.datetime
from django.db import migrations, models


class Migration(migrations.Migration):
    initial = True

    dependencies = []

    operations = [
        migrations.CreateModel(
            name="Dek",
            fields=[
                ("id", models.UUIDField(primary_key=True, serialize=False)),
                ("scope", models.TextField()),
                ("version", models.IntegerField()),
                ("state", models.TextField()),
                ("wrapped", models.BinaryField(null=True)),
                ("kek_version", models.IntegerField()),
                ("created_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("scope", "version"), name="crypto_dek_version"),
                    models.UniqueConstraint(
                        condition=models.Q(("state", "active")),
                        fields=("scope",),
                        name="crypto_dek_one_active",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            (
                                "state__in",
                                ("pending", "active", "decrypt_only", "retired", "destroyed", "compromised"),
                            )
                        ),
                        name="crypto_dek_state",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("state", "destroyed"), ("wrapped__isnull", True)),
                            models.Q(
                                models.Q(("state", "destroyed"), _negated=True), ("wrapped__isnull", False)
                            ),
                            _connector="OR",
                        ),
                        name="crypto_dek_destroyed",
                    ),
                ],
            },
        ),
    ]
