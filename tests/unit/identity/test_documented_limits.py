"""The page about sign-in states the limits that the code has."""

from pathlib import Path

import pytest

from ostiary.identity import _hashing, _password_rules, _passwords, _sessions
from ostiary.project._transport import Transport
from ostiary.project.middleware import METHODS

PAGE = (Path(__file__).parents[3] / "docs" / "reference" / "sign-in.md").read_text()


@pytest.mark.parametrize(
    "words",
    [
        f"{_password_rules.SHORTEST} to {_hashing.LONGEST} code points",
        f"fewer than {_password_rules.OWN_SHARE} characters",
        f"{_passwords.FREE_ATTEMPTS} are free",
        f"up to {_passwords.LONGEST_DELAY_S // 60} min",
        f"after {_passwords.MOST_FAILURES} only",
        f"{_sessions.IDLE_LIMIT_MIN} minutes",
        f"{_sessions.ABSOLUTE_LIMIT_H} hours",
        f"`{Transport().session_cookie}`",
        f"`{Transport(insecure_http=True).session_cookie}`",
        f"{_hashing._hasher.memory_cost // 1024} MiB, {_hashing._hasher.time_cost} passes",
        *METHODS,
    ],
)
def test_the_page_states_the_limit(words: str) -> None:
    assert words in PAGE
