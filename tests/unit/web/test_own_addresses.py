"""After signing in one goes on to an address of ours and to no other."""

import pytest

from ostiary.web._preferences_views import own_address


@pytest.mark.parametrize("address", ["/", "/o/account/?q=a", "/o/account/?next=https://elsewhere.example"])
def test_addresses_of_ours_are_kept(address: str) -> None:
    assert own_address(address) == address


@pytest.mark.parametrize(
    "address",
    [
        "https://elsewhere.example/",
        "//elsewhere.example/",
        "///elsewhere.example/",
        "/\\elsewhere.example/",
        "\\\\elsewhere.example",
        "javascript:alert(1)",
        "/\t/elsewhere.example",
        "o/account/",
        "",
    ],
)
def test_addresses_of_others_are_not(address: str) -> None:
    assert own_address(address) == "/"
