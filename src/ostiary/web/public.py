"""Routes of the back office, and the page for a refusal."""

from pathlib import Path

from django.urls import path

from ostiary import ui
from ostiary.web import _files_views as files_views
from ostiary.web import _jobs_views as jobs_views
from ostiary.web import _people_views as people_views
from ostiary.web import _records_views as records_views
from ostiary.web import _session_views as session_views
from ostiary.web import _settings_views as settings_views
from ostiary.web._responses import error_response
from ostiary.web._uploads import StreamedFiles

ui.add_templates("web", Path(__file__).parent / "templates")

urlpatterns = [
    path("", session_views.start),
    path("sign-in", session_views.sign_in),
    path("sign-out", session_views.sign_out),
    path("preferences", session_views.preferences),
    path("w/<slug:code>", session_views.workplace),
    path("jobs", jobs_views.list_page),
    path("jobs/<uuid:job_id>", jobs_views.job_page),
    path("jobs/<uuid:job_id>/retry", jobs_views.retry),
    path("jobs/<uuid:job_id>/discard", jobs_views.discard),
    path("settings", settings_views.list_page),
    path("settings/<str:code>", settings_views.setting_page),
    path("people", people_views.list_page),
    path("people/<uuid:person_id>", people_views.person_page),
    path("people/<uuid:person_id>/active", people_views.active),
    path("static/<str:name>", session_views.built_file),
    path("o/<slug:code>/", records_views.list_page),
    path("o/<slug:code>/new", records_views.new_page),
    path("o/<slug:code>/export", records_views.export_file),
    path("o/<slug:code>/<uuid:record_id>", records_views.record_page),
    path("o/<slug:code>/<uuid:record_id>/edit", records_views.edit_page),
    path("o/<slug:code>/<uuid:record_id>/delete", records_views.delete_page),
    path("o/<slug:code>/<uuid:record_id>/attachments", files_views.attachments),
    path("o/<slug:code>/<uuid:record_id>/content", files_views.content),
    path("lookup/<slug:code>/<slug:column>", records_views.lookup_options),
]

__all__ = ["StreamedFiles", "error_response", "urlpatterns"]
