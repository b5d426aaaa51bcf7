"""Which objects are linked by what they declare: sums, logs, mirrors."""

from collections.abc import Iterator, Mapping
from types import MappingProxyType

from ostiary.objects._formula import Sum, read_formula
from ostiary.objects._links import Links, SumOf
from ostiary.objects._model import Column, Object


def links_of(objects: Mapping[str, Object]) -> Links:
    """What the formulas, logs and mirrors of these objects say."""
    made = {o.code: o for o in objects.values()}
    by_name = {o.name: o for o in made.values()}
    sums: dict[str, tuple[SumOf, ...]] = {}
    logs, mirrors = dict[str, tuple[str, ...]](), dict[str, tuple[str, ...]]()
    for each in made.values():
        kept = logs if each.log else mirrors if each.rules.mirrors else None
        if kept is not None and each.master_column and each.master_column.target:
            above = objects[each.master_column.target].code
            kept[above] = (*kept.get(above, ()), each.code)
        for found, child in _sums(each, by_name):
            sums[child] = (*sums.get(child, ()), found)
    return Links(MappingProxyType(sums), MappingProxyType(logs), MappingProxyType(mirrors))


def _sums(owner: Object, by_name: Mapping[str, Object]) -> Iterator[tuple[SumOf, str]]:
    for target in owner.columns.values():
        formula = read_formula(target.formula) if target.formula else None
        child = by_name.get(formula.object) if isinstance(formula, Sum) else None
        if child is None or not isinstance(formula, Sum):
            continue
        column = next((c for c in child.columns.values() if c.name == formula.column), None)
        link = link_to(child, owner)
        if column is not None and link is not None and column.data_class <= target.data_class:
            yield SumOf(owner.code, target.code, link.code, column.code), child.code


def link_to(child: Object, owner: Object) -> Column | None:
    """The lookup by which a record belongs to one of another object: its master, or the first."""
    codes = {owner.code, *(former.code for former in owner.former)}
    found = [c for c in child.columns.values() if c.target in codes]
    return next((c for c in found if c is child.master_column), found[0] if found else None)
