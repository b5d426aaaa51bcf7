"""What to look at in the rights: a page of findings, errors first."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from django.http import HttpRequest, HttpResponseBase
from django.utils.http import urlencode

from ostiary.assurance import public as assurance
from ostiary.kernel.errors import NotFound
from ostiary.objects import public as objects
from ostiary.ui.i18n import gettext as _
from ostiary.ui.i18n import said
from ostiary.ui.values import Empty, Head, Link
from ostiary.web._frame import MATRIX_URL, OPERATIONS_URL, RIGHTS_URL
from ostiary.web._matrix_page import FINDINGS_URL, GUARD, matrix_response, number_of
from ostiary.web._matrix_table import ROLES_URL
from ostiary.web._view import READ, answers

_FINDINGS = 100
_ABOUT_ROWS = frozenset({"direct_grant", "row_without_match", "row_shadowed"})


@dataclass(frozen=True, slots=True)
class FindingRow:
    """A finding; url: where to do something about it, if there is such a page."""

    severity: str
    tone: str
    text: str
    advice: str
    code: str
    url: str


@answers(READ, guard=GUARD, reads="assurance.findings.viewed")
def findings_page(request: HttpRequest) -> HttpResponseBase:
    """GET /role-matrix/findings?severity=&page=."""
    severity, number = request.GET.get("severity", ""), number_of(request.GET.get("page", "1"))
    if severity and severity not in list(assurance.Severity):
        raise NotFound
    every = assurance.list_findings(request.ctx)
    found = [finding for finding in every if severity in ("", finding.severity)]
    start = (number - 1) * _FINDINGS
    if start and start >= len(found):
        raise NotFound
    codes: dict[UUID, str] = {o.id: o.code for o in objects.get_catalogue(request.ctx).objects.values()}
    rows = [_finding(finding, codes) for finding in found[start : start + _FINDINGS]]
    return matrix_response(
        request,
        "web/role_findings.html",
        Head(_("Findings"), crumbs=(Link(_("Role matrix"), MATRIX_URL),)),
        tabs=_severities(every, severity),
        rows=rows,
        empty=None if rows else Empty(_("Nothing to look at"), _("No finding of this kind."), "check"),
        previous_url=_findings_url(severity, number - 1) if number > 1 else "",
        next_url=_findings_url(severity, number + 1) if start + _FINDINGS < len(found) else "",
    )


def _finding(finding: assurance.Finding, codes: Mapping[UUID, str]) -> FindingRow:
    error = finding.severity is assurance.Severity.ERROR
    return FindingRow(
        _("Error") if error else _("Warning"),
        "bad" if error else "amber",
        said(finding.text),
        said(finding.advice),
        finding.code,
        _url(finding, codes),
    )


def _url(finding: assurance.Finding, codes: Mapping[UUID, str]) -> str:
    """Where to do something about it: the rows themselves, else the card of the role."""
    if finding.code in _ABOUT_ROWS and finding.operation is not None:
        return f"{OPERATIONS_URL}/{finding.operation.value}"
    if finding.code in _ABOUT_ROWS and finding.object_id is not None:
        return f"{RIGHTS_URL}/{codes[finding.object_id]}"
    return f"{ROLES_URL}/{finding.role}" if finding.role else ""


def _severities(found: Sequence[assurance.Finding], chosen: str) -> list[Link]:
    names = (
        ("", _("All")),
        (assurance.Severity.ERROR, _("Errors")),
        (assurance.Severity.WARNING, _("Warnings")),
    )
    return [
        Link(
            label,
            _findings_url(code),
            current=code == chosen,
            count=str(sum(code in ("", finding.severity) for finding in found)),
        )
        for code, label in names
    ]


def _findings_url(severity: str, number: int = 1) -> str:
    query = {
        name: str(value) for name, value in (("severity", severity), ("page", number)) if value not in ("", 1)
    }
    return f"{FINDINGS_URL}?{urlencode(query)}" if query else FINDINGS_URL
