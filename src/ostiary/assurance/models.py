"""What roles and grants are for, described for migrations. Run-time access is by SQL (ADR-0004).

Roles and people are identity's. The database itself takes away what belongs to a role that is removed, by
references that the first migration makes, since Django's do nothing there. Objects are named by plain ids.
"""

from django.db import models

UNIT = "identity.Unit"


class RoleCard(models.Model):
    """Who answers for a role, what it is for, on which basis, and every how many months it is reviewed.

    justification, basis: also of every grant of the role that has none of its own.
    """

    role = models.OneToOneField(UNIT, models.CASCADE, primary_key=True, related_name="+", db_constraint=False)
    owner = models.ForeignKey(UNIT, models.SET_NULL, null=True, related_name="+", db_constraint=False)
    justification = models.TextField(db_default="")
    basis = models.TextField(db_default="")
    review_months = models.SmallIntegerField(null=True)
    reviewed_at = models.DateTimeField(null=True)
    reviewed_by = models.ForeignKey(UNIT, models.SET_NULL, null=True, related_name="+", db_constraint=False)

    class Meta:
        db_table = "assurance_role_card"


class GrantReason(models.Model):
    """Why a role has an operation, or rights on an object. target: the operation's code, the object's id."""

    id = models.UUIDField(primary_key=True)
    role = models.ForeignKey(UNIT, models.CASCADE, related_name="+", db_constraint=False)
    kind = models.TextField()
    target = models.TextField()
    justification = models.TextField(db_default="")
    basis = models.TextField(db_default="")

    class Meta:
        db_table = "assurance_grant_reason"
        constraints = [
            models.UniqueConstraint(fields=["role", "kind", "target"], name="assurance_grant_reason_once"),
            models.CheckConstraint(
                name="assurance_grant_reason_kind", condition=models.Q(kind__in=["operation", "object"])
            ),
        ]
