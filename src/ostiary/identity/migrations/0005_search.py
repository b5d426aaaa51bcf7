"""Indexes by which people and roles are listed in order of name and found by words.

The expressions are those of `identity._directory`; a test compares them with what the planner uses.
"""

from django.db import migrations

FOLDED = "regexp_replace(normalize(lower({}), NFKD), '[\\u0300-\\u036F]+', '', 'g')"
WORDS = (
    "array_to_tsvector(array_remove(string_to_array(translate(lower({}), '.@,;:-_/+()&''\"', '"
    + " " * 14
    + "'), ' '), ''))"
)
NAME = FOLDED.format("name")
LOGIN = FOLDED.format("login || ' ' || email")
FORWARD = [
    f'CREATE INDEX IF NOT EXISTS identity_unit_list_idx ON identity_unit (kind, external, active, ({NAME} collate "C"), id)',
    f"CREATE INDEX IF NOT EXISTS identity_unit_words_idx ON identity_unit USING gin ({WORDS.format(NAME)})",
    f"CREATE INDEX IF NOT EXISTS identity_person_words_idx ON identity_person USING gin ({WORDS.format(LOGIN)})",
]
BACK = [
    "DROP INDEX IF EXISTS identity_unit_list_idx",
    "DROP INDEX IF EXISTS identity_unit_words_idx",
    "DROP INDEX IF EXISTS identity_person_words_idx",
]


class Migration(migrations.Migration):
    dependencies = [("identity", "0003_standing_in")]

    operations = [migrations.RunSQL(FORWARD, BACK)]
