"""The access tables, described for migrations. Run-time access is by SQL (ADR-0004).

`object_id` and `column_id` name metadata that lies above this context, so they are plain ids; units are
identity's and referred to by key.
"""

from django.db import models

UNIT = "identity.Unit"


class OperationRow(models.Model):
    """Layer 1: (unit, yes or no) by position for a system operation."""

    id = models.UUIDField(primary_key=True)
    operation = models.TextField()
    unit = models.ForeignKey(UNIT, models.CASCADE, related_name="+")
    allowed = models.BooleanField()
    position = models.IntegerField()

    class Meta:
        db_table = "access_operation_row"
        constraints = [
            models.UniqueConstraint(fields=["operation", "position"], name="access_operation_row_pos")
        ]


class ObjectRow(models.Model):
    """Layer 2: (unit, four flags) by position for an object."""

    id = models.UUIDField(primary_key=True)
    object_id = models.UUIDField()
    unit = models.ForeignKey(UNIT, models.CASCADE, related_name="+")
    verbs = models.TextField()  # letters of crud
    position = models.IntegerField()

    class Meta:
        db_table = "access_object_row"
        constraints = [
            models.UniqueConstraint(fields=["object_id", "position"], name="access_object_row_pos")
        ]


class ColumnRow(models.Model):
    """Layer 4: (unit, level) by position for a column. Levels: 0 none, 1 masked, 2 read, 3 edit."""

    id = models.UUIDField(primary_key=True)
    object_id = models.UUIDField()
    column_id = models.UUIDField()
    unit = models.ForeignKey(UNIT, models.CASCADE, related_name="+")
    level = models.SmallIntegerField()
    position = models.IntegerField()

    class Meta:
        db_table = "access_column_row"
        constraints = [
            models.UniqueConstraint(fields=["column_id", "position"], name="access_column_row_pos")
        ]
        indexes = [models.Index(fields=["object_id"], name="access_column_row_object")]


class Switches(models.Model):
    """Layer 3 of an object: on or off, and each leg. An object without a row is on, with every leg.

    denies: whether records and rules may deny. legs: author, its managers, owner, its managers, rules, scope
    rules, shares, master record.
    """

    object_id = models.UUIDField(primary_key=True)
    records = models.BooleanField(db_default=True)
    legs = models.TextField(db_default="aAoOrcsm")
    denies = models.BooleanField(db_default=False)

    class Meta:
        db_table = "access_switches"


class DefaultRule(models.Model):
    """Leg 5: whose records (author unit in the stored own set) whom (grantee) concern.

    Each verb: 0 none, 1 granted, 2 delegable.
    """

    id = models.UUIDField(primary_key=True)
    object_id = models.UUIDField()
    author = models.ForeignKey(UNIT, models.CASCADE, related_name="+")
    grantee = models.ForeignKey(UNIT, models.CASCADE, related_name="+")
    read = models.SmallIntegerField()
    update = models.SmallIntegerField()
    delete = models.SmallIntegerField()

    class Meta:
        db_table = "access_default_rule"
        constraints = [
            models.UniqueConstraint(
                fields=["object_id", "author", "grantee"], name="access_default_rule_once"
            )
        ]


class Share(models.Model):
    """Leg 7: one record, one unit, one verb (r, u, d); valid from <= now < to, null is open."""

    id = models.UUIDField(primary_key=True)
    object_id = models.UUIDField()
    record_id = models.UUIDField()
    # the index below serves the reference
    unit = models.ForeignKey(UNIT, models.CASCADE, related_name="+", db_index=False)
    verb = models.CharField(max_length=1)
    level = models.SmallIntegerField(db_default=1)
    valid_from = models.DateTimeField(null=True)
    valid_to = models.DateTimeField(null=True)

    class Meta:
        db_table = "access_share"
        constraints = [
            models.UniqueConstraint(fields=["record_id", "verb", "unit"], name="access_share_once"),
        ]
        indexes = [
            models.Index(fields=["unit", "object_id", "verb", "record_id"], name="access_share_unit_idx")
        ]


class ScopeRule(models.Model):
    """Leg 6: records whose value at the end of `path` is among an attribute of the principal.

    path: ids of lookup columns joined by dots; the last step may be `owner` or `author`. attribute: `self`,
    `own_units`, `managed_units`, or the name of a list of values. Each verb: 0 none, 1 granted, 2 delegable.
    """

    id = models.UUIDField(primary_key=True)
    object_id = models.UUIDField()
    grantee = models.ForeignKey(UNIT, models.CASCADE, related_name="+")
    path = models.TextField()
    attribute = models.TextField()
    read = models.SmallIntegerField()
    update = models.SmallIntegerField()
    delete = models.SmallIntegerField()

    class Meta:
        db_table = "access_scope_rule"
        constraints = [
            models.UniqueConstraint(
                fields=["object_id", "grantee", "path", "attribute"], name="access_scope_rule_once"
            )
        ]


class DenyRule(models.Model):
    """What a unit is denied on records whose author was in `author`; verbs: letters of r, u, d."""

    id = models.UUIDField(primary_key=True)
    object_id = models.UUIDField()
    author = models.ForeignKey(UNIT, models.CASCADE, related_name="+")
    unit = models.ForeignKey(UNIT, models.CASCADE, related_name="+")
    verbs = models.TextField()

    class Meta:
        db_table = "access_deny_rule"
        constraints = [
            models.UniqueConstraint(fields=["object_id", "author", "unit"], name="access_deny_rule_once")
        ]


class Deny(models.Model):
    """What a unit is denied on one record: one verb (r, u, d)."""

    id = models.UUIDField(primary_key=True)
    object_id = models.UUIDField()
    record_id = models.UUIDField()
    unit = models.ForeignKey(UNIT, models.CASCADE, related_name="+")
    verb = models.CharField(max_length=1)

    class Meta:
        db_table = "access_deny"
        constraints = [
            models.UniqueConstraint(fields=["record_id", "verb", "unit"], name="access_deny_once"),
        ]


class CarriedRight(models.Model):
    """Verbs on an object that whoever may execute the operation has at layer 2."""

    id = models.UUIDField(primary_key=True)
    operation = models.TextField()
    object_id = models.UUIDField()
    verbs = models.TextField()  # letters of crud

    class Meta:
        db_table = "access_carried_right"
        constraints = [
            models.UniqueConstraint(fields=["operation", "object_id"], name="access_carried_right_once")
        ]


class UnitSet(models.Model):
    """An interned set of roles (a principal's units but persons), joined in statements by one number."""

    id = models.AutoField(primary_key=True)
    key = models.BinaryField(unique=True)

    class Meta:
        db_table = "access_unit_set"


class UnitSetMember(models.Model):
    """A role of a unit set."""

    pk = models.CompositePrimaryKey("set_id", "unit_id")
    set_id = models.IntegerField()
    unit_id = models.UUIDField()

    class Meta:
        db_table = "access_unit_set_member"


class Reach(models.Model):
    """An interned question "which labels": a reporting unit among these heads, or an own one among authors.

    The key names its content, so it never goes stale; `access_reach_label` holds the answer for labels up to
    `labels_upto` and is extended when new labels are born.
    """

    id = models.AutoField(primary_key=True)
    key = models.BinaryField(unique=True)
    labels_upto = models.IntegerField(db_default=0)

    class Meta:
        db_table = "access_reach"


class ReachLabel(models.Model):
    """A label within a reach."""

    pk = models.CompositePrimaryKey("reach_id", "label_id")
    reach_id = models.IntegerField()
    label_id = models.IntegerField()

    class Meta:
        db_table = "access_reach_label"
