"""Credentials of integrations."""

import pytest

from ostiary.crypto import public as crypto
from ostiary.kernel.context import Context
from ostiary.kernel.errors import Invalid, NotFound

pytestmark = pytest.mark.database


def test_a_secret_is_kept_encrypted_replaced_listed_and_forgotten(ctx: Context) -> None:
    crypto.put_secret(ctx, "webhook.1", "hunter2 hunter2")
    crypto.put_secret(ctx, "ldap.bind", "pässword")
    assert crypto.get_secret(ctx, "ldap.bind") == "pässword"
    crypto.put_secret(ctx, "ldap.bind", "another")
    assert crypto.get_secret(ctx, "ldap.bind") == "another"
    assert crypto.list_secrets(ctx) == ["ldap.bind", "webhook.1"]
    stored = ctx.db.rows("select name, blob from @.crypto_secret order by name")
    assert all(b"hunter2" not in bytes(blob) for _, blob in stored)
    crypto.delete_secret(ctx, "ldap.bind")
    for act in (crypto.get_secret, crypto.delete_secret):
        with pytest.raises(NotFound):
            act(ctx, "ldap.bind")
    assert crypto.list_secrets(ctx) == ["webhook.1"]


def test_a_secret_that_was_moved_to_another_name_does_not_open(ctx: Context) -> None:
    crypto.put_secret(ctx, "mail", "ours")
    crypto.put_secret(ctx, "mail2", "theirs")
    assert crypto.get_secret(ctx, "mail") == "ours"
    ctx.db.run(
        "update @.crypto_secret a set blob = b.blob from @.crypto_secret b"
        " where a.name = 'mail' and b.name = 'mail2'"
    )
    with pytest.raises(crypto.Undecipherable):
        crypto.get_secret(ctx, "mail")
    assert crypto.get_secret(ctx, "mail2") == "theirs"


@pytest.mark.parametrize(
    ("name", "value", "field"),
    [
        ("", "x", "name"),
        ("Mail", "x", "name"),
        ("a b", "x", "name"),
        ("a", "", "value"),
        ("a", "x" * 65537, "value"),
    ],
)
def test_a_malformed_secret_is_refused_without_showing_it(
    ctx: Context, name: str, value: str, field: str
) -> None:
    with pytest.raises(Invalid) as refused:
        crypto.put_secret(ctx, name, value)
    assert [e.field for e in refused.value.errors] == [field]
    assert crypto.list_secrets(ctx) == []
    crypto.put_secret(ctx, "a", "x" * 65536)
