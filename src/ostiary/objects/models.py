"""The catalogue's tables, described for migrations. Run-time access is by SQL (ADR-0004).

The tenant's role may only read them: metadata changes by the owner's role, through `install_package`.
"""

from django.db import models
from django.db.models.functions import Now


class Object(models.Model):
    """One object: a real table `rec_<code it was born with>`. `settings` holds what has a default.

    dropped_at: out of the catalogue, kept with rights and data until `purge_after`.
    """

    id = models.UUIDField(primary_key=True)
    code = models.TextField(unique=True)
    caption = models.TextField()
    plural = models.TextField()
    icon = models.TextField()
    display = models.TextField()
    package = models.TextField()
    is_lookup = models.BooleanField()
    has_owner = models.BooleanField()
    position = models.IntegerField()
    version = models.IntegerField(db_default=1)
    settings = models.JSONField(db_default={})
    dropped_at = models.DateTimeField(null=True)
    dropped_by = models.UUIDField(null=True)
    purge_after = models.DateTimeField(null=True)


class Column(models.Model):
    """One declared column with its data policy. `settings`: what only its type knows."""

    id = models.UUIDField(primary_key=True)
    object = models.ForeignKey(Object, models.CASCADE)
    code = models.TextField()
    caption = models.TextField()
    type = models.TextField()
    data_class = models.SmallIntegerField()
    personal_data = models.TextField()
    retention_months = models.IntegerField()
    retention_after = models.TextField()
    retention_then = models.TextField()
    tags = models.JSONField()
    required = models.BooleanField()
    settings = models.JSONField()
    position = models.IntegerField()
    dropped_at = models.DateTimeField(null=True)
    dropped_by = models.UUIDField(null=True)
    purge_after = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["object", "code"], name="objects_column_once"),
            models.CheckConstraint(
                name="objects_column_class", condition=models.Q(data_class__gte=1, data_class__lte=4)
            ),
        ]


class Layout(models.Model):
    """How an object is shown."""

    object = models.OneToOneField(Object, models.CASCADE, primary_key=True)
    definition = models.JSONField()


class Workplace(models.Model):
    """A named set of sections in the navigation."""

    id = models.UUIDField(primary_key=True)
    code = models.TextField(unique=True)
    caption = models.TextField()
    package = models.TextField()
    position = models.IntegerField()
    version = models.IntegerField(db_default=1)


class Section(models.Model):
    """An object's place in a workplace, under the caption of a group."""

    id = models.UUIDField(primary_key=True)
    workplace = models.ForeignKey(Workplace, models.CASCADE)
    object = models.ForeignKey(Object, models.CASCADE)
    group = models.TextField(db_column="group_caption")
    position = models.IntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["workplace", "position"], name="objects_section_position"),
        ]


class Version(models.Model):
    """What an object was at each of its versions; appended, never changed."""

    id = models.UUIDField(primary_key=True)
    object = models.ForeignKey(Object, models.PROTECT)
    number = models.IntegerField()
    definition = models.JSONField()
    package = models.TextField()
    package_version = models.TextField()
    created_at = models.DateTimeField(db_default=Now())
    created_by = models.UUIDField(null=True)
    summary = models.TextField(db_default="")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["object", "number"], name="objects_version_once")]


class State(models.Model):
    """The whole catalogue after each change: which version of each object was in it, and the workplaces.

    changes: of `objects_change`, what led here; a package leads here without one.
    """

    number = models.BigIntegerField(primary_key=True)
    made_at = models.DateTimeField()
    made_by = models.UUIDField(null=True)
    request_id = models.UUIDField()
    changes = models.JSONField(db_default=[])
    versions = models.JSONField()
    workplaces = models.JSONField()

    class Meta:
        indexes = [models.Index(fields=["made_at"], name="objects_state_made_idx")]


class Package(models.Model):
    """What a package declared when it was last installed: the base against which local changes show.

    declared: its definitions. names: object code -> id and column codes -> ids, as the package calls them.
    """

    code = models.TextField(primary_key=True)
    caption = models.TextField()
    version = models.TextField()
    declared = models.JSONField()
    names = models.JSONField()
    installed_at = models.DateTimeField(db_default=Now())


class Change(models.Model):
    """A change of metadata that was asked for, and what became of it.

    state: requested, applied, refused, failed. definition: the change as a document. plan: steps in words.
    """

    id = models.UUIDField(primary_key=True)
    kind = models.TextField()
    definition = models.JSONField()
    expected = models.IntegerField(null=True)
    plan = models.JSONField()
    state = models.TextField(db_default="requested")
    reason = models.TextField(db_default="")
    requested_by = models.UUIDField(null=True)
    requested_at = models.DateTimeField(db_default=Now())
    ended_at = models.DateTimeField(null=True)
    refusal = models.JSONField(db_default={})

    class Meta:
        indexes = [models.Index(fields=["-requested_at", "id"], name="objects_change_newest")]
        constraints = [
            models.CheckConstraint(
                name="objects_change_state",
                condition=models.Q(state__in=["requested", "applied", "refused", "failed"]),
            )
        ]


class Revision(models.Model):
    """One row: counts the changes of metadata, so that a changed epoch need not mean reading it all again."""

    one = models.BooleanField(primary_key=True, db_default=True)
    revision = models.BigIntegerField(db_default=0)

    class Meta:
        constraints = [models.CheckConstraint(name="objects_revision_one_row", condition=models.Q(one=True))]
