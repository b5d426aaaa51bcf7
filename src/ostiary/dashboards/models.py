"""Dashboards and their shares, described for migrations. Run-time access is by SQL (ADR-0004)."""

from django.db import models
from django.db.models.functions import Now

UNIT = "identity.Unit"


class Dashboard(models.Model):
    """Figures, charts and lists on one page. widgets: a list of objects, see `_widgets`."""

    id = models.UUIDField(primary_key=True)
    owner = models.ForeignKey(UNIT, models.CASCADE, related_name="+", db_constraint=False)
    name = models.TextField()
    widgets = models.JSONField()
    version = models.IntegerField(db_default=1)
    created_at = models.DateTimeField(db_default=Now())
    modified_at = models.DateTimeField(db_default=Now())


class Share(models.Model):
    """A person or role that may see a dashboard, or change it as well."""

    pk = models.CompositePrimaryKey("dashboard_id", "unit_id")
    dashboard = models.ForeignKey(Dashboard, models.CASCADE, related_name="+", db_constraint=False)
    unit = models.ForeignKey(UNIT, models.CASCADE, related_name="+", db_constraint=False)
    may_edit = models.BooleanField(db_default=False)
