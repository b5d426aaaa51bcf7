"""Dashboards came later: their operation goes where those of a new tenant go, to the System administrators."""

from django.db import migrations

GRANT = """
INSERT INTO access_operation_row (id, operation, unit_id, allowed, position)
SELECT gen_random_uuid(), 'CanManageAnalytics', u.id, true, 1
FROM identity_unit u
WHERE u.code = 'system_administrators'
  AND NOT EXISTS (SELECT 1 FROM access_operation_row r WHERE r.operation = 'CanManageAnalytics')
"""
VOID = "UPDATE identity_epoch SET epoch = nextval('identity_epoch_seq') WHERE true"


class Migration(migrations.Migration):
    dependencies = [("access", "0003_scopes_and_denies")]

    operations = [migrations.RunSQL([GRANT, VOID], migrations.RunSQL.noop)]
