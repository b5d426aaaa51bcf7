"""The page of one role in the matrix: who answers for it, what for, and the reason of each grant."""

from collections.abc import Iterator
from dataclasses import dataclass
from uuid import UUID

from django.http import HttpRequest, HttpResponse, HttpResponseBase

from ostiary.assurance import public as assurance
from ostiary.assurance.public import GrantKind, Reason
from ostiary.identity import public as identity
from ostiary.kernel.errors import FieldError, Invalid, NotFound
from ostiary.kernel.ids import UnitId
from ostiary.ui import format as words
from ostiary.ui.i18n import gettext as _
from ostiary.ui.i18n import said
from ostiary.ui.values import Field, Head, Link
from ostiary.web._frame import MATRIX_URL, reader_of
from ostiary.web._matrix_page import GUARD, matrix_of, matrix_response
from ostiary.web._matrix_table import ROLES_URL, kind_words
from ostiary.web._responses import done
from ostiary.web._view import FORM, WRITE, answers

_MONTHS_DIGITS = 3


@dataclass(frozen=True, slots=True)
class GrantRow:
    """A grant with the two fields of its reason."""

    caption: str
    what: tuple[str, ...]
    mark: str
    justification: Field
    basis: Field


@answers(FORM, guard=GUARD, reads="assurance.matrix.viewed", writes="assurance.role_card.changed")
def role_page(request: HttpRequest, role: UUID) -> HttpResponseBase:
    """GET, POST /role-matrix/roles/<id>."""
    matrix = matrix_of(request)
    found = next((r for r in matrix.roles if r.id == role), None)
    if found is None:
        raise NotFound
    if request.method != "POST":
        return _page(request, matrix, found)
    try:
        with request.ctx.db.savepoint():  # all of it or nothing
            _save(request, matrix, found)
    except Invalid as refused:
        return _page(request, matrix, found, {error.field: said(error.message) for error in refused.errors})
    return done(f"{ROLES_URL}/{role}", "saved")


@answers(WRITE, guard=GUARD, writes="assurance.role.reviewed")
def reviewed(request: HttpRequest, role: UUID) -> HttpResponseBase:
    """POST /role-matrix/roles/<id>/reviewed."""
    assurance.mark_reviewed(request.ctx, UnitId(role))
    return done(f"{ROLES_URL}/{role}", "reviewed")


def _save(request: HttpRequest, matrix: assurance.Matrix, role: assurance.MatrixRole) -> None:
    posted = request.POST
    assurance.set_role_card(
        request.ctx,
        role.id,
        owner=_owner(request, posted.get("owner", "")),
        reason=Reason(posted.get("justification", ""), posted.get("basis", "")),
        review_months=_months(posted.get("review_months", "")),
    )
    for grant in matrix.grants(role.id):
        names = _names(grant)
        said = Reason(*(posted.get(name, "").strip() for name in names))
        if said == _own_reason(matrix, grant):
            continue
        try:
            assurance.set_grant_reason(request.ctx, role.id, grant.kind, grant.target, said)
        except Invalid as refused:
            fields = dict(zip(("justification", "basis"), names, strict=True))
            raise Invalid(
                [FieldError(fields.get(e.field, e.field), e.code, e.message) for e in refused.errors]
            ) from None


def _owner(request: HttpRequest, login: str) -> UnitId | None:
    """Raises Invalid: nobody active signs in like that."""
    if not login.strip():
        return None
    found = identity.find_logins(request.ctx, [login])
    if not found or "\x00" in login:
        raise Invalid([FieldError("owner", "no_person", _("Nobody active signs in with this name"))])
    return found[0][0]


def _months(text: str) -> int | None:
    given = text.strip()
    if not given:
        return None
    if not given.isascii() or not given.isdigit() or len(given) > _MONTHS_DIGITS:
        raise Invalid([FieldError("review_months", "malformed", _("A whole number of months"))])
    return int(given)


def _names(grant: assurance.OwnGrant) -> tuple[str, str]:
    """Names of the two fields of a grant."""
    return f"why.{grant.kind}.{grant.target}", f"basis.{grant.kind}.{grant.target}"


def _own_reason(matrix: assurance.Matrix, grant: assurance.OwnGrant) -> Reason:
    """What is said of the grant itself, whatever the card says."""
    return matrix.cards.reasons.get((grant.role, GrantKind(grant.kind), grant.target), Reason())


def _page(
    request: HttpRequest,
    matrix: assurance.Matrix,
    role: assurance.MatrixRole,
    errors: dict[str, str] | None = None,
) -> HttpResponse:
    shown = _Shown(request, errors or {})
    return matrix_response(
        request,
        "web/role_card.html",
        Head(role.name, crumbs=(Link(_("Role matrix"), MATRIX_URL),)),
        422 if errors else 200,
        about=kind_words(role),
        url=f"{ROLES_URL}/{role.id}",
        back_url=MATRIX_URL,
        fields=list(_card_fields(shown, request, role)),
        grants=[_grant_row(shown, matrix, grant) for grant in matrix.grants(role.id)],
        reviewed=_reviewed(request, role),
        errors=sorted(set((errors or {}).values())),
    )


@dataclass(frozen=True, slots=True)
class _Shown:
    """What a field shows: what was typed where that was refused, else what is stored."""

    request: HttpRequest
    errors: dict[str, str]

    def field(self, name: str, label: str, kind: str, stored: str, hint: str = "") -> Field:
        typed = self.request.POST.get(name, stored) if self.errors else stored
        wide = kind == "long_text"
        return Field(name, label, kind, typed, hint=hint, error=self.errors.get(name, ""), wide=wide)


def _card_fields(shown: _Shown, request: HttpRequest, role: assurance.MatrixRole) -> Iterator[Field]:
    card = role.card
    login = ""
    if card.owner is not None:
        login = next((fact.login or "" for fact in identity.facts_of(request.ctx, [card.owner])), "")
    months = "" if card.review_months is None else str(card.review_months)
    yield shown.field("owner", _("Owner"), "text", login, _("Sign-in name of whoever answers for the role."))
    yield shown.field(
        "review_months", _("Review every"), "integer", months, _("Months, from 1 to 36; empty for never.")
    )
    why = _("What the role is for. Counts for each grant that has no reason of its own.")
    yield shown.field("justification", _("Justification"), "long_text", card.reason.justification, why)
    basis = _("Law, contract or rule that it rests on.")
    yield shown.field("basis", _("Regulatory basis"), "long_text", card.reason.basis, basis)


def _grant_row(shown: _Shown, matrix: assurance.Matrix, grant: assurance.OwnGrant) -> GrantRow:
    own, (why, basis) = _own_reason(matrix, grant), _names(grant)
    missing = grant.reason.missing
    hints = [
        _("Missing") if name in missing else "" if text else _("As the role")
        for name, text in (("justification", own.justification), ("basis", own.basis))
    ]
    mark = "" if grant.most_closed is None else grant.most_closed.name.lower()
    return GrantRow(
        said(grant.caption),
        tuple(map(said, grant.what)),
        mark,
        shown.field(why, _("Justification"), "text", own.justification, hints[0]),
        shown.field(basis, _("Regulatory basis"), "text", own.basis, hints[1]),
    )


def _reviewed(request: HttpRequest, role: assurance.MatrixRole) -> str:
    card = role.card
    if card.reviewed_at is None:
        return _("Never reviewed")
    reader = reader_of(request)
    at = words.moment(card.reviewed_at, reader.now, reader.zone)
    by = (
        identity.names_of(request.ctx, [card.reviewed_by]).get(card.reviewed_by, "")
        if card.reviewed_by
        else ""
    )
    return _("Reviewed %(at)s by %(by)s") % {"at": at, "by": by}
