"""The table of settings, described for migrations. Run-time access is by SQL (ADR-0004)."""

from django.db import models


class Value(models.Model):
    """What the tenant decided about one setting. `value` is null where it went back to the default."""

    code = models.TextField(primary_key=True)
    id = models.UUIDField(unique=True)
    value = models.JSONField(null=True)
    changed_by = models.UUIDField(null=True)
    changed_at = models.DateTimeField()
