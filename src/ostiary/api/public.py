"""Routes of the API, and the problem document for a refusal."""

from django.urls import path

from ostiary.api import _attachments, _records
from ostiary.api._errors import problem_response

urlpatterns = [
    path("v1/records/<slug:code>", _records.collection),
    path("v1/records/<slug:code>/count", _records.count),
    path("v1/records/<slug:code>/<uuid:record_id>", _records.member),
    path("v1/records/<slug:code>/<uuid:record_id>/attachments", _attachments.attachments),
    path("v1/records/<slug:code>/<uuid:record_id>/content", _attachments.content),
]

__all__ = ["problem_response", "urlpatterns"]
