"""The audit tables, described for migrations. Run-time access is by SQL (ADR-0004)."""

from django.db import models
from django.db.models.functions import Now


class Event(models.Model):
    """What happened, without names or values: `leaf` is hashed and kept for ever. Partitioned by month.

    The database's default of `log_id`, here and in `Queue`, is the epoch of the log (`_epoch`): 1 at birth
    only, raised by `open_epoch` in single tenants. `db_default` says what a new table begins with. No
    migration may touch these columns again, since it would set a raised epoch back to what the model says; a
    test refuses one that does (`tests/architecture/test_epoch_default.py`).
    """

    pk = models.CompositePrimaryKey("id", "occurred_at")
    id = models.UUIDField()
    occurred_at = models.DateTimeField()
    log_id = models.IntegerField(db_default=1)  # at birth: see above
    tenant_id = models.UUIDField()
    type = models.TextField()
    outcome = models.TextField()
    actor_kind = models.TextField()
    actor_ref = models.UUIDField(null=True)
    object_type = models.TextField(null=True)
    object_ref = models.UUIDField(null=True)
    request_id = models.UUIDField()
    leaf = models.BinaryField()


class Payload(models.Model):
    """An erasable part of an event, encrypted, with the salt of its commitment: personal data of any kind."""

    pk = models.CompositePrimaryKey("event_id", "part_no")
    event_id = models.UUIDField()
    part_no = models.SmallIntegerField()
    kind = models.TextField()
    data_subject_ref = models.UUIDField(null=True)
    dek_id = models.UUIDField()
    blob = models.BinaryField()
    salt_blob = models.BinaryField()

    class Meta:
        indexes = [
            models.Index(
                fields=["data_subject_ref"],
                condition=models.Q(data_subject_ref__isnull=False),
                name="audit_payload_subject_idx",
            )
        ]


class Queue(models.Model):
    """Events that wait for their place in the tree; the sequencer takes them out."""

    event_id = models.UUIDField(primary_key=True)
    log_id = models.IntegerField(db_default=1)  # at birth: see `Event`
    leaf_hash = models.BinaryField()


class Outbox(models.Model):
    """News for subscribers, in the transaction of the change. `id` is the event's; real ids, no values."""

    id = models.UUIDField(primary_key=True)
    topic = models.TextField()
    body = models.JSONField()
    created_at = models.DateTimeField(db_default=Now())


class EventIndex(models.Model):
    """Who did what to what, by real ids, for looking up: erasable and not hashed."""

    event_id = models.UUIDField(primary_key=True)
    occurred_at = models.DateTimeField()
    type = models.TextField()
    outcome = models.TextField()
    actor = models.UUIDField(null=True)
    object_type = models.TextField(null=True)
    object_ref = models.UUIDField(null=True)
    channel = models.TextField()

    class Meta:
        db_table = "audit_index"
        indexes = [
            models.Index(
                fields=["object_ref", "event_id"],
                condition=models.Q(object_ref__isnull=False),
                name="audit_index_object_idx",
            ),
            models.Index(fields=["actor", "event_id"], name="audit_index_actor_idx"),
        ]


class About(models.Model):
    """Which objects an event about many concerns, and which of its parts tell of each: by real ids, erasable.

    Not hashed: the parts themselves name their object too. `shared_part` tells of others as well.
    """

    pk = models.CompositePrimaryKey("object_ref", "event_id")
    object_ref = models.UUIDField()
    event_id = models.UUIDField()
    object_type = models.TextField()
    shared_part = models.SmallIntegerField(null=True)
    own_part = models.SmallIntegerField(null=True)

    class Meta:
        indexes = [models.Index(fields=["event_id"], name="audit_about_event_idx")]


class Ref(models.Model):
    """What leaves call somebody or something, at random; without it they are anonymous.

    A target may have several: with a unique target, a transaction that names it first would hold up all
    others that name it, and an event aside of that transaction for ever.
    """

    ref = models.UUIDField(primary_key=True)
    kind = models.TextField()
    target = models.UUIDField()

    class Meta:
        indexes = [models.Index(fields=["target", "ref"], name="audit_ref_target_idx")]
