"""The oracle's own examples for semantics section 1: each sentence with a case that needs it."""

from tests.oracle.model import ADMINISTRATORS, ROOT, Graph, Kind, Unit
from tests.oracle.units import (
    all_units,
    managed_persons,
    managed_sources,
    managed_units,
    nameable_units,
    own_set,
    reporting_units,
    sources,
    subtree_members,
)

PARENTS = {
    "europe": ROOT,
    "paris": "europe",
    "rome": "europe",
    "asia": ROOT,
    "senior_analysts": "analysts",
    "editors": "readers",
}
MANAGES = {"europe_managers": "europe", "paris_managers": "paris"}


def make_graph(
    *members: tuple[Unit, Unit], links: tuple[tuple[Unit, Unit], ...] = (), marked: tuple[Unit, ...] = ()
) -> Graph:
    """Europe over Paris and Rome, Asia; two functional trees; managers of Europe and of Paris."""
    kinds = {
        ROOT: Kind.ORG,
        ADMINISTRATORS: Kind.FUNC,
        **dict.fromkeys(["europe", "paris", "rome", "asia"], Kind.ORG),
        **dict.fromkeys(["analysts", "senior_analysts", "readers", "editors"], Kind.FUNC),
        **dict.fromkeys(MANAGES, Kind.MANAGER),
        **dict.fromkeys(["ann", "bob", "eve"], Kind.PERSON),
        "robot": Kind.SERVICE,
    }
    return Graph(kinds, PARENTS, MANAGES, frozenset(links), frozenset(members), frozenset(marked))


def test_own_set_has_roles_their_ancestors_and_the_root() -> None:
    graph = make_graph(("ann", "paris"), ("ann", "senior_analysts"))
    assert own_set(graph, "ann") == {"ann", "paris", "europe", ROOT, "senior_analysts", "analysts"}
    assert own_set(graph, "bob") == {"bob", ROOT}


def test_own_set_has_what_is_linked_to_a_role_or_to_its_ancestor_or_to_the_root() -> None:
    graph = make_graph(("ann", "paris"), ("bob", "asia"), links=(("europe", "editors"), (ROOT, "analysts")))
    assert own_set(graph, "ann") == {"ann", "paris", "europe", ROOT, "editors", "readers", "analysts"}
    assert own_set(graph, "bob") == {"bob", "asia", ROOT, "analysts"}


def test_a_link_gives_nothing_to_the_members_of_the_functional_role() -> None:
    graph = make_graph(("ann", "editors"), links=(("europe", "editors"),))
    assert own_set(graph, "ann") == {"ann", ROOT, "editors", "readers"}


def test_a_manager_role_is_only_itself() -> None:
    graph = make_graph(("ann", "paris_managers"), links=(("paris", "editors"),))
    assert own_set(graph, "ann") == {"ann", "paris_managers", ROOT}


def test_a_service_account_is_itself_and_its_direct_roles() -> None:
    graph = make_graph(
        ("robot", "paris"), ("robot", "editors"), ("ann", "paris"), links=(("paris", "analysts"),)
    )
    assert own_set(graph, "robot") == {"robot", "paris", "editors"}
    assert reporting_units(graph, "robot") == set()
    assert "robot" not in subtree_members(graph, "paris")
    assert "ann" in subtree_members(graph, "paris")


def test_managers_report_to_the_units_above_their_own() -> None:
    graph = make_graph(
        ("ann", "paris_managers"), ("bob", "rome"), ("eve", "editors"), links=(("rome", "editors"),)
    )
    assert reporting_units(graph, "ann") == {ROOT, "europe"}
    assert reporting_units(graph, "bob") == {"rome", "europe", ROOT}
    assert reporting_units(graph, "eve") == {ROOT}
    assert subtree_members(graph, "europe") == {"ann", "bob"}
    assert subtree_members(graph, "paris") == set()


def test_managed_units_are_the_unit_and_everything_below() -> None:
    graph = make_graph(("ann", "europe_managers"), ("bob", "paris_managers"), ("eve", "europe"))
    assert managed_units(graph, "ann") == {"europe", "paris", "rome"}
    assert managed_units(graph, "bob") == {"paris"}
    assert managed_units(graph, "eve") == set()


def test_each_role_of_a_managed_person_is_a_source_of_its_own() -> None:
    graph = make_graph(("ann", "paris_managers"), ("bob", "paris"), ("bob", "senior_analysts"))
    assert managed_sources(graph, "ann") == {
        frozenset({"paris", "europe", ROOT}),
        frozenset({"europe", ROOT}),
        frozenset({ROOT}),
        frozenset({"senior_analysts", "analysts"}),
        frozenset({"analysts"}),
    }
    assert managed_sources(graph, "bob") == set()
    assert sources(graph, "ann")[0] == {"ann", "paris_managers", ROOT}


def test_manager_roles_and_persons_are_no_sources() -> None:
    graph = make_graph(("ann", "europe_managers"), ("bob", "paris_managers"))
    assert managed_persons(graph, "ann") == {"bob"}
    assert managed_sources(graph, "ann") == {frozenset({ROOT})}


def test_a_marked_role_is_no_source_and_is_taken_out_of_the_others() -> None:
    members = (("ann", "paris_managers"), ("bob", "paris"), ("bob", "senior_analysts"))
    assert managed_sources(make_graph(*members, marked=("analysts", "europe")), "ann") == {
        frozenset({"paris", ROOT}),
        frozenset({ROOT}),
        frozenset({"senior_analysts"}),
    }
    assert "analysts" in all_units(make_graph(*members), "ann")
    assert "analysts" not in all_units(make_graph(*members, marked=("analysts",)), "ann")


def test_an_own_role_stays_although_it_is_marked() -> None:
    graph = make_graph(("ann", ADMINISTRATORS), marked=(ADMINISTRATORS,))
    assert ADMINISTRATORS in own_set(graph, "ann")
    assert ADMINISTRATORS in all_units(graph, "ann")


def test_all_units_has_managed_units_without_members_but_no_marked_ones() -> None:
    members = (("ann", "europe_managers"),)
    assert all_units(make_graph(*members), "ann") == {
        "ann",
        "europe_managers",
        ROOT,
        "europe",
        "paris",
        "rome",
    }
    assert all_units(make_graph(*members, marked=("paris",)), "ann") == {
        "ann",
        "europe_managers",
        ROOT,
        "europe",
        "rome",
    }


def test_managed_persons_count_only_where_they_are_named() -> None:
    graph = make_graph(("ann", "paris_managers"), ("bob", "paris"), ("robot", "paris"))
    assert "bob" not in all_units(graph, "ann")
    assert "bob" in nameable_units(graph, "ann")
    assert "robot" not in nameable_units(graph, "ann")


def test_who_manages_the_root_is_a_subordinate_as_well() -> None:
    graph = Graph(
        {ROOT: Kind.ORG, "managers": Kind.MANAGER, "editors": Kind.FUNC, "ann": Kind.PERSON},
        manages={"managers": ROOT},
        members=frozenset({("ann", "managers"), ("ann", "editors")}),
    )
    assert managed_persons(graph, "ann") == {"ann"}
    assert managed_sources(graph, "ann") == {frozenset({ROOT}), frozenset({"editors"})}
