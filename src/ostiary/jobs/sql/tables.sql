-- The record of every job, beside the queue of procrastinate. Tenants reach none of it: they have no USAGE here.
-- Runs after procrastinate's own schema, with `jobs` as search path; safe to repeat.

create table if not exists jobs.task (
  name text primary key,
  lane text not null,
  operator boolean not null          -- only the operator's processes may ask for it
);

create table if not exists jobs.tenant (  -- copied from the directory, for databases that have none
  role text primary key,
  id uuid not null
);

create table if not exists jobs.job (
  id uuid primary key,
  tenant_id uuid not null,
  queue_id bigint unique,            -- its row in the queue; null: it waits for `run_at`, or has ended
  task text not null,
  lane text not null,
  principal uuid,
  request_id uuid,
  arguments jsonb not null,
  waiting_key text,                  -- until it begins, no second job of this key
  key text,
  run_at timestamptz,
  created_at timestamptz not null default now(),
  begun_at timestamptz,
  run_no integer not null default 0, -- which run may write: the fence against one that was given up
  failures integer not null default 0,
  losses integer not null default 0, -- runs whose worker died, since the last progress
  running boolean not null default false,
  done bigint not null default 0,
  total bigint,
  cursor jsonb not null default '{}',
  finished_at timestamptz,
  failed_at timestamptz,
  discarded_at timestamptz,
  error text,                        -- class of the last failure, never its message
  error_code text,
  postponed text                     -- why it waits although it is due
);
create unique index if not exists job_waiting_key_idx on jobs.job (tenant_id, task, waiting_key)
  where waiting_key is not null;
create index if not exists job_tenant_idx on jobs.job (tenant_id, id desc);
create index if not exists job_open_idx on jobs.job (tenant_id)
  where finished_at is null and failed_at is null and discarded_at is null;
create index if not exists job_failed_idx on jobs.job (tenant_id, id desc) where failed_at is not null;
create index if not exists job_due_idx on jobs.job (run_at)
  where queue_id is null and finished_at is null and failed_at is null and discarded_at is null;
create index if not exists job_ended_idx on jobs.job (coalesce(finished_at, discarded_at))
  where finished_at is not null or discarded_at is not null;

create table if not exists jobs.tick (
  task text not null,
  tenant_id uuid not null,
  at timestamptz not null,
  primary key (task, tenant_id)
);

-- for the order among tenants: the first place of a lane, and the last place of a tenant in it
create index if not exists procrastinate_jobs_lane_idx on jobs.procrastinate_jobs (queue_name, priority)
  where status = 'todo' and scheduled_at is null;
create index if not exists procrastinate_jobs_tenant_idx
  on jobs.procrastinate_jobs ((args ->> 'tenant'), queue_name, priority)
  where status = 'todo' and scheduled_at is null;
