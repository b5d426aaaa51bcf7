"""How many branches a walk has, as far as a filter knows without looking."""

from uuid import UUID

from ostiary.access._bound_legs import MANY, Scoped
from ostiary.access._ground import Step


def test_a_scope_rule_has_few_branches_only_where_an_index_gives_them_in_order() -> None:
    one = (UUID(int=1),)
    assert Scoped(0, (Step("owner_id"),), one, 0).fanout == 1
    assert Scoped(0, (Step("author_id"),), (*one, UUID(int=2)), 0).fanout == 2
    assert Scoped(0, (Step('"zone"'),), one, 0).fanout == MANY  # its index is not in the order by name
    assert Scoped(0, (Step('"account"', "rec_account"), Step("owner_id")), one, 0).fanout == MANY
    assert (
        Scoped(0, (Step("owner_id"),), (), 7).fanout == MANY
    )  # a stored set, of which only the number is known
