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


class BulkChunk(models.Model):
    """What became of some rows of a bulk change, and what their columns held before: encrypted.

    `number`: place of the first. `undoable`: how many of them can be undone. `lost`: how many records whoever
    changed them may no longer see.
    """

    id = models.UUIDField(primary_key=True)
    bulk_id = models.UUIDField()
    number = models.IntegerField()
    undoable = models.IntegerField()
    lost = models.IntegerField()
    rows = models.BinaryField()

    class Meta:
        db_table = "records_bulk_chunk"
        indexes = [models.Index(fields=["bulk_id", "number"], name="records_bulk_chunk_number")]


class BulkUndo(models.Model):
    """A bulk change (`id`) that takes another one back."""

    id = models.UUIDField(primary_key=True)
    undoes = models.UUIDField()

    class Meta:
        db_table = "records_bulk_undo"
        indexes = [models.Index(fields=["undoes"], name="records_bulk_undo_undoes")]


class Import(models.Model):
    """A file that somebody brings in: sent, checked, imported, perhaps undone (`phase`), and how far it is.

    `file_id`, `rows_id`, `result_id`: parts of `records_blob`: what was sent, its rows, what became of them.
    `plan`, `noted`: encrypted. `block`: of rows, the next one. `counts`: by phase,
    how many rows had which fate.
    """

    id = models.UUIDField(primary_key=True)
    requested_by = models.UUIDField()
    object = models.UUIDField()
    object_code = models.TextField()
    phase = models.TextField()
    state = models.TextField()
    reason = models.TextField(db_default="")
    job = models.UUIDField(null=True)
    plan = models.BinaryField()
    noted = models.BinaryField(null=True)
    file_id = models.UUIDField()
    rows_id = models.UUIDField(null=True)
    result_id = models.UUIDField(null=True)
    size = models.BigIntegerField()
    total = models.IntegerField(null=True)
    done = models.IntegerField(db_default=0)
    block = models.IntegerField(db_default=0)
    counts = models.JSONField()
    asked_at = models.DateTimeField()
    begun_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [models.Index(fields=["requested_by", "asked_at"], name="records_import_by")]


class ImportRecord(models.Model):
    """A record that an import made or changed, so that it can be undone. `before`: encrypted.

    `place`: the line of the file; 0: a lookup value that was made for one. `version`: after the import.
    `stays`: it could not be undone.
    """

    pk = models.CompositePrimaryKey("import_id", "record_id")
    import_id = models.UUIDField()
    record_id = models.UUIDField()
    place = models.IntegerField()
    object = models.UUIDField()
    version = models.IntegerField()
    before = models.BinaryField(null=True)
    stays = models.BooleanField(db_default=False)

    class Meta:
        db_table = "records_import_record"
        indexes = [models.Index(fields=["import_id", "-place"], name="records_import_record_place")]


class ImportKey(models.Model):
    """A key that a file has, while it is checked without keeping anything: a keyed hash, and its line."""

    pk = models.CompositePrimaryKey("import_id", "hash")
    import_id = models.UUIDField()
    hash = models.BinaryField()
    line = models.IntegerField()

    class Meta:
        db_table = "records_import_key"


class ImportChoice(models.Model):
    """How somebody last mapped files with one header into one object, encrypted. `id`: of these three."""

    id = models.UUIDField(primary_key=True)
    person = models.UUIDField()
    choice = models.BinaryField()
    used_at = models.DateTimeField()

    class Meta:
        db_table = "records_import_choice"


class Export(models.Model):
    """A file that somebody took out, or waits for: of what, why, how much, until when it can be had.

    `request`: columns, filter, order, reason, place to go on: encrypted. `classes`: how many columns of each.
    `file_id`: parts of `records_blob`; null where it left at once, or is gone.
    """

    id = models.UUIDField(primary_key=True)
    requested_by = models.UUIDField()
    object = models.UUIDField()
    object_code = models.TextField()
    format = models.TextField()
    state = models.TextField()
    reason = models.TextField(db_default="")
    job = models.UUIDField(null=True)
    request = models.BinaryField()
    classes = models.JSONField()
    file_id = models.UUIDField(null=True)
    parts = models.IntegerField(db_default=0)
    total = models.IntegerField()
    done = models.IntegerField(db_default=0)
    asked_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)
    expires_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [models.Index(fields=["requested_by", "asked_at"], name="records_export_by")]


class DuplicateRule(models.Model):
    """By what records of an object are taken for the same, where the tenant decided: columns, no values."""

    object = models.UUIDField(primary_key=True)
    rules = models.JSONField()
    changed_by = models.UUIDField()
    changed_at = models.DateTimeField()

    class Meta:
        db_table = "records_duplicate_rule"


class NotDuplicate(models.Model):
    """Two records of an object that somebody said are not the same. `low`: the lesser id."""

    pk = models.CompositePrimaryKey("low", "high")
    low = models.UUIDField()
    high = models.UUIDField()
    object = models.UUIDField()
    said_by = models.UUIDField()
    said_at = models.DateTimeField()

    class Meta:
        db_table = "records_not_duplicate"
        indexes = [models.Index(fields=["high"], name="records_not_duplicate_high")]


class DuplicateSearch(models.Model):
    """A search of one person for duplicates among all records of an object; a later one takes its place."""

    id = models.UUIDField(primary_key=True)
    requested_by = models.UUIDField()
    object = models.UUIDField()
    job = models.UUIDField(null=True)
    state = models.TextField()
    reason = models.TextField(db_default="")
    more = models.BooleanField(db_default=False)
    asked_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "records_duplicate_search"
        constraints = [
            models.UniqueConstraint(fields=["requested_by", "object"], name="records_duplicate_search_of")
        ]


class DuplicateGroup(models.Model):
    """Records that a search took for the same: ids, and the stored names of the columns that agree."""

    pk = models.CompositePrimaryKey("search", "number")
    search = models.ForeignKey(DuplicateSearch, models.CASCADE, db_index=False)
    number = models.IntegerField()
    records = models.JSONField()
    columns = models.JSONField()

    class Meta:
        db_table = "records_duplicate_group"
