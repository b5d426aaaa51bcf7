"""The role matrix: what each role gives on objects, operations and fields; what to look at; files of it."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.utils.http import urlencode

from ostiary.access import public as access
from ostiary.assurance import public as assurance
from ostiary.kernel.errors import NotFound
from ostiary.objects import public as objects
from ostiary.ui.i18n import gettext as _
from ostiary.ui.i18n import said
from ostiary.ui.values import Action, Empty, Head, Link, Option
from ostiary.web._frame import MATRIX_URL
from ostiary.web._matrix_page import FINDINGS_URL, GUARD, matrix_of, matrix_response, number_of
from ostiary.web._matrix_table import Table, column_table, kind_names, object_table, operation_table
from ostiary.web._view import READ, answers, lists_of

_PAGE = 50
_LONGEST_SEARCH = 100
_OBJECTS, _OPERATIONS, _COLUMNS = "objects", "operations", "columns"


@dataclass(frozen=True, slots=True)
class Asked:
    """What part of the matrix: a tab, rows by name, kind and what is missing, one object; from 1 on."""

    tab: str = _OBJECTS
    q: str = ""
    kind: str = ""
    object: str = ""
    missing: bool = False
    page: int = 1

    def url(self, **other: str | int) -> str:
        """The address of this part, but for what is said."""
        values = {name: getattr(self, name) for name in ("tab", "q", "kind", "object", "missing", "page")}
        values = {**values, "page": 1, **other}
        plain = {"tab": _OBJECTS, "page": 1, "q": "", "kind": "", "object": "", "missing": False}
        query = {name: value for name, value in values.items() if value != plain[name]}
        query = {name: "1" if value is True else str(value) for name, value in query.items()}
        return f"{MATRIX_URL}?{urlencode(query)}" if query else MATRIX_URL


@answers(READ, guard=GUARD, reads="assurance.matrix.viewed")
def matrix_page(request: HttpRequest) -> HttpResponseBase:
    """GET /role-matrix?tab=&q=&kind=&object=&missing=&page=."""
    matrix = matrix_of(request)
    asked = _asked(request, matrix)
    chosen = _chosen(matrix, asked)
    roles = [role for role in matrix.roles if _is_asked(matrix, role, asked, chosen)]
    pages = max(1, -(-len(roles) // _PAGE))
    if asked.page > pages:
        raise NotFound
    shown = roles[(asked.page - 1) * _PAGE : asked.page * _PAGE]
    heads, rows = _table(matrix, asked, chosen, shown)
    told = chosen if asked.tab == _COLUMNS else None
    return matrix_response(
        request,
        "web/role_matrix.html",
        Head(_("Role matrix")),
        asked=asked,
        tabs=_tabs(asked),
        kinds=_kinds(asked),
        objects=_objects(matrix, asked, chosen),
        heads=heads,
        rows=rows,
        rules=[(matrix.name(unit), said(words)) for unit, words in matrix.rules(told)] if told else [],
        record_layer=said(matrix.record_layer(told)) if told else "",
        empty=None if rows else _empty(asked),
        shown=(len(roles), pages),
        previous_url=asked.url(page=asked.page - 1) if asked.page > 1 else "",
        next_url=asked.url(page=asked.page + 1) if asked.page < pages else "",
        may_export=access.may_operate(request.ctx, access.Operation.EXPORT_LIST),
        export_url=f"{MATRIX_URL}/export",
        findings_url=FINDINGS_URL,
        matrix_url=MATRIX_URL,
    )


@answers(READ, guard=GUARD, reads="assurance.matrix.exported", operation=access.Operation.EXPORT_LIST.value)
def export_file(request: HttpRequest, kind: str) -> HttpResponseBase:
    """GET /role-matrix/export/xlsx or pdf: all of it."""
    if kind not in list(assurance.FileFormat):
        raise NotFound
    file = assurance.export_matrix(request.ctx, assurance.FileFormat(kind))
    return HttpResponse(
        file.content,
        content_type=file.content_type,
        headers={"Content-Disposition": f'attachment; filename="{file.name}"'},
    )


# what is asked for


def _asked(request: HttpRequest, matrix: assurance.Matrix) -> Asked:
    """Raises NotFound: something that there is not."""
    given = {name: values[-1] for name, values in lists_of(request.GET).items()}
    asked = Asked(
        given.get("tab") or _OBJECTS,
        given.get("q", "").strip(),
        given.get("kind", ""),
        given.get("object", ""),
        given.get("missing", "") == "1",
        number_of(given.get("page", "1")),
    )
    known = asked.tab in (_OBJECTS, _OPERATIONS, _COLUMNS) and asked.kind in ("", *kind_names())
    if not known or len(asked.q) > _LONGEST_SEARCH:
        raise NotFound
    if asked.object and asked.object not in matrix.catalogue.objects:
        raise NotFound
    return asked


def _chosen(matrix: assurance.Matrix, asked: Asked) -> objects.Object | None:
    """The object asked for; fields are those of one object, by default of the first."""
    if asked.object:
        return matrix.catalogue.objects[asked.object]
    return next(iter(matrix.all_objects), None) if asked.tab == _COLUMNS else None


def _is_asked(
    matrix: assurance.Matrix, role: assurance.MatrixRole, asked: Asked, chosen: objects.Object | None
) -> bool:
    if asked.kind not in ("", role.kind.value) or asked.q.casefold() not in role.name.casefold():
        return False
    if asked.missing and not matrix.is_missing(role.id):
        return False
    # of one object: the roles that give something there
    narrowed = asked.object and asked.tab == _OBJECTS and chosen is not None
    return not narrowed or bool(matrix.cell(role.id, chosen).verbs)  # type: ignore[arg-type]  # narrowed says that there is one


def _table(
    matrix: assurance.Matrix,
    asked: Asked,
    chosen: objects.Object | None,
    roles: Sequence[assurance.MatrixRole],
) -> Table:
    if asked.tab == _OPERATIONS:
        return operation_table(matrix, roles)
    if asked.tab == _COLUMNS:
        return ([], []) if chosen is None else column_table(matrix, roles, chosen)
    return object_table(matrix, roles, matrix.all_objects if chosen is None else (chosen,))


# what is around it


def _tabs(asked: Asked) -> list[Link]:
    names = ((_OBJECTS, _("Objects")), (_OPERATIONS, _("Operations")), (_COLUMNS, _("Fields and records")))
    return [Link(label, asked.url(tab=tab), current=tab == asked.tab) for tab, label in names]


def _kinds(asked: Asked) -> list[Option]:
    return [
        Option("", _("All kinds")),
        *(Option(code, label, selected=code == asked.kind) for code, label in kind_names().items()),
    ]


def _objects(matrix: assurance.Matrix, asked: Asked, chosen: objects.Object | None) -> list[Option]:
    """Nothing to choose among operations."""
    if asked.tab == _OPERATIONS:
        return []
    found = [Option(o.code, o.caption, selected=o is chosen) for o in matrix.all_objects]
    return found if asked.tab == _COLUMNS else [Option("", _("All objects")), *found]


def _empty(asked: Asked) -> Empty:
    back = (Action(_("Show all roles"), asked.url(q="", kind="", object="", missing=False), "list"),)
    if asked.missing:
        return Empty(
            _("Nothing is missing"), _("Every grant here has a justification and a basis."), "check", back
        )
    return Empty(_("No such role"), _("No role matches this filter."), "search", back)
