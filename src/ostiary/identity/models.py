"""The identity tables, described for migrations. Run-time access is by SQL (ADR-0004)."""

from django.db import models
from django.db.models.functions import Now


class Unit(models.Model):
    """A person, service account or role: whatever a row, rule or share may name."""

    id = models.UUIDField(primary_key=True)
    kind = models.TextField()
    code = models.TextField(null=True, unique=True)
    name = models.TextField()
    parent = models.ForeignKey("self", models.PROTECT, null=True, related_name="children")
    manages = models.OneToOneField("self", models.PROTECT, null=True, related_name="manager_role")
    not_inherited = models.BooleanField(db_default=False)
    external = models.BooleanField(db_default=False)
    active = models.BooleanField(db_default=True)
    current_label_id = models.IntegerField(null=True)
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        indexes = [
            models.Index(fields=["current_label_id", "id"], name="identity_unit_label_idx"),
            models.Index(fields=["kind", "name"], name="identity_unit_name_idx"),
        ]
        constraints = [
            models.CheckConstraint(
                name="identity_unit_kind",
                condition=models.Q(kind__in=["person", "service", "org", "func", "manager"]),
            ),
            models.CheckConstraint(
                name="identity_unit_manages",
                condition=models.Q(kind="manager", manages__isnull=False) | models.Q(manages__isnull=True),
            ),
            models.CheckConstraint(
                name="identity_unit_parent",
                condition=models.Q(parent__isnull=True) | models.Q(kind__in=["org", "func"]),
            ),
        ]


class Person(models.Model):
    """What only a person has. `login` is lowercased; `failed_count` and `locked_until` throttle sign-in."""

    unit = models.OneToOneField(Unit, models.CASCADE, primary_key=True)
    login = models.TextField(unique=True)
    email = models.TextField()
    language = models.TextField(db_default="en")
    time_zone = models.TextField(db_default="UTC")
    password_hash = models.TextField(null=True)
    failed_count = models.IntegerField(db_default=0)
    locked_until = models.DateTimeField(null=True)
    last_sign_in_at = models.DateTimeField(null=True)


class Membership(models.Model):
    """A principal's direct role."""

    id = models.BigAutoField(primary_key=True)
    principal = models.ForeignKey(Unit, models.CASCADE, related_name="+")
    role = models.ForeignKey(Unit, models.PROTECT, related_name="+")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["principal", "role"], name="identity_membership_once"),
        ]


class Link(models.Model):
    """Members of the organisational role get the functional role."""

    id = models.BigAutoField(primary_key=True)
    org = models.ForeignKey(Unit, models.CASCADE, related_name="+")
    func = models.ForeignKey(Unit, models.CASCADE, related_name="+")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["org", "func"], name="identity_link_once")]


class Delegation(models.Model):
    """The receiver, a person or role, acts with the grantor's sources; valid_from <= now < valid_to."""

    id = models.UUIDField(primary_key=True)
    grantor = models.ForeignKey(Unit, models.CASCADE, related_name="+")
    receiver = models.ForeignKey(Unit, models.CASCADE, related_name="+")
    valid_from = models.DateTimeField(null=True)
    valid_to = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="identity_delegation_others", condition=~models.Q(grantor=models.F("receiver"))
            ),
        ]


class Elevation(models.Model):
    """A role for a while, with a reason: one more source of the person; valid_from <= now < valid_to."""

    id = models.UUIDField(primary_key=True)
    person = models.ForeignKey(Unit, models.CASCADE, related_name="+")
    role = models.ForeignKey(Unit, models.CASCADE, related_name="+")
    valid_from = models.DateTimeField(null=True)
    valid_to = models.DateTimeField(null=True)
    reason = models.TextField()


class Attribute(models.Model):
    """One value of a named list of a principal (its regions, say), by which scope rules compare."""

    id = models.BigAutoField(primary_key=True)
    principal = models.ForeignKey(Unit, models.CASCADE, related_name="+")
    name = models.TextField()
    value = models.UUIDField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["principal", "name", "value"], name="identity_attribute_once"),
        ]


class Label(models.Model):
    """An interned stored set (semantics section 3) without the person, whom the record names itself."""

    id = models.AutoField(primary_key=True)
    key = models.BinaryField(unique=True)


class LabelUnit(models.Model):
    """A member of a label: 'o' in the own set, 'r' among the reporting units."""

    pk = models.CompositePrimaryKey("label", "kind", "unit_id")
    label = models.ForeignKey(Label, models.CASCADE)
    kind = models.CharField(max_length=1)
    unit_id = models.UUIDField()

    class Meta:
        db_table = "identity_label_unit"
        indexes = [models.Index(fields=["unit_id", "kind", "label"], name="identity_label_unit_idx")]


class Epoch(models.Model):
    """One row: the number that every change of rights, roles or metadata raises."""

    single = models.BooleanField(primary_key=True, db_default=True)
    epoch = models.BigIntegerField(db_default=1)

    class Meta:
        constraints = [models.CheckConstraint(name="identity_epoch_one_row", condition=models.Q(single=True))]


class Session(models.Model):
    """A signed-in browser. The token itself is never stored, only its SHA-256."""

    key_hash = models.BinaryField(primary_key=True)
    principal = models.ForeignKey(Unit, models.CASCADE)
    created_at = models.DateTimeField(db_default=Now())
    last_seen_at = models.DateTimeField(db_default=Now())
    expires_at = models.DateTimeField()
    data = models.JSONField(db_default=models.Value({}, models.JSONField()))
    ip = models.TextField(db_default="")
    client = models.TextField(db_default="")


class ApiKey(models.Model):
    """A bearer key that carries one principal's rights. Only the SHA-256 of the secret is stored."""

    id = models.UUIDField(primary_key=True)
    key_hash = models.BinaryField(unique=True)
    principal = models.ForeignKey(Unit, models.CASCADE)
    name = models.TextField()
    created_at = models.DateTimeField(db_default=Now())
    expires_at = models.DateTimeField(null=True)
    last_used_on = models.DateField(null=True)
    revoked_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "identity_api_key"
