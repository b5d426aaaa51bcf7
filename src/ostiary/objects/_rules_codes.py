"""Rules and formulas in the codes that columns have now, as an export tells them: stored names stay here."""

import re
from collections.abc import Mapping
from dataclasses import replace

from ostiary.objects._rules import Condition, Entry, HandOver, Mirrors, Rules, Stages

_NAMES = re.compile(r"[a-z][a-z0-9_]*(?:\.[a-z0-9_]+|\s*\()?")
Codes = Mapping[str, str]


def rules_in_codes(rules: Rules, codes: Codes) -> Rules:
    """The same rules; codes: by stored name, of the object's own columns."""

    def code(name: str) -> str:
        return codes.get(name, name)

    return replace(
        rules,
        stages=None if rules.stages is None else _stages(rules.stages, codes),
        any_of=tuple(tuple(map(code, names)) for names in rules.any_of),
        trees=tuple(map(code, rules.trees)),
        hand_over=None if rules.hand_over is None else _hand_over(rules.hand_over, codes),
        overdue=tuple(replace(x, flag=code(x.flag), due=code(x.due), met=code(x.met)) for x in rules.overdue),
        mirrors=None if rules.mirrors is None else _mirrors(rules.mirrors, codes),
    )


def _stages(stages: Stages, codes: Codes) -> Stages:
    enter = tuple(_entry(entry, codes) for entry in stages.enter)
    return replace(stages, column=codes.get(stages.column, stages.column), enter=enter)


def _entry(entry: Entry, codes: Codes) -> Entry:
    require = tuple(codes.get(name, name) for name in entry.require)
    put, fill = (tuple((codes.get(n, n), value) for n, value in pairs) for pairs in (entry.put, entry.fill))
    return replace(entry, require=require, put=put, fill=fill)


def _hand_over(hand_over: HandOver, codes: Codes) -> HandOver:
    to = []
    for each in hand_over.to:
        match, values = (
            tuple((theirs, codes.get(ours, ours)) for theirs, ours in pairs)
            for pairs in (each.match, each.values)
        )
        link, needs = codes.get(each.link, each.link), codes.get(each.needs, each.needs)
        to.append(replace(each, link=link, needs=needs, match=match, values=values))
    return replace(hand_over, to=tuple(to))


def _mirrors(mirrors: Mirrors, codes: Codes) -> Mirrors:
    of = []
    for each in mirrors.of:
        when = Condition(tuple((codes.get(flag, flag), values) for flag, values in each.when.flags))
        columns = tuple((codes.get(ours, ours), theirs) for ours, theirs in each.columns)
        of.append(replace(each, when=when, columns=columns))
    return replace(mirrors, primary=codes.get(mirrors.primary, mirrors.primary), of=tuple(of))


def formula_in_codes(formula: str, codes: Codes) -> str:
    """The same formula; what stands before a point or a bracket is no column of the object's own."""

    def told(found: re.Match[str]) -> str:
        return codes.get(found[0], found[0])

    return _NAMES.sub(told, formula)
