"""Routes of the back office, and the page for a refusal."""

from pathlib import Path

from django.urls import path

from ostiary import ui
from ostiary.web import _bulk_views as bulk_views
from ostiary.web import _cell_views as cell_views
from ostiary.web import _dashboard_views as dashboard_views
from ostiary.web import _duplicate_rules_views as duplicate_rules_views
from ostiary.web import _duplicates_views as duplicates_views
from ostiary.web import _exchange_views as exchange_views
from ostiary.web import _explain_views as explain_views
from ostiary.web import _export_views as export_views
from ostiary.web import _files_views as files_views
from ostiary.web import _gallery_views as gallery_views
from ostiary.web import _import_views as import_views
from ostiary.web import _jobs_views as jobs_views
from ostiary.web import _matrix_findings_views as matrix_findings_views
from ostiary.web import _matrix_form_views as matrix_form_views
from ostiary.web import _matrix_views as matrix_views
from ostiary.web import _people_attribute_views as people_attribute_views
from ostiary.web import _people_edit_views as people_edit_views
from ostiary.web import _people_views as people_views
from ostiary.web import _person_views as person_views
from ostiary.web import _preferences_views as preferences_views
from ostiary.web import _print_views as print_views
from ostiary.web import _records_views as records_views
from ostiary.web import _reveal_views as reveal_views
from ostiary.web import _rights_views as rights_views
from ostiary.web import _role_edit_views as role_edit_views
from ostiary.web import _role_member_views as role_member_views
from ostiary.web import _roles_views as roles_views
from ostiary.web import _saved_views as saved_views
from ostiary.web import _search_views as search_views
from ostiary.web import _session_views as session_views
from ostiary.web import _settings_views as settings_views
from ostiary.web import _sharing_views as sharing_views
from ostiary.web import _wizard_views as wizard_views
from ostiary.web._responses import error_response
from ostiary.web._uploads import StreamedFiles

ui.add_templates("web", Path(__file__).parent / "templates")

urlpatterns = [
    path("", session_views.start),
    path("sign-in", session_views.sign_in),
    path("sign-out", session_views.sign_out),
    path("preferences", preferences_views.preferences),
    path("design", gallery_views.gallery),
    path("w/<slug:code>", session_views.workplace),
    path("jobs", jobs_views.list_page),
    path("jobs/<uuid:job_id>", jobs_views.job_page),
    path("jobs/<uuid:job_id>/retry", jobs_views.retry),
    path("jobs/<uuid:job_id>/discard", jobs_views.discard),
    path("settings", settings_views.list_page),
    path("settings/<str:code>", settings_views.setting_page),
    path("duplicates", duplicate_rules_views.list_page),
    path("duplicates/<slug:code>", duplicate_rules_views.rules_page),
    path("people", people_views.list_page),
    path("people/new", people_edit_views.new_page),
    path("people/find", people_views.options),
    path("people/find-units", people_views.unit_options),
    path("people/<uuid:person_id>", person_views.person_page),
    path("people/<uuid:person_id>/edit", people_edit_views.edit_page),
    path("people/<uuid:person_id>/roles", people_edit_views.roles_page),
    path("people/<uuid:person_id>/delegate", people_edit_views.delegate_page),
    path("people/<uuid:person_id>/delegations/<uuid:delegation_id>/end", people_edit_views.end_delegation),
    path("people/<uuid:person_id>/elevate", people_edit_views.elevate_page),
    path("people/<uuid:person_id>/elevations/<uuid:elevation_id>/end", people_edit_views.end_elevation),
    path("people/<uuid:person_id>/attributes/<str:name>", people_attribute_views.attribute_page),
    path("people/<uuid:person_id>/active", people_views.active),
    path("roles", roles_views.tree_page),
    path("roles/new", role_edit_views.new_page),
    path("roles/find", roles_views.options),
    path("roles/functional", roles_views.first_level),
    path("roles/<uuid:role_id>", roles_views.role_page),
    path("roles/<uuid:role_id>/children", roles_views.children),
    path("roles/<uuid:role_id>/rename", role_edit_views.rename_page),
    path("roles/<uuid:role_id>/move", role_edit_views.move_page),
    path("roles/<uuid:role_id>/merge", role_edit_views.merge_page),
    path("roles/<uuid:role_id>/delete", role_edit_views.remove_page),
    path("roles/<uuid:role_id>/mark", role_edit_views.mark),
    path("roles/<uuid:role_id>/manager", role_edit_views.manager_page),
    path("roles/<uuid:role_id>/members", role_member_views.members_page),
    path("roles/<uuid:role_id>/links", role_member_views.links_page),
    path("rights/units", rights_views.unit_options),
    path("rights/wizard", wizard_views.wizard_page),
    path("rights/objects", rights_views.object_list),
    path("rights/roles", rights_views.role_list),
    path("rights/roles/<uuid:role>", rights_views.role_page),
    path("rights/roles/<uuid:role>/edit", rights_views.role_edit),
    path("rights/roles/<uuid:role>/preview", rights_views.role_preview),
    path("rights/roles/<uuid:role>/save", rights_views.role_save),
    path("rights/objects/<slug:code>", rights_views.object_page),
    path("rights/objects/<slug:code>/edit", rights_views.object_edit),
    path("rights/objects/<slug:code>/preview", rights_views.object_preview),
    path("rights/objects/<slug:code>/save", rights_views.object_save),
    path("rights/operations", rights_views.operation_list),
    path("rights/operations/<slug:code>", rights_views.operation_page),
    path("rights/operations/<slug:code>/edit", rights_views.operation_edit),
    path("rights/operations/<slug:code>/preview", rights_views.operation_preview),
    path("rights/operations/<slug:code>/save", rights_views.operation_save),
    path("explain", explain_views.bench),
    path("explain/people", explain_views.people),
    path("explain/remedy", explain_views.remedy),
    path("explain/records/<slug:code>", explain_views.found_records),
    path("role-matrix", matrix_views.matrix_page),
    path("role-matrix/findings", matrix_findings_views.findings_page),
    path("role-matrix/export/<str:kind>", matrix_views.export_file),
    path("role-matrix/roles/<uuid:role>", matrix_form_views.role_page),
    path("role-matrix/roles/<uuid:role>/reviewed", matrix_form_views.reviewed),
    path("dashboards", dashboard_views.first_page),
    path("dashboards/new", dashboard_views.new_page),
    path("dashboards/<uuid:dashboard_id>", dashboard_views.page),
    path("dashboards/<uuid:dashboard_id>/edit", dashboard_views.edit_page),
    path("dashboards/<uuid:dashboard_id>/share", dashboard_views.share_page),
    path("dashboards/<uuid:dashboard_id>/widgets/new", dashboard_views.widget_page),
    path("dashboards/<uuid:dashboard_id>/widgets/<int:number>", dashboard_views.widget_page),
    path("search", search_views.search_page),
    path("search/found", search_views.found),
    path("files", exchange_views.files_page),
    path("files/import", exchange_views.import_into),
    path("exports/<uuid:export_id>", export_views.file_page),
    path("exports/<uuid:export_id>/cancel", export_views.cancel),
    path("imports/<uuid:import_id>", import_views.import_page),
    path("imports/<uuid:import_id>/result", import_views.result_file),
    path("static/<str:name>", session_views.built_file),
    path("o/<slug:code>/", records_views.list_page),
    path("o/<slug:code>/new", records_views.new_page),
    path("o/<slug:code>/count", records_views.match_count),
    path("o/<slug:code>/bulk", bulk_views.prepare),
    path("o/<slug:code>/bulk/do", bulk_views.carry_out),
    path("bulk/<uuid:bulk_id>", bulk_views.result_page),
    path("bulk/<uuid:bulk_id>/undo", bulk_views.undo),
    path("bulk/<uuid:bulk_id>/cancel", bulk_views.cancel),
    path("bulk/<uuid:bulk_id>/result", bulk_views.result_file),
    path("o/<slug:code>/views", saved_views.saved_views),
    path("o/<slug:code>/views/roles", saved_views.roles),
    path("o/<slug:code>/views/<uuid:view_id>", saved_views.saved_view),
    path("o/<slug:code>/print", print_views.list_print),
    path("o/<slug:code>/export", export_views.export_page),
    path("o/<slug:code>/import", import_views.upload_page),
    path("o/<slug:code>/merge", duplicates_views.merge_page),
    path("o/<slug:code>/duplicates", duplicates_views.duplicates_page),
    path("o/<slug:code>/<uuid:record_id>", records_views.record_page),
    path("o/<slug:code>/<uuid:record_id>/preview", records_views.preview),
    path("o/<slug:code>/<uuid:record_id>/pin", records_views.pin),
    path("o/<slug:code>/<uuid:record_id>/print", print_views.record_print),
    path("o/<slug:code>/<uuid:record_id>/reveal", reveal_views.reveal),
    path("o/<slug:code>/<uuid:record_id>/edit", records_views.edit_page),
    path("o/<slug:code>/<uuid:record_id>/undo", records_views.undo),
    path("o/<slug:code>/<uuid:record_id>/cell/<slug:column>", cell_views.cell),
    path("o/<slug:code>/<uuid:record_id>/move", records_views.move_page),
    path("o/<slug:code>/<uuid:record_id>/hand-over", records_views.hand_over_page),
    path("o/<slug:code>/<uuid:record_id>/delete", records_views.delete_page),
    path("o/<slug:code>/<uuid:record_id>/attachments", files_views.attachments),
    path("o/<slug:code>/<uuid:record_id>/content", files_views.content),
    path("o/<slug:code>/<uuid:record_id>/who", explain_views.counted),
    path("o/<slug:code>/<uuid:record_id>/sharing", sharing_views.sharing),
    path("o/<slug:code>/<uuid:record_id>/sharing/units", sharing_views.units),
    path("lookup/<slug:code>/<slug:column>", records_views.lookup_options),
]

__all__ = ["StreamedFiles", "error_response", "urlpatterns"]
