"""Routes of the API, and the problem document for a refusal."""

from django.urls import path

from ostiary.api import (
    _attachments,
    _bulk,
    _matrix,
    _people,
    _query,
    _records,
    _rights,
    _rights_file,
    _sharing,
    _why,
)
from ostiary.api._errors import problem_response

urlpatterns = [
    path("v1/records/<slug:code>", _records.collection),
    path("v1/records/<slug:code>/count", _records.count),
    path("v1/records/<slug:code>/aggregate", _query.aggregate),
    path("v1/records/<slug:code>/export", _query.export),
    path("v1/records/<slug:code>/options/<slug:column>", _query.options),
    path("v1/records/<slug:code>/bulk/create", _bulk.create),
    path("v1/records/<slug:code>/bulk/update", _bulk.update),
    path("v1/records/<slug:code>/bulk/delete", _bulk.delete),
    path("v1/records/<slug:code>/bulk/preview", _bulk.preview),
    path("v1/records/<slug:code>/<uuid:record_id>", _records.member),
    path("v1/records/<slug:code>/<uuid:record_id>/attachments", _attachments.attachments),
    path("v1/records/<slug:code>/<uuid:record_id>/content", _attachments.content),
    path("v1/records/<slug:code>/<uuid:record_id>/related", _query.related),
    path("v1/records/<slug:code>/<uuid:record_id>/merge", _bulk.merge),
    path("v1/records/<slug:code>/<uuid:record_id>/shares", _sharing.shares),
    path("v1/records/<slug:code>/<uuid:record_id>/denies", _sharing.denies),
    path("v1/explain", _why.explain),
    path("v1/who-can", _why.who_can),
    path("v1/bulk/<uuid:bulk_id>", _bulk.status),
    path("v1/bulk/<uuid:bulk_id>/refused", _bulk.refused_rows),
    path("v1/bulk/<uuid:bulk_id>/cancel", _bulk.cancel),
    path("v1/rights/matrix", _matrix.matrix),
    path("v1/rights/findings", _matrix.findings),
    path("v1/search", _query.search),
    path("v1/rights/file", _rights_file.export),
    path("v1/rights/file/plan", _rights_file.plan),
    path("v1/rights/file/apply", _rights_file.apply),
    path("v1/rights/proposal", _rights_file.propose),
    path("v1/rights/objects/<slug:code>", _rights.of_object),
    path("v1/rights/operations/<slug:code>", _rights.of_operation),
    path("v1/rights/preview", _rights.preview),
    path("v1/people", _people.people),
    path("v1/people/changes", _people.save),
    path("v1/people/changes/preview", _people.preview),
    path("v1/people/<uuid:person_id>", _people.person),
    path("v1/people/<uuid:person_id>/roles", _people.person_roles),
    path("v1/people/<uuid:person_id>/standing", _people.person_standing),
    path("v1/roles", _people.roles),
    path("v1/roles/<uuid:role_id>", _people.role),
]

__all__ = ["problem_response", "urlpatterns"]
