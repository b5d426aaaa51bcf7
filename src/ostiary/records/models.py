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


class Bulk(models.Model):
    """One change of many records: asked for as a job, or done at once under an idempotency key.

    `request`: values, filter and the columns that were meant, encrypted; gone when it has ended. `job`: null
    where it was done at once.
    """

    id = models.UUIDField(primary_key=True)
    job = models.UUIDField(null=True)
    requested_by = models.UUIDField()
    object = models.UUIDField()
    object_code = models.TextField()
    verb = models.TextField()
    request = models.BinaryField(null=True)
    by_filter = models.BooleanField()
    state = models.TextField()
    reason = models.TextField(db_default="")
    total = models.IntegerField()
    done = models.IntegerField(db_default=0)
    refused = models.IntegerField(db_default=0)
    asked_at = models.DateTimeField()
    begun_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [models.Index(fields=["asked_at"], name="records_bulk_asked")]


class BulkRow(models.Model):
    """A row of it that waits for its turn (no outcome yet), or what became of one. `detail`: encrypted."""

    pk = models.CompositePrimaryKey("bulk", "number")
    bulk = models.ForeignKey(Bulk, models.CASCADE, db_index=False)
    number = models.IntegerField()
    record_id = models.UUIDField(null=True)
    outcome = models.TextField(null=True)
    version = models.IntegerField(null=True)
    visible = models.BooleanField(db_default=True)
    detail = models.BinaryField(null=True)

    class Meta:
        db_table = "records_bulk_row"
