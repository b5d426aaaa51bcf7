"""What rules and formulas may name, and of which kind it has to be."""

from collections.abc import Callable, Iterator, Mapping

from ostiary.kernel.errors import OstiaryError
from ostiary.objects._errors import PackageRefused
from ostiary.objects._formula import Band, Formula, Name, Sum, named_in, read_formula
from ostiary.objects._linked import link_to
from ostiary.objects._model import Column, ColumnType, Object
from ostiary.objects._rules import CODE, FROM_STAGE, WORDS, Stages, named_columns, named_flags

Refuse = Callable[[str], OstiaryError]
NUMBERS = frozenset({ColumnType.INTEGER, ColumnType.DECIMAL, ColumnType.MONEY})
_WORD_TYPES = {
    "today": ColumnType.DATE,
    "now": ColumnType.INSTANT,
    "me": ColumnType.OWNER,
}


def verify_rules(made: Object, refuse: Refuse) -> None:
    """Refuse rules and formulas that name what the object does not have, or what does not fit."""
    unknown = sorted(set(named_columns(made.rules)) - made.columns.keys())
    if unknown:
        raise refuse(f"rules: unknown column {unknown[0]!r}")
    for code in made.rules.trees:
        if made.columns[code].target != made.code:
            raise refuse(f"rules: trees: {code} is no lookup to {made.code} itself")
    _verify_overdue(made, refuse)
    if made.rules.hand_over is not None and made.rules.stages is None:
        raise refuse("rules: a hand-over ends in a stage, so stages are needed")
    if made.rules.stages is not None:
        _verify_stages(made, made.rules.stages, refuse)
    for column in made.columns.values():
        if column.formula:
            _verify_formula(made, column, read_formula(column.formula), refuse)


def _verify_overdue(made: Object, refuse: Refuse) -> None:
    for each in made.rules.overdue:
        kinds = tuple(made.columns[name].type for name in (each.flag, each.due, each.met))
        if kinds != (ColumnType.BOOLEAN, ColumnType.INSTANT, ColumnType.INSTANT):
            raise refuse("rules: overdue: a flag that says yes or no, and two instants")
        if each.unless and made.rules.stages is None:
            raise refuse("rules: overdue: unless asks the stage, so stages are needed")


def _verify_stages(made: Object, stages: Stages, refuse: Refuse) -> None:
    column = made.columns[stages.column]
    if column.type not in {ColumnType.CHOICE, ColumnType.LOOKUP}:
        raise refuse(f"rules: stages: {column.code} is no choice or lookup column")
    if column.type is ColumnType.CHOICE and named_flags(stages) - {CODE}:
        raise refuse(f"rules: stages: of a choice there is only its {CODE}")
    for target, value in (pair for entry in stages.enter for pair in (*entry.put, *entry.fill)):
        into = made.columns[target]
        if target == stages.column:
            raise refuse("rules: stages: what a stage brings is not the stage itself")
        if isinstance(value, str) and value in _WORD_TYPES and into.type is not _WORD_TYPES[value]:
            raise refuse(f"rules: stages: {value} is no value of {target}")
        constant = not (isinstance(value, str) and (value in WORDS or value.startswith(FROM_STAGE)))
        if constant and into.type in {ColumnType.LOOKUP, ColumnType.OWNER}:
            raise refuse(f"rules: stages: {target} refers to a record, which only a tenant knows")


def _verify_formula(made: Object, column: Column, formula: Formula, refuse: Refuse) -> None:
    if (column.type is ColumnType.CHOICE) is not isinstance(formula, Band):
        raise refuse(f"{column.code}: band is for choices, and choices are only for band")
    if isinstance(formula, Band):
        offered = {choice.code for choice in column.choices}
        for _, code in formula.limits:
            if code not in offered:
                raise refuse(f"{column.code}: {code!r} is none of its choices")
    for name in sorted(named_in(formula)):
        part = made.columns.get(name)
        if part is None or part.type not in {*NUMBERS, ColumnType.DATE}:
            raise refuse(f"{column.code}: computed: {name!r} is no number or date of this object")
        if part.data_class > column.data_class:
            raise refuse(f"{column.code}: computed: it would tell of {name}, which is more closed")


def verify_between(objects: Mapping[str, Object], refuse: Refuse = PackageRefused) -> None:
    """Refuse flags and sums that lead nowhere in a whole package."""
    for made in objects.values():
        stages = made.rules.stages
        target = objects.get(made.columns[stages.column].target or "") if stages else None
        if stages is not None and target is not None:
            for flag in sorted(named_flags(stages)):
                if flag not in target.columns:
                    raise refuse(f"{made.code}: rules: stages: {target.code} has no column {flag!r}")
        _verify_hand_over(objects, made, refuse)
        if made.rules.mirrors is not None:
            _verify_mirrors(objects, made, refuse)
        for column in made.columns.values():
            _verify_sum(objects, made, column, refuse)


def _verify_hand_over(objects: Mapping[str, Object], made: Object, refuse: Refuse) -> None:
    for to in made.rules.hand_over.to if made.rules.hand_over else ():
        theirs = objects.get(to.object)
        if theirs is None or made.columns[to.link].target != to.object:
            raise refuse(f"{made.code}: rules: hand_over: {to.link} is no lookup to {to.object}")
        for name, _ in (*to.match, *to.values):
            if name not in theirs.columns:
                raise refuse(f"{made.code}: rules: hand_over: {to.object} has no column {name!r}")


def _verify_mirrors(objects: Mapping[str, Object], made: Object, refuse: Refuse) -> None:
    master = made.master_column
    theirs = objects.get((master and master.target) or "")
    if theirs is None or made.rules.mirrors is None:
        raise refuse(f"{made.code}: rules: mirrors: a master of this package is needed")
    if made.columns[made.rules.mirrors.primary].type is not ColumnType.BOOLEAN:
        raise refuse(f"{made.code}: rules: mirrors: primary says yes or no")
    for ours, name in (pair for mirror in made.rules.mirrors.of for pair in mirror.columns):
        column, own = theirs.columns.get(name), made.columns[ours]
        if column is None or (column.target, column.data_class) != (own.target, own.data_class):
            raise refuse(f"{made.code}: rules: mirrors: {theirs.code} has no {name!r} like {ours}")


def _verify_sum(objects: Mapping[str, Object], made: Object, column: Column, refuse: Refuse) -> None:
    formula = read_formula(column.formula) if column.formula else None
    if formula is None or not any(True for _ in _sums_in(formula)):
        return
    if not isinstance(formula, Sum):
        raise refuse(f"{made.code}: {column.code}: a sum stands alone")
    child = objects.get(formula.object)
    added = child.columns.get(formula.column) if child else None
    if child is None or added is None or added.type not in NUMBERS or link_to(child, made) is None:
        raise refuse(f"{made.code}: {column.code}: there is no {formula.object}.{formula.column} to add up")
    if added.data_class > column.data_class:
        raise refuse(f"{made.code}: {column.code}: it would tell of {added.code}, which is more closed")
    _verify_chain(objects, made, column, refuse)


def _sums_in(formula: Formula) -> Iterator[Sum]:
    if isinstance(formula, Sum):
        yield formula
    elif not isinstance(formula, Name | Band):
        for part in (getattr(formula, "left", None), getattr(formula, "right", None)):
            if part is not None:
                yield from _sums_in(part)


def _verify_chain(objects: Mapping[str, Object], made: Object, column: Column, refuse: Refuse) -> None:
    """A sum of sums ends somewhere: no object adds up what adds it up."""
    seen, left = set[str](), [made.code]
    while left:
        code = left.pop()
        for each in objects[code].columns.values() if code in objects else ():
            formula = read_formula(each.formula) if each.formula else None
            if isinstance(formula, Sum):
                if formula.object == made.code:
                    raise refuse(f"{made.code}: {column.code}: sums run in a circle")
                if formula.object not in seen:
                    seen.add(formula.object)
                    left.append(formula.object)
