"""The key table, described for migrations. Run-time access is by SQL (ADR-0004)."""

from django.db import models
from django.db.models.functions import Now

STATES = ("pending", "active", "decrypt_only", "retired", "destroyed", "compromised")


class Dek(models.Model):
    """A data-encryption key of the tenant, no personal data. `wrapped` is null once it is destroyed."""

    id = models.UUIDField(primary_key=True)
    scope = models.TextField()
    version = models.IntegerField()
    state = models.TextField()
    wrapped = models.BinaryField(null=True)
    kek_version = models.IntegerField()
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["scope", "version"], name="crypto_dek_version"),
            models.UniqueConstraint(
                fields=["scope"], condition=models.Q(state="active"), name="crypto_dek_one_active"
            ),
            models.CheckConstraint(name="crypto_dek_state", condition=models.Q(state__in=STATES)),
            models.CheckConstraint(
                name="crypto_dek_destroyed",
                condition=models.Q(state="destroyed", wrapped__isnull=True)
                | (~models.Q(state="destroyed") & models.Q(wrapped__isnull=False)),
            ),
        ]
