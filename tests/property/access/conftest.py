"""The stage of generated worlds, once per worker."""

import pytest

from tests._tenants import Installation
from tests.property.access._stage import Stage, make_stage


@pytest.fixture(scope="session")
def stage(installation: Installation) -> Stage:
    return make_stage(f"worlds{installation.worker}")
