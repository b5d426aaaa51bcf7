"""The key tables, described for migrations. Run-time access is by SQL (ADR-0004)."""

from django.db import models
from django.db.models.functions import Now

STATES = ("pending", "active", "decrypt_only", "retired", "destroyed", "compromised")


class Kek(models.Model):
    """A key-encryption key of the tenant, wrapped by the root `root_id`, with a known text to test it by.

    Version 1 is derived from the root and has a row only once it has been replaced. No personal data.
    """

    version = models.IntegerField(primary_key=True)
    state = models.TextField()
    root_id = models.UUIDField()
    wrapped = models.BinaryField(null=True)
    check_value = models.BinaryField(null=True)
    created_at = models.DateTimeField(db_default=Now())
    state_since = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["state"], condition=models.Q(state="active"), name="crypto_kek_one_active"
            ),
            models.CheckConstraint(name="crypto_kek_state", condition=models.Q(state__in=STATES)),
            models.CheckConstraint(
                name="crypto_kek_destroyed",
                condition=models.Q(state="destroyed", wrapped__isnull=True)
                | (~models.Q(state="destroyed") & models.Q(wrapped__isnull=False)),
            ),
        ]


class Dek(models.Model):
    """A data-encryption key of the tenant, no personal data. `wrapped` is null once it is destroyed."""

    id = models.UUIDField(primary_key=True)
    scope = models.TextField()
    version = models.IntegerField()
    state = models.TextField()
    wrapped = models.BinaryField(null=True)
    kek_version = models.IntegerField()
    created_at = models.DateTimeField(db_default=Now())
    state_since = models.DateTimeField(db_default=Now())

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


class Secret(models.Model):
    """A credential of an integration, encrypted and bound to its name."""

    name = models.TextField(primary_key=True)
    blob = models.BinaryField()
    changed_at = models.DateTimeField(db_default=Now())
