"""Lists and searches of people and roles say what a plain look at everybody says, whichever way they go."""

from collections.abc import Iterator
from itertools import product

import pytest

from ostiary.identity import _directory as directory
from ostiary.identity import public as identity
from ostiary.identity.public import PeopleQuery, PrincipalKind, UnitKind
from ostiary.kernel import words
from ostiary.kernel.context import Context
from ostiary.kernel.errors import Invalid, NotFound
from ostiary.kernel.ids import UnitId

pytestmark = pytest.mark.database
PEOPLE = (
    ("anna.w", "Anna Weber", "anna@haven.example"),
    ("anna.k", "Anna Krüger", "ak@haven.example"),
    ("oweb", "Olaf Webermann", "olaf@haven.example"),
    ("jw", "Jörg Weiß", "joerg.weiss@other.example"),
    ("ob", "Sean O'Brien", "sean@haven.example"),
    ("aa", "anna", ""),
    ("zoe", "Zoë Ångström", "z@haven.example"),
)
SEARCHES = (
    "",
    "anna",
    "ANNA we",
    "web",
    "weber anna",
    "jorg",
    "krug",
    "haven.example",
    "anna@haven.example",
    "o'brien",
    "brien o",
    "angstrom",
    "joerg",
    "weiß",
    "nobody",
    "anna nobody",
    "a",
    "%",
    "_",
    "'",
    "\\",
    "@",
    "a" * 200,
)


@pytest.fixture
def house(ctx: Context) -> dict[str, UnitId]:
    """Some of every kind and state, and a role that most of them have."""
    made = {
        login: identity.create_person(ctx, login=login, name=name, email=email)
        for login, name, email in PEOPLE
    }
    outside = identity.create_person(
        ctx, login="ext", name="Anna Outside", email="anna@far.example", external=True
    )
    robot = identity.create_service_account(ctx, login="annabot", name="Anna Robot")
    role = identity.create_role(ctx, UnitKind.FUNC, "Choir")
    identity.add_members(ctx, [(unit, role) for login, unit in made.items() if login != "jw"])
    identity.set_active(ctx, made["oweb"], active=False)
    return {**made, "ext": outside, "annabot": robot, "role": role}


def everybody(ctx: Context) -> list[identity.Principal]:
    query = PeopleQuery(limit=1_000)
    return identity.list_principals(ctx, query)


def fits(ctx: Context, person: identity.Principal, query: PeopleQuery) -> bool:
    """As a reader would look: every word of the search begins a word of theirs, or the name begins so."""
    asked = words.fold(query.search).strip()
    text = " ".join((person.name, "" if person.kind is PrincipalKind.SERVICE else person.login, person.email))
    there = words.split(words.fold(text))
    each = all(any(word.startswith(w) for word in there) for w in words.split(asked))
    named = words.fold(person.name).startswith(asked)
    role = query.role is None or query.role in identity.roles_of(ctx, person.id)
    state = query.active is None or person.active is query.active
    return (each or named) and role and state and person.kind in query.kinds


def pages(ctx: Context, query: PeopleQuery) -> Iterator[identity.Principal]:
    """All of it, two at a time."""
    after = None
    while True:
        page = identity.list_principals(
            ctx,
            PeopleQuery(query.search, query.kinds, query.active, query.role, after, 2),
            one_more=True,
        )
        yield from page[:2]
        if len(page) < 3:
            return
        after = page[1].id


@pytest.mark.parametrize("most", [0, 3, 1_000])
def test_every_way_of_looking_finds_the_same(
    ctx: Context, house: dict[str, UnitId], monkeypatch: pytest.MonkeyPatch, most: int
) -> None:
    there = everybody(ctx)
    assert {house["ext"], house["annabot"], house["zoe"]} <= {p.id for p in there}
    monkeypatch.setattr(directory, "GATHERED", max(most, 2))
    kinds = (tuple(PrincipalKind), (PrincipalKind.EMPLOYEE,), (PrincipalKind.SERVICE,))
    for search, of, active, role in product(SEARCHES, kinds, (None, True, False), (None, house["role"])):
        query = PeopleQuery(search, of, active, role)
        expected = [p for p in there if fits(ctx, p, query)]
        if search.strip() and not words.split(words.fold(search)):
            expected = []
        found = list(pages(ctx, query))
        if most == 1_000:
            assert found == expected, query
            assert identity.count_principals(ctx, query).value == len(expected), query
        else:  # of a search some are left out, but none is found that does not fit
            assert [p for p in expected if p in found] == found, query
            assert len(found) >= min(len(expected), 2), query
            if not search:
                assert found == expected


def test_names_are_in_order_whatever_their_case_and_accents(ctx: Context, house: dict[str, UnitId]) -> None:
    names = [p.name for p in everybody(ctx) if p.id in house.values()]
    assert names == sorted(names, key=words.fold)
    assert names[0] == "anna"
    assert names[-1] == "Zoë Ångström"


def test_the_indexes_are_used(ctx: Context, house: dict[str, UnitId]) -> None:
    """The expressions of the migration are those of the statements."""
    scans, of_unit = ("indexscan", "indexonlyscan"), "select 1 from @.identity_unit u where"
    in_order = f"u.kind = 'person' and not u.external and u.active order by {directory.NAME_KEY}, u.id"
    for index, but, text in (  # whatever else would be cheap for so few
        ("identity_unit_words_idx", scans, f"{of_unit} {directory.with_word('w')}"),
        (
            "identity_person_words_idx",
            scans,
            f"select 1 from @.identity_person p where {directory.with_word('w', directory._LOGIN)}",
        ),
        (
            "identity_unit_list_idx",
            ("bitmapscan", "sort"),
            f"{of_unit} {in_order}",
        ),
    ):
        for way in (*scans, "bitmapscan", "sort", "seqscan"):
            ctx.db.run(f"set local enable_{way} = {'off' if way in (*but, 'seqscan') else 'on'}")
        plan = ctx.db.rows(f"explain {text}", {"w": "'anna':*"})
        assert index in str(plan), index


def test_what_is_too_much_to_look_for_is_refused(ctx: Context) -> None:
    for search in ("a b c d e f g", "a" * 201):
        with pytest.raises(Invalid):
            identity.list_principals(ctx, PeopleQuery(search))
        with pytest.raises(Invalid):
            identity.find_roles(ctx, search)


def test_who_came_last_and_is_gone_ends_the_list(ctx: Context) -> None:
    assert identity.list_principals(ctx, PeopleQuery(after=identity.NO_UNIT)) == []


def test_roles_are_found_by_words_kind_and_side(ctx: Context) -> None:
    made = {
        name: identity.create_role(ctx, kind, name, external=external)
        for name, kind, external in (
            ("North sea", UnitKind.ORG, False),
            ("North partners", UnitKind.ORG, True),
            ("Far north", UnitKind.FUNC, False),
        )
    }
    lead = identity.create_role(ctx, UnitKind.MANAGER, "North leads", manages=made["North sea"])

    def found(search: str, **more: object) -> list[str]:
        return [r.name for r in identity.find_roles(ctx, search, **more)]  # type: ignore[arg-type]  # as given

    assert found("north") == ["Far north", "North leads", "North partners", "North sea"]
    assert found("NORTH s") == ["North sea"]
    assert found("north", external=True) == ["North partners"]
    assert found("north", kinds=frozenset({UnitKind.MANAGER})) == ["North leads"]
    assert found("north", limit=1) == ["Far north"]
    assert found("") == found("nothing") == []
    assert identity.get_role(ctx, lead).manages == made["North sea"]
    with pytest.raises(NotFound):
        identity.get_role(ctx, identity.NO_UNIT)


def test_facts_of_a_person_are_changed_whole(ctx: Context, house: dict[str, UnitId]) -> None:
    facts = {"name": "Anna Neu", "email": "", "language": "de-AT", "time_zone": "Europe/Vienna"}
    identity.change_person(ctx, house["anna.w"], **facts)
    found = identity.get_details(ctx, house["anna.w"])
    assert (found.name, found.email, found.language, found.time_zone) == tuple(facts.values())
    assert found.login == "anna.w"
    for field, wrong in (
        ("name", ""),
        ("email", "a b@c"),
        ("email", "x" * 330 + "@a"),
        ("language", "German"),
        ("time_zone", "Mars"),
    ):
        with pytest.raises(Invalid) as refused:
            identity.change_person(ctx, house["anna.w"], **{**facts, field: wrong})
        assert [error.field for error in refused.value.errors] == [field]
    with pytest.raises(NotFound):
        identity.change_person(ctx, house["annabot"], **facts)
    with pytest.raises(NotFound):
        identity.get_details(ctx, house["role"])
