"""`ostiary config show`."""

import orjson

from ostiary.project._installation import get_installation


def show(*, as_json: bool) -> int:
    """Every option with its value and source; secrets are masked."""
    installation = get_installation()
    if as_json:
        said = {
            name: {"value": None if d.value is None else d.shown, "source": d.source}
            for name, d in installation.decided.items()
        }
        print(orjson.dumps(said, option=orjson.OPT_INDENT_2).decode())
        return 0
    for name, decided in installation.decided.items():
        print(name, decided.shown, decided.source, sep="\t")
    for name in installation.unknown:
        print(f"{name} is no variable of ours", "ignored", f"environment {name}", sep="\t")
    return 0
