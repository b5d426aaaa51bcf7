from django.db import migrations, models


class Migration(migrations.Migration):
    initial = True

    dependencies = []

    operations = [
        migrations.CreateModel(
            name="Value",
            fields=[
                ("code", models.TextField(primary_key=True, serialize=False)),
                ("id", models.UUIDField(unique=True)),
                ("value", models.JSONField(null=True)),
                ("changed_by", models.UUIDField(null=True)),
                ("changed_at", models.DateTimeField()),
            ],
        ),
    ]
