"""The demo's tenant: created, filled from a seed and remembered, so that the next start finds it there."""

import json
import secrets
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from ostiary.crm import public as crm
from ostiary.kernel import clock
from ostiary.kernel.errors import Misconfigured
from ostiary.project import demo_data
from ostiary.project._administration import acting_as
from ostiary.project._database import kept_secret
from ostiary.project._private_files import write_secret
from ostiary.project._progress import report, step
from ostiary.project._release import RELEASE
from ostiary.project._state import State
from ostiary.project._tenants import create_tenant
from ostiary.project._upgrade import Order, Outcome, upgrade_tenant
from ostiary.tenancy import public as tenancy

SLUG, NAME = "demo", "Demo company"
HOSTS = ("localhost", "127.0.0.1")
ADMINISTRATOR = "admin"
CONSONANTS, VOWELS = "bdfgklmnprstvz", "aeiou"
SYLLABLES, WORDS = 2, 4


@dataclass(frozen=True, slots=True)
class DemoPerson:
    """Who can sign in, as shown at the start."""

    login: str
    password: str
    about: str


def ensure_demo_tenant(state: State) -> Sequence[DemoPerson]:
    """Create what is missing of the demo tenant and return who can sign in.

    An interruption does no harm: a tenant becomes known when it is complete, the package is installed in one
    transaction, and the seed goes on where it stopped.
    """
    notes = notes_path(state)
    password = kept_secret(state.secrets / "demo-password", invent=_invent_password)
    tenant = tenancy.find_tenant_by_slug(SLUG)
    if tenant is None:
        notes.unlink(missing_ok=True)  # they belong to a tenant that is gone
        with step("demo tenant"):
            tenant = _create(password)
    elif tenant.release != RELEASE:
        with step("tables of this release"):
            _upgrade(tenant)
    with step("CRM package"), acting_as(tenant, ADMINISTRATOR, purpose="set-up") as ctx:
        crm.install(tenant, ctx)
    if not notes.exists():
        with step("people and records"):
            people = _seed(tenant, password)
        write_secret(notes, json.dumps([asdict(person) for person in people]))
    return [DemoPerson(**person) for person in json.loads(notes.read_text())]


def notes_path(state: State) -> Path:
    """Where it is written who can sign in."""
    return state.secrets / "demo-people.json"


def _upgrade(tenant: tenancy.Tenant) -> None:
    """Bring the tables along. Nobody has to accept anything here: it is all invented."""
    ended = upgrade_tenant(tenant, Order(accept_widening=True, packages=False))
    if ended.outcome not in (Outcome.UPGRADED, Outcome.CURRENT):
        raise Misconfigured(f"the demo tenant was not upgraded: {ended.reason}")


def _create(password: str) -> tenancy.Tenant:
    return create_tenant(
        SLUG,
        NAME,
        HOSTS,
        login=ADMINISTRATOR,
        person="Demo administrator",
        email="admin@demo.example",
        password=password,
    ).tenant


def _seed(tenant: tenancy.Tenant, password: str) -> Sequence[DemoPerson]:
    with acting_as(tenant, ADMINISTRATOR, purpose="set-up") as ctx:
        signs = demo_data.seed(
            tenant,
            ctx,
            today=clock.now().date(),
            password=password,
            progress=lambda what, done, total: report(f"{what} {done} of {total}"),
        )
    administrator = DemoPerson(ADMINISTRATOR, password, "Administrator of the tenant")
    return [administrator, *(DemoPerson(s.login, s.password, f"{s.name}, {s.title}") for s in signs)]


def _invent_password() -> str:
    """64 bits that can be read out and typed."""

    def word() -> str:
        return "".join(secrets.choice(CONSONANTS) + secrets.choice(VOWELS) for _ in range(SYLLABLES))

    return "-".join(word() + secrets.choice(CONSONANTS) for _ in range(WORDS))
