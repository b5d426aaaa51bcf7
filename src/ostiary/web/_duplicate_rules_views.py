"""By what records are taken for the same: every object with its rules, and the page that decides them."""

from dataclasses import dataclass

from django.http import HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect

from ostiary import ui
from ostiary.access import public as access
from ostiary.kernel.entries import Silent, needs
from ostiary.kernel.errors import Invalid
from ostiary.records import public as records
from ostiary.records.public import DuplicatePart, DuplicateRule, How, ObjectView
from ostiary.ui import format as words
from ostiary.ui.i18n import gettext as _
from ostiary.ui.i18n import said
from ostiary.ui.values import Head, Link, Option
from ostiary.web._forms import answer
from ostiary.web._frame import DUPLICATES_URL, frame_of, reader_of
from ostiary.web._view import FORM, READ, answers

_GUARD = needs(access.Operation.MANAGE_SOLUTION.value)
_METADATA = Silent("names of objects and fields: no record")
_PARTS, _SPARE, _MOST = 3, 1, 10  # fields of a rule; blank rules below those that are there; rules in all


@dataclass(frozen=True, slots=True)
class RuledRow:
    """An object and what its rules say."""

    caption: str
    url: str
    rules: tuple[str, ...]
    shipped: bool


@dataclass(frozen=True, slots=True)
class RuleRow:
    """One rule as it is filled in: for each part the columns to choose from. error: what is wrong with it."""

    number: int
    parts: tuple[tuple[Option, ...], ...]
    error: str


@answers(READ, guard=_GUARD, reads=_METADATA)
def list_page(request: HttpRequest) -> HttpResponseBase:
    """GET /duplicates."""
    reader = reader_of(request)
    views = [view for view in reader.views.values() if not (view.object.is_lookup or view.object.log)]
    rows = [_row(request, view) for view in sorted(views, key=lambda v: v.object.plural.casefold())]
    rows.sort(key=lambda row: not row.rules)
    html = ui.render(
        "web/duplicate_objects.html",
        frame=frame_of(request, DUPLICATES_URL),
        head=Head(_("Duplicate rules")),
        rows=rows,
    )
    return answer(html)


@answers(FORM, guard=_GUARD, reads=_METADATA, writes="records.duplicate_rules.changed")
def rules_page(request: HttpRequest, code: str) -> HttpResponseBase:
    """GET, POST /duplicates/<object>."""
    kept = records.get_duplicate_rules(request.ctx, code)
    if request.method != "POST":
        return _page(request, code, kept.rules)
    if "reset" in request.POST:
        records.set_duplicate_rules(request.ctx, code, None)
        return HttpResponseRedirect(f"{DUPLICATES_URL}/{code}?done=reset")
    posted = [request.POST.getlist(f"rule.{number}") for number in range(_MOST)]
    rules = tuple(_rule(parts) for parts in posted if any(parts))
    try:
        records.set_duplicate_rules(request.ctx, code, rules)
    except Invalid as refused:
        return _page(request, code, rules, {e.field: said(e.message) for e in refused.errors})
    return HttpResponseRedirect(f"{DUPLICATES_URL}/{code}?done=decided")


def _rule(parts: list[str]) -> DuplicateRule:
    """A rule from the form: `how:column` each. What is neither way is no column, and refused as such."""
    found = []
    for text in filter(None, parts):
        how, _colon, column = text.partition(":")
        known = how in set(How)
        found.append(DuplicatePart(column if known else "", How(how) if known else How.SAME))
    return DuplicateRule(tuple(found))


def _page(
    request: HttpRequest,
    code: str,
    rules: tuple[DuplicateRule, ...],
    errors: dict[str, str] | None = None,
) -> HttpResponse:
    view = reader_of(request).describe(code)
    kept = records.get_duplicate_rules(request.ctx, code)
    spare = (DuplicateRule(()),) * _SPARE if len(rules) < _MOST else ()
    rows = [
        RuleRow(number, _choices(view, rule), (errors or {}).get(f"rule.{number}", ""))
        for number, rule in enumerate((*rules, *spare))
    ]
    title = _("Duplicates among %(things)s") % {"things": words.within(view.object.plural)}
    html = ui.render(
        "web/duplicate_rules.html",
        frame=frame_of(request, DUPLICATES_URL),
        head=Head(title, crumbs=(Link(_("Duplicate rules"), DUPLICATES_URL),)),
        rows=rows,
        url=f"{DUPLICATES_URL}/{code}",
        back_url=DUPLICATES_URL,
        found_url=f"/o/{code}/duplicates",
        shipped=kept.shipped,
        errors=list((errors or {}).values()),
    )
    return answer(html, 422 if errors else 200)


def _choices(view: ObjectView, rule: DuplicateRule) -> tuple[tuple[Option, ...], ...]:
    """For each part the ways to compare each column, as drop-downs."""
    parts: list[DuplicatePart | None] = [*rule.parts, *[None] * _PARTS][: max(_PARTS, len(rule.parts))]
    return tuple(
        (
            Option("", ""),
            *(
                Option(f"{how}:{c.name}", _way(how) % {"field": c.caption}, _is(part, c.name, how))
                for c, ways in records.comparable(view.object)
                for how in ways
            ),
        )
        for part in parts
    )


def _is(part: DuplicatePart | None, column: str, how: How) -> bool:
    return part is not None and part.column == column and part.how is how


def _way(how: How) -> str:
    return _("same %(field)s") if how is How.SAME else _("similar %(field)s")


def _row(request: HttpRequest, view: ObjectView) -> RuledRow:
    kept = records.get_duplicate_rules(request.ctx, view.object.code)
    captions = {column.name: column.caption for column in view.object.columns.values()}
    return RuledRow(
        view.object.plural,
        f"{DUPLICATES_URL}/{view.object.code}",
        tuple(
            words.listed([_way(p.how) % {"field": captions.get(p.column, p.column)} for p in rule.parts])
            for rule in kept.rules
        ),
        kept.shipped,
    )
