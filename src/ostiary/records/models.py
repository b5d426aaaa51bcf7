"""Fixed tables of the data plane, described for migrations. Run-time access is by SQL (ADR-0004)."""

from django.db import models
from django.db.models.functions import Now


class Blob(models.Model):
    """A part of an attachment's bytes, encrypted (standards 5.2). `object_id`: of the file's record."""

    pk = models.CompositePrimaryKey("file_id", "part")
    file_id = models.UUIDField()
    part = models.IntegerField()
    object_id = models.UUIDField()
    data = models.BinaryField()

    class Meta:
        indexes = [models.Index(fields=["object_id"], name="records_blob_object")]


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
