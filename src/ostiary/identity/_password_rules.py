"""Which passwords may be set. Sources: NIST SP 800-63B-4, 3.1.1; OWASP ASVS 5.0, 6.1.2 and 6.2."""

import re
import unicodedata
from collections.abc import Iterable
from itertools import pairwise

from ostiary.identity._hashing import LONGEST, normalise
from ostiary.kernel.errors import FieldError, Invalid
from ostiary.kernel.messages import worded

SHORTEST = 15  # code points: the password is the only factor
OWN_SHARE = 8  # characters that must be left when the words about the person and the tenant are taken out
FEWEST_DIFFERENT = 5
_WORD = re.compile(r"\w{3,}")

# The commonest passwords that are long enough to be tried here; compared whole, ignoring case and separators.
_COMMON = frozenset(
    """
    correcthorsebatterystaple 1q2w3e4r5t6y7u8i9o0p 1qaz2wsx3edc4rfv qwertyuiop123456 qwertyuiop1234567890
    qwertyuiopasdfgh qwertyuiopasdfghjkl qwertyuiopasdfghjklzxcvbnm qazwsxedcrfvtgb qazwsxedcrfvtgbyhnujm
    asdfghjkl1234567 asdfghjklqwertyuiop zxcvbnmasdfghjkl zaq12wsxcde34rfv 1234qwerasdfzxcv 123qweasdzxc123
    123456789abcdefg 1234567890qwerty 1234567890qwertyuiop abcdefghijklmnop abcdefg123456789 abc123456789012
    a1b2c3d4e5f6g7h8 a1s2d3f4g5h6j7k8l9 q1w2e3r4t5y6u7i8 q1w2e3r4t5y6u7i8o9p0 zxcvbnm123456789
    147258369147258 passwordpassword password12345678 password123456789 password1234567890 passwordpassword1
    mypassword123456 thisismypassword thisisapassword thisisnotapassword mypasswordispassword
    changemechangeme changethispassword pleasechangeme123 defaultpassword defaultpassword1 temporarypassword
    temppassword1234 newpassword12345 administrator123 administrator1234 administratoradmin adminadminadmin
    superadministrator adminpassword123 letmeinletmein1 letmeinletmeinnow welcomewelcome1 welcome123456789
    iloveyouiloveyou iloveyouforever iloveyou12345678 loveyouforever123 ilovemyfamily123 ilovejesuschrist
    jesuschrist12345 godisgoodallthetime trustnooneexceptme opensesameopensesame supersecretpassword
    secretsecretsecret sunshinesunshine princessprincess footballfootball baseballbaseball basketball123456
    chocolatechocolate monkeymonkeymonkey dragondragondragon mastermastermaster liverpoolliverpool
    manchesterunited realmadridbarcelona tottenhamhotspur summersummer2024 summersummer2025 winterwinter2024
    winterwinter2025 companypassword1 testtesttesttest testpassword1234 guestguestguest1 computercomputer
    internetinternet
    """.split()
)


def ensure_acceptable(password: str, *, about: Iterable[str], shortest: int = SHORTEST) -> str:
    """The password in the form in which it is kept; no rules of composition, no expiry.

    Args: about: login, name, address of the person, name of the tenant: their words do not count as own.
    shortest: what the tenant decided.
    Raises: Invalid: names the reason, changes nothing.
    """
    password = normalise(password)
    if len(password) < shortest:
        raise _refuse(
            "too_short",
            worded("Use at least %(least)s characters; several words are easy to remember", least=shortest),
        )
    if len(password) > LONGEST:
        raise _refuse("too_long", worded("Use at most %(most)s characters", most=LONGEST))
    if any(unicodedata.category(c) in ("Cc", "Cs", "Cn") for c in password):
        raise _refuse("unprintable", "Use letters, digits, spaces and signs only")
    folded = _letters(password)
    if len(folded) < OWN_SHARE:
        folded = password.casefold()  # made of signs: then these are what counts
    if folded in _COMMON:
        raise _refuse("common", "This is one of the passwords that are tried first")
    if len(set(password.casefold())) < FEWEST_DIFFERENT or _repeats(folded) or _counts(folded):
        raise _refuse("repetitive", "This is a repetition or a row of neighbouring characters")
    if len(_without(folded, about)) < OWN_SHARE:
        raise _refuse(
            "about_you", "This is little more than your name, your login or the organisation's name"
        )
    return password


def _refuse(code: str, message: str) -> Invalid:
    return Invalid([FieldError("password", f"password_{code}", message)])


def _letters(text: str) -> str:
    """What remains of a text when case, spaces and punctuation do not count."""
    folded = unicodedata.normalize("NFKC", text).casefold()
    return "".join(c for c in folded if unicodedata.category(c)[0] not in "ZP")


def _repeats(text: str) -> bool:
    """Whether a shorter text, repeated, makes this one (a partial last copy included)."""
    half = len(text) // 2
    return any(text == (text[:n] * (len(text) // n + 1))[: len(text)] for n in range(1, half + 1))


def _counts(text: str) -> bool:
    """Whether each character is the next (or the one before) in the alphabet or among the digits."""
    steps = {ord(b) - ord(a) for a, b in pairwise(text)}
    return steps <= {1, -9} or steps <= {-1, 9}


def _without(text: str, about: Iterable[str]) -> str:
    words = {w for part in about for w in _WORD.findall(part.casefold())} | {"ostiary", "password"}
    joined = {_letters(part) for part in about}
    for word in sorted((_letters(w) for w in words | joined), key=len, reverse=True):
        if len(word) > 2:  # shorter ones are parts of ordinary words
            text = text.replace(word, "")
    return text
