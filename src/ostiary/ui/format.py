"""Values in words: one place decides how a number, a date or a name looks."""

from datetime import date, datetime, timedelta, tzinfo
from decimal import Decimal

from ostiary.ui.i18n import FALLBACK, grouped, language
from ostiary.ui.i18n import gettext as _

Number = int | float | Decimal
_UNITS = ("B", "kB", "MB", "GB")
_LARGE_NOUNS = frozenset({"de"})
# Of each language: short names of months, and a day with and without its year. Source: Unicode CLDR 47.
_MONTHS = {
    "en": "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split(),
    "de": "Jan. Feb. März Apr. Mai Juni Juli Aug. Sept. Okt. Nov. Dez.".split(),
}
_DAY = {"en": "{0} {1}", "de": "{0}. {1}"}
_WEEKDAYS = {"en": "Mon Tue Wed Thu Fri Sat Sun".split(), "de": "Mo. Di. Mi. Do. Fr. Sa. So.".split()}
_FIRST_WEEKDAY = {"en": 0, "de": 0}  # Monday is 0: of the English written here (en-GB), and of German


def _spoken() -> str:
    return language() if language() in _DAY else FALLBACK


def _day(value: date) -> str:
    return _DAY[_spoken()].format(value.day, _MONTHS[_spoken()][value.month - 1])


def number(value: Number, scale: int | None = None) -> str:
    """1234.5 -> "1,234.5" or "1.234,5"; with `scale` digits after the point unless they are all zero."""
    exact = value if isinstance(value, Decimal) else Decimal(str(value))
    if scale is not None:
        exact = round(exact, scale)
    text = f"{exact:,f}"
    whole, _point, rest = text.partition(".")
    if not rest.strip("0"):
        return grouped(whole)
    return grouped(text if scale is not None else f"{whole}.{rest.rstrip('0')}")


def size(count: int) -> str:
    """412 kB: bytes in units of a thousand, at most one digit after the point."""
    amount, unit = Decimal(count), 0
    while amount >= 999.95 and unit < len(_UNITS) - 1:
        amount, unit = amount / 1000, unit + 1
    return f"{number(round(amount, 1 if amount < 10 else 0))} {_UNITS[unit]}"


def day(value: date) -> str:
    """14 Dec 2026, or 14. Dez. 2026."""
    return f"{_day(value)} {value.year}"


def month(value: date) -> str:
    """Dec 2026."""
    return f"{_MONTHS[_spoken()][value.month - 1]} {value.year}"


def weekday(value: date) -> str:
    """Mon, or Mo."""
    return _WEEKDAYS[_spoken()][value.weekday()]


def week_begin(value: date) -> date:
    """The first day of the week of a day, as the language of this request counts weeks."""
    return value - timedelta(days=(value.weekday() - _FIRST_WEEKDAY[_spoken()]) % 7)


def instant(value: datetime, zone: tzinfo) -> str:
    """14 Dec 2026, 09:41, in the reader's time zone."""
    local = value.astimezone(zone)
    return f"{day(local.date())}, {local:%H:%M}"


def moment(value: datetime, now: datetime, zone: tzinfo) -> str:
    """Relative where that is shorter to read: "Today 09:41", "Yesterday 17:20", "19 Nov", "3 Sep 2025"."""
    local, today = value.astimezone(zone), now.astimezone(zone).date()
    if local.date() == today:
        return _("Today") + f" {local:%H:%M}"
    if local.date() == today - timedelta(days=1):
        return _("Yesterday") + f" {local:%H:%M}"
    if local.year == today.year:
        return _day(local)
    return day(local.date())


def within(caption: str) -> str:
    """A caption inside a sentence: "No opportunities yet"; as it is where nouns are written large."""
    return caption if language() in _LARGE_NOUNS else caption.lower()


def continued(sentence: str) -> str:
    """A sentence after a colon: English begins it small."""
    return sentence if language() in _LARGE_NOUNS else sentence[:1].lower() + sentence[1:]


def initials(name: str) -> str:
    """At most two letters that stand for a name."""
    words = [word for word in name.split() if word[0].isalnum()]
    if not words:
        return "?"
    letters = words[0][0] + (words[-1][0] if len(words) > 1 else words[0][1:2])
    return letters.upper()


def palette(name: str) -> int:
    """One of the eight quiet colour pairs for people and companies; the same name always has the same one."""
    return sum(name.encode()) % 8 + 1


def listed(names: list[str]) -> str:
    """A, B and C."""
    if len(names) < 2:
        return "".join(names)
    return _("%(all)s and %(last)s") % {"all": ", ".join(names[:-1]), "last": names[-1]}
