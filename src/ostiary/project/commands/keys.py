"""`ostiary keys`: the root key and the tenants' keys."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from ostiary.project.commands._declare import add_command, add_group

if TYPE_CHECKING:
    from ostiary.project.commands._declare import Commands, Verbs

PURPOSES = ("backup", "session", "signer", "webhook")


def add_to(commands: "Commands") -> None:
    """Declare the commands. No secret is an argument: files are named, passphrases asked for."""
    verbs = add_group(commands, "keys", "encryption keys: status, rotate, escrow, verify, protect, recover")
    status = add_command(
        verbs,
        "status",
        _status,
        "every key: version, state, age; the recovery bundle",
        event="crypto.keys.viewed",
    )
    status.add_argument("--tenant", help="slug of one tenant (default: all)")
    status.add_argument(
        "--count", action="store_true", help="count what each key encrypts; reads every table"
    )
    _add_rotate(verbs)
    protect = add_command(
        verbs,
        "protect",
        _protect,
        "put the root key under a passphrase or an identity file",
        event="crypto.root.protected",
    )
    protect.add_argument("--change", action="store_true", help="it is protected; protect it by another one")
    protect.add_argument(
        "--new-file", type=Path, help="file with the new passphrase or identity (default: ask)"
    )
    escrow = add_command(
        verbs, "escrow", _escrow, "write a recovery bundle for custodians", event="crypto.root.escrowed"
    )
    escrow.add_argument(
        "--custodian", action="append", required=True, help="age recipient (age1...) of one; repeat it"
    )
    escrow.add_argument("--threshold", type=int, required=True, help="how many of them it takes")
    escrow.add_argument("--out", type=Path, help="new folder for the bundle")
    recover = add_command(
        verbs,
        "recover",
        _recover,
        "bring the root key back from a recovery bundle, where there is none",
        event="crypto.root.recovered",
    )
    recover.add_argument("--bundle", type=Path, required=True, help="the bundle's folder")
    recover.add_argument(
        "--identity",
        type=Path,
        action="append",
        required=True,
        help="age identity file of a custodian; repeat it",
    )
    verify = add_command(
        verbs,
        "verify",
        _verify,
        "open every key and sample values; with a bundle, rehearse the recovery",
        event="crypto.root.verified",
    )
    verify.add_argument("--bundle", type=Path, help="the bundle's folder")
    verify.add_argument(
        "--identity",
        type=Path,
        action="append",
        default=[],
        help="age identity file of a custodian; repeat it",
    )


def _add_rotate(verbs: "Verbs") -> None:
    rotate = add_command(
        verbs, "rotate", _rotate, "replace keys while everything runs", event="crypto.rotation.begun"
    )
    rotate.add_argument("--tenant", help="slug of the tenant")
    rotate.add_argument("--all", action="store_true", help="every tenant, and the installation's own log")
    rotate.add_argument("--kek", action="store_true", help="the key-encryption key")
    rotate.add_argument(
        "--dek",
        action="append",
        default=[],
        metavar="SCOPE",
        help="the data-encryption key of a scope, or all",
    )
    rotate.add_argument(
        "--compromised", action="store_true", help="the old key leaked: do not wait for nodes"
    )
    rotate.add_argument("--background", action="store_true", help="begin; a worker does the rest")
    rotate.add_argument("--root", action="store_true", help="the root key, in two steps")
    rotate.add_argument(
        "--restarted", action="store_true", help="every node was restarted with the next root key"
    )
    rotate.add_argument("--installation", choices=PURPOSES, help="a key of the installation itself")


def _status(options: argparse.Namespace) -> int:
    from ostiary.project import _keys_command

    return _keys_command.status(options)


def _protect(options: argparse.Namespace) -> int:
    from ostiary.project import _keys_command

    return _keys_command.protect(options)


def _escrow(options: argparse.Namespace) -> int:
    from ostiary.project import _keys_command

    return _keys_command.escrow(options)


def _recover(options: argparse.Namespace) -> int:
    from ostiary.project import _keys_command

    return _keys_command.recover(options)


def _verify(options: argparse.Namespace) -> int:
    from ostiary.project import _keys_command

    return _keys_command.verify(options)


def _rotate(options: argparse.Namespace) -> int:
    from ostiary.project import _keys_command

    return _keys_command.rotate(options)
