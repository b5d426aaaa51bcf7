"""Merging, searching for duplicates and deciding what they are, driven with and without the right."""

from collections.abc import Mapping

from ostiary.records import public as records
from ostiary.tenancy import public as tenancy
from tests._jobs import run_due_jobs
from tests.integration.project._registry_world import Scenario, World


def merging(world: World) -> str:
    return f"/o/account/merge?id={world.account()}&id={world.account()}"


def searched(world: World) -> str:
    """A page with what a worker found for ada."""
    merging(world)
    with tenancy.transaction(world.tenant) as db:
        records.search_duplicates(world.context(db, "ada"), "account")
    run_due_jobs()
    return "/o/account/duplicates"


def rules(_: World) -> str:
    return "/duplicates/account"


DUPLICATES: Mapping[str, Scenario] = {
    "GET /o/<slug:code>/merge": Scenario(merging),
    "POST /o/<slug:code>/merge": Scenario(merging),
    "GET /o/<slug:code>/duplicates": Scenario(searched),
    "POST /o/<slug:code>/duplicates": Scenario(lambda _: "/o/account/duplicates", {"do": "search"}),
    "GET /duplicates": Scenario(lambda _: "/duplicates"),
    "GET /duplicates/<slug:code>": Scenario(rules),
    "POST /duplicates/<slug:code>": Scenario(rules, {"rule.0": "same:name"}),
}
