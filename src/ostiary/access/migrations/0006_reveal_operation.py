"""Revealing what is masked goes where the operations of a new tenant go: to the administrators."""

from django.db import migrations

NEW = ("CanRevealMasked",)
GRANT = """
INSERT INTO access_operation_row (id, operation, unit_id, allowed, position)
SELECT gen_random_uuid(), o.code, u.id, true, 1
FROM identity_unit u CROSS JOIN unnest(%s::text[]) AS o(code)
WHERE u.code = 'system_administrators'
  AND NOT EXISTS (SELECT 1 FROM access_operation_row r WHERE r.operation = o.code)
"""
VOID = "UPDATE identity_epoch SET epoch = nextval('identity_epoch_seq') WHERE %s"


class Migration(migrations.Migration):
    dependencies = [("access", "0005_list_views_operation")]

    operations = [
        migrations.RunSQL([(GRANT, [list(NEW)]), (VOID, [True])], migrations.RunSQL.noop),
    ]
