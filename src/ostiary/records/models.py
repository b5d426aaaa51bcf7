"""Fixed tables of the data plane, described for migrations. Run-time access is by SQL (ADR-0004)."""

from django.db import models
from django.db.models.functions import Now


class Idempotency(models.Model):
    """What a request with an idempotency key did: no key, no values, only hashes and the record's id.

    `version`: of the record after the request; null where it was deleted.
    """

    pk = models.CompositePrimaryKey("principal", "key_hash")
    principal = models.UUIDField()
    key_hash = models.BinaryField()
    request_hash = models.BinaryField()
    object_code = models.TextField()
    record_id = models.UUIDField(null=True)
    version = models.IntegerField(null=True)
    created_at = models.DateTimeField(db_default=Now())
    expires_at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["expires_at"], name="records_idempotency_expires")]
