"""What people keep about lists, described for migrations. Run-time access is by SQL (ADR-0004).

Roles and people are identity's. The database itself takes away what belongs to one that is removed, by
references that the first migration makes, since Django's do nothing there. Objects are named by plain ids.
"""

from django.db import models
from django.db.models.functions import Now

UNIT = "identity.Unit"


class SavedView(models.Model):
    """A list as somebody keeps it: for oneself (`owner`), or for the members of a role.

    `state`: the query string of the list. `opens`: it opens by itself for those whom it is for.
    """

    id = models.UUIDField(primary_key=True)
    object = models.UUIDField()
    owner = models.ForeignKey(UNIT, models.CASCADE, null=True, related_name="+", db_constraint=False)
    role = models.ForeignKey(UNIT, models.CASCADE, null=True, related_name="+", db_constraint=False)
    name = models.TextField()
    state = models.TextField()
    opens = models.BooleanField(db_default=False)
    changed_at = models.DateTimeField(db_default=Now())
    deleted_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "pages_saved_view"
        indexes = [
            models.Index(fields=["object", "owner"], name="pages_saved_view_owner"),
            models.Index(fields=["object", "role"], name="pages_saved_view_role"),
        ]
        constraints = [
            models.CheckConstraint(
                name="pages_saved_view_whose",
                condition=models.Q(owner__isnull=False, role__isnull=True)
                | models.Q(owner__isnull=True, role__isnull=False),
            ),
        ]


class ViewChoice(models.Model):
    """What opens by itself for one person. `view`: null where nothing does, whatever a role says."""

    pk = models.CompositePrimaryKey("principal_id", "object")
    principal = models.ForeignKey(UNIT, models.CASCADE, related_name="+", db_constraint=False, db_index=False)
    object = models.UUIDField()
    view = models.ForeignKey(SavedView, models.CASCADE, null=True, related_name="+", db_constraint=False)

    class Meta:
        db_table = "pages_view_choice"


class Pin(models.Model):
    """A record that one person keeps at hand. Object and record are plain ids; what is gone is not shown."""

    pk = models.CompositePrimaryKey("principal_id", "object", "record")
    principal = models.ForeignKey(UNIT, models.CASCADE, related_name="+", db_constraint=False, db_index=False)
    object = models.UUIDField()
    record = models.UUIDField()
    pinned_at = models.DateTimeField(db_default=Now())

    class Meta:
        db_table = "pages_pin"
