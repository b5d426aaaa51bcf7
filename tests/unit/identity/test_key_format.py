"""The form of API keys."""

import pytest

from ostiary.identity.public import parse_api_key

SECRET = "Zk3_-" + "a" * 38


@pytest.mark.parametrize(
    "refused",
    [
        "",
        f"ost_acme_{SECRET}a",
        f"ost_acme_{SECRET[1:]}",
        f"OST_acme_{SECRET}",
        f"ost_Acme_{SECRET}",
        f"ost__{SECRET}",
        f"ost_a-b_{SECRET}",
        f"ost_acme_{SECRET[:-1]}ä",
        f"ost_acme_{SECRET}\n",
        f" ost_acme_{SECRET}",
        f"ost_acme'; drop table x; --_{SECRET}",
    ],
)
def test_only_the_exact_form_is_a_key(refused: str) -> None:
    assert parse_api_key(f"ost_acme_{SECRET}") == ("acme", SECRET)
    assert parse_api_key(refused) is None
