"""The audit tables. Events are partitioned by month, so that the end of their retention drops whole tables."""

import django.db.models.functions.datetime
from django.db import migrations, models

EVENT_TABLE = """
CREATE TABLE audit_event (
  id uuid NOT NULL,
  occurred_at timestamptz NOT NULL,
  log_id integer NOT NULL DEFAULT 1,
  tenant_id uuid NOT NULL,
  type text NOT NULL,
  outcome text NOT NULL,
  actor_kind text NOT NULL,
  actor_ref uuid,
  object_type text,
  object_ref uuid,
  request_id uuid NOT NULL,
  leaf bytea NOT NULL,
  PRIMARY KEY (id, occurred_at)
) PARTITION BY RANGE (occurred_at);
CREATE TABLE audit_event_default PARTITION OF audit_event DEFAULT
"""

# A few months ahead, not years: each partition costs four catalogue entries in each tenant, and an installation
# has many. What no month was made for lands in the default partition; upgrades call this function again.
EXTEND_PARTITIONS = """
CREATE FUNCTION audit_extend_partitions(home text, months integer) RETURNS integer LANGUAGE plpgsql AS $$
DECLARE
  first timestamp := date_trunc('month', now() AT TIME ZONE 'UTC');
  lower_at timestamp;
  name text;
  made integer := 0;
BEGIN
  FOR i IN 0..months - 1 LOOP
    lower_at := first + make_interval(months => i);
    name := 'audit_event_' || to_char(lower_at, 'YYYY_MM');
    IF to_regclass(format('%I.%I', home, name)) IS NULL THEN
      EXECUTE format(
        'CREATE TABLE %I.%I PARTITION OF %I.audit_event FOR VALUES FROM (%L) TO (%L)',
        home, name, home, lower_at::text || '+00', (lower_at + interval '1 month')::text || '+00');
      made := made + 1;
    END IF;
  END LOOP;
  RETURN made;
END $$;
REVOKE ALL ON FUNCTION audit_extend_partitions(text, integer) FROM PUBLIC
"""

# Ciphertext does not compress. The queue is emptied as fast as it fills, so it is vacuumed by count alone.
STORAGE = """
ALTER TABLE audit_payload ALTER COLUMN blob SET STORAGE EXTERNAL, ALTER COLUMN salt_blob SET STORAGE EXTERNAL;
ALTER TABLE audit_queue SET (autovacuum_vacuum_threshold = 5000, autovacuum_vacuum_scale_factor = 0,
  autovacuum_vacuum_cost_delay = 0)
"""


class Migration(migrations.Migration):
    initial = True

    dependencies = []

    operations = [
        migrations.SeparateDatabaseAndState(
            database_operations=[migrations.RunSQL(EVENT_TABLE, "DROP TABLE audit_event")],
            state_operations=[
                migrations.CreateModel(
                    name="Event",
                    fields=[
                        (
                            "pk",
                            models.CompositePrimaryKey(
                                "id",
                                "occurred_at",
                                blank=True,
                                editable=False,
                                primary_key=True,
                                serialize=False,
                            ),
                        ),
                        ("id", models.UUIDField()),
                        ("occurred_at", models.DateTimeField()),
                        ("log_id", models.IntegerField(db_default=1)),
                        ("tenant_id", models.UUIDField()),
                        ("type", models.TextField()),
                        ("outcome", models.TextField()),
                        ("actor_kind", models.TextField()),
                        ("actor_ref", models.UUIDField(null=True)),
                        ("object_type", models.TextField(null=True)),
                        ("object_ref", models.UUIDField(null=True)),
                        ("request_id", models.UUIDField()),
                        ("leaf", models.BinaryField()),
                    ],
                ),
            ],
        ),
        migrations.RunSQL(EXTEND_PARTITIONS, "DROP FUNCTION audit_extend_partitions(text, integer)"),
        migrations.RunSQL("SELECT audit_extend_partitions(current_schema(), 6)", migrations.RunSQL.noop),
        migrations.CreateModel(
            name="Outbox",
            fields=[
                ("id", models.UUIDField(primary_key=True, serialize=False)),
                ("topic", models.TextField()),
                ("body", models.JSONField()),
                ("created_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
            ],
        ),
        migrations.CreateModel(
            name="Queue",
            fields=[
                ("event_id", models.UUIDField(primary_key=True, serialize=False)),
                ("log_id", models.IntegerField(db_default=1)),
                ("leaf_hash", models.BinaryField()),
            ],
        ),
        migrations.CreateModel(
            name="Ref",
            fields=[
                ("ref", models.UUIDField(primary_key=True, serialize=False)),
                ("kind", models.TextField()),
                ("target", models.UUIDField()),
            ],
            options={
                "indexes": [models.Index(fields=["target", "ref"], name="audit_ref_target_idx")],
            },
        ),
        migrations.CreateModel(
            name="EventIndex",
            fields=[
                ("event_id", models.UUIDField(primary_key=True, serialize=False)),
                ("occurred_at", models.DateTimeField()),
                ("type", models.TextField()),
                ("outcome", models.TextField()),
                ("actor", models.UUIDField(null=True)),
                ("object_type", models.TextField(null=True)),
                ("object_ref", models.UUIDField(null=True)),
                ("channel", models.TextField()),
            ],
            options={
                "db_table": "audit_index",
                "indexes": [
                    models.Index(
                        condition=models.Q(("object_ref__isnull", False)),
                        fields=["object_ref", "event_id"],
                        name="audit_index_object_idx",
                    ),
                    models.Index(fields=["actor", "event_id"], name="audit_index_actor_idx"),
                ],
            },
        ),
        migrations.CreateModel(
            name="Payload",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "event_id", "part_no", blank=True, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("event_id", models.UUIDField()),
                ("part_no", models.SmallIntegerField()),
                ("kind", models.TextField()),
                ("data_subject_ref", models.UUIDField(null=True)),
                ("dek_id", models.UUIDField()),
                ("blob", models.BinaryField()),
                ("salt_blob", models.BinaryField()),
            ],
            options={
                "indexes": [
                    models.Index(
                        condition=models.Q(("data_subject_ref__isnull", False)),
                        fields=["data_subject_ref"],
                        name="audit_payload_subject_idx",
                    )
                ],
            },
        ),
        migrations.RunSQL(STORAGE, migrations.RunSQL.noop),
    ]
