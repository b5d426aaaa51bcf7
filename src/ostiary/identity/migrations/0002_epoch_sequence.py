"""Epochs come from a sequence: a number that a rolled-back transaction used is never used again for other content."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("identity", "0001_initial")]
    operations = [
        migrations.RunSQL(
            "CREATE SEQUENCE identity_epoch_seq START 2", reverse_sql="DROP SEQUENCE identity_epoch_seq"
        )
    ]
