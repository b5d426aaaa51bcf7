"""What a person's day is made of: work that waits for them, and what they may earn.

Objects and columns by their codes; whoever may not read one of them has a day without it.
"""

from dataclasses import dataclass

FINAL = "is_final"  # the flag of a stage that ends the work


@dataclass(frozen=True, slots=True)
class Agenda:
    """Open records of which somebody is the owner. due: when each must be done.

    done: the flag of the stage that means it was; "": that is not said with one click. fill: a lookup that
    must be filled in for that, and whose first value fits.
    """

    object: str
    due: str
    done: str = ""
    fill: str = ""


@dataclass(frozen=True, slots=True)
class Pipeline:
    """Open records by stage. amount: what of each is added up."""

    object: str
    amount: str


TASKS = Agenda("activity", "due_at", done="is_done", fill="result")
TERMS = Agenda("case", "resolve_by")
PIPELINE = Pipeline("opportunity", "amount")
