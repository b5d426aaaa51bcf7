"""The number of this release's fixed tables, and which tenants a node of this release serves.

A new release first runs on tables of the one before (nodes are replaced first), then `ostiary migrate` brings
the tenants over. So a node serves its own release and the one before, and nothing else.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from ostiary.tenancy import public as tenancy

RELEASE = 1


@dataclass(frozen=True, slots=True)
class Released:
    """What went out. last: the last migration of each context; digest: of what all of them do."""

    last: Mapping[str, str]
    digest: str


# Every release that went out; 0 is what came before tenants had a release. When migrations follow the newest
# of these, RELEASE is one above it, and those that went out stay as they are: tests hold both.
RELEASED = {
    0: Released(
        {
            "access": "0001_initial",
            "audit": "0001_initial",
            "crypto": "0001_initial",
            "identity": "0002_epoch_sequence",
            "objects": "0001_initial",
        },
        "35da0f5ade5501c97e0d0ede5452a406ccf20aa0f34501cbed50762e00b0dae2",
    ),
}
OLDEST_SERVED = RELEASE - 1


def refusal(tenant: tenancy.Tenant) -> str | None:
    """Why this node does not serve the tenant now, in words for an operator; None: it does."""
    if tenant.release > RELEASE:
        return (
            f"tenant {tenant.slug} is at release {tenant.release}, later than this node's {RELEASE}: "
            "put the new release on this node"
        )
    if tenant.release < OLDEST_SERVED:
        return (
            f"tenant {tenant.slug} is at release {tenant.release}, this node serves {OLDEST_SERVED} to "
            f"{RELEASE}: run `ostiary migrate`"
        )
    return None
