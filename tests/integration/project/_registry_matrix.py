"""How the routes of the role matrix are called."""

from collections.abc import Callable, Mapping

from ostiary.identity import public as identity
from ostiary.tenancy import public as tenancy
from tests.integration.project._registry_world import Scenario, World


def role(part: str = "") -> Callable[[World], str]:
    """The page of a role of the package."""

    def make(world: World) -> str:
        with tenancy.transaction(world.tenant) as db:
            found = identity.find_unit(world.context(db, "ada"), "marketing")
        return f"/role-matrix/roles/{found}{part}"

    return make


MATRIX: Mapping[str, Scenario] = {
    "GET /role-matrix": Scenario(lambda _: "/role-matrix"),
    "GET /role-matrix/findings": Scenario(lambda _: "/role-matrix/findings"),
    "GET /role-matrix/export/<str:kind>": Scenario(
        lambda _: "/role-matrix/export/xlsx", refused=("nil", "out", None)
    ),
    "GET /role-matrix/roles/<uuid:role>": Scenario(role()),
    "POST /role-matrix/roles/<uuid:role>": Scenario(
        role(),
        {"owner": "ada", "justification": "Finds leads", "basis": "none", "review_months": "6"},
        wrong={"review_months": "many"},
    ),
    "POST /role-matrix/roles/<uuid:role>/reviewed": Scenario(role("/reviewed")),
    "GET /api/v1/rights/matrix": Scenario(lambda _: "/api/v1/rights/matrix"),
    "GET /api/v1/rights/findings": Scenario(lambda _: "/api/v1/rights/findings"),
}
