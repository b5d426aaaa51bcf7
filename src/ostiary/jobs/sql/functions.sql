-- What runs inside the schema `jobs`, and the door through which tenants reach it: `jobs_door`, all of whose
-- functions run as their owner and decide by the tenant that the session's role stands for.

-- The tenant that calls: by its role, or by its own login. Null for the owner itself. Everybody else is refused.
-- Inside a function that runs as its definer `current_user` is the definer; `role` and `session_user` are not.
create or replace function jobs.caller() returns uuid language plpgsql stable
  set search_path = pg_catalog, pg_temp as $$
declare
  caller_role text := current_setting('role');
  tenant uuid;
begin
  if caller_role = 'none' then
    caller_role := session_user;
  end if;
  if to_regclass('public.tenant') is not null then
    select t.id into tenant from public.tenant t where t.role = caller_role;
  else  -- a further database keeps no directory
    select t.id into tenant from jobs.tenant t where t.role = caller_role;
  end if;
  if tenant is null and caller_role <> current_user then
    raise insufficient_privilege using message = 'background work belongs to tenants';
  end if;
  return tenant;
end $$;

-- Enter a job into the queue. Its place: lanes one after the other; within a lane the tenants take turns, since
-- each waiting job of a tenant stands one place behind the one before, and everybody behind the head, so that
-- the head moves on whoever comes.
create or replace function jobs.put(wanted uuid) returns bigint language plpgsql
  set search_path = jobs, pg_temp as $$
declare
  j jobs.job;
  base integer;
  head integer;
  last integer;
  made bigint;
begin
  select * into strict j from jobs.job where id = wanted;
  base := case j.lane when 'interactive' then 1500000000 when 'default' then 500000000 else -500000000 end;
  select max(priority) into head from jobs.procrastinate_jobs
    where queue_name = j.lane and status = 'todo' and scheduled_at is null;
  select min(priority) into last from jobs.procrastinate_jobs
    where args ->> 'tenant' = j.tenant_id::text and queue_name = j.lane and status = 'todo'
      and scheduled_at is null;
  insert into jobs.procrastinate_jobs (queue_name, task_name, priority, args)
    values (j.lane, 'job', greatest(least(coalesce(head - 1, base), coalesce(last - 1, base)), base - 400000000),
      jsonb_build_object('job', j.id, 'tenant', j.tenant_id))
    returning id into made;
  update jobs.job set queue_id = made, run_at = null where id = wanted;
  return made;
end $$;

-- Whether as many jobs of the tenant wait as may. Counting costs what is counted, so a job for now is counted only
-- when the tenant's last place is that far behind the head of its lane.
create or replace function jobs.is_full(tenant uuid, lane text, run_at timestamptz, most integer) returns boolean
  language plpgsql stable set search_path = jobs, pg_temp as $$
begin
  if coalesce(is_full.run_at <= now(), true) and coalesce((select max(q.priority) from jobs.procrastinate_jobs q
      where q.queue_name = is_full.lane and q.status = 'todo' and q.scheduled_at is null)
    - (select min(q.priority) from jobs.procrastinate_jobs q where q.args ->> 'tenant' = is_full.tenant::text
      and q.queue_name = is_full.lane and q.status = 'todo' and q.scheduled_at is null), 0) < is_full.most - 1 then
    return false;
  end if;
  return (select count(*) from (select from jobs.job j where j.tenant_id = is_full.tenant and j.finished_at is null
    and j.failed_at is null and j.discarded_at is null limit is_full.most) as w) >= is_full.most;
end $$;

-- Accept a job of `tenant`. Returns its id, or that of the one that waits with the same key, and why not.
create or replace function jobs.accept(
  tenant uuid, new_id uuid, task_name text, arguments jsonb, key text, run_at timestamptz, principal uuid,
  request_id uuid, most integer, by_operator boolean
) returns table (id uuid, refused text) language plpgsql set search_path = jobs, pg_temp as $$
#variable_conflict use_column
declare
  t jobs.task;
  found_id uuid;
  earlier timestamptz := accept.run_at;
begin
  select * into t from jobs.task where task.name = accept.task_name;
  if t.name is null or (t.operator and not accept.by_operator) then
    return query select null::uuid, 'unknown_task'; return;
  end if;
  if octet_length(accept.arguments::text) > 2048 or octet_length(accept.key) > 200 then
    return query select null::uuid, 'too_large'; return;
  end if;
  if accept.key is not null then
    -- locked, so that it cannot begin before this transaction's change can be seen
    select job.id into found_id from jobs.job where job.tenant_id = accept.tenant and job.task = t.name
      and job.waiting_key = accept.key for share;
    if found_id is not null then
      return query select found_id, null::text; return;
    end if;
  end if;
  if jobs.is_full(accept.tenant, t.lane, accept.run_at, accept.most) then
    return query select null::uuid, 'too_many'; return;
  end if;
  insert into jobs.job (id, tenant_id, task, lane, principal, request_id, arguments, waiting_key, key, run_at)
    values (accept.new_id, accept.tenant, t.name, t.lane, accept.principal, accept.request_id, accept.arguments,
      accept.key, accept.key, accept.run_at)
    on conflict (tenant_id, task, waiting_key) where waiting_key is not null do nothing
    returning job.id into found_id;
  if found_id is null then  -- somebody else's, committed just now
    select job.id into found_id from jobs.job where job.tenant_id = accept.tenant and job.task = t.name
      and job.waiting_key = accept.key for share;
    if found_id is null then
      return query select null::uuid, 'again'; return;
    end if;
  elsif earlier is null or earlier <= now() then
    perform jobs.put(found_id);
  end if;
  return query select found_id, null::text;
end $$;

create or replace function jobs_door.defer(
  new_id uuid, task_name text, arguments jsonb, key text, run_at timestamptz, principal uuid, request_id uuid,
  tenant uuid default null
) returns table (id uuid, refused text) language plpgsql security definer
  set search_path = pg_catalog, pg_temp as $$
declare
  own uuid := jobs.caller();
begin
  if own is not null and tenant is not null and tenant <> own then
    raise insufficient_privilege using message = 'a job of another tenant';
  end if;
  return query select * from jobs.accept(coalesce(own, tenant), new_id, task_name, arguments, key, run_at,
    principal, request_id, 20000, own is null);
end $$;

-- Begin a run: the number that fences off earlier ones. No row: it ended, or is not this tenant's.
create or replace function jobs_door.begin(job uuid) returns table (
  task text, principal uuid, request_id uuid, arguments jsonb, run_no integer, failures integer, losses integer,
  done bigint, total bigint, cursor jsonb
) language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  own uuid := jobs.caller();
begin
  -- never waiting: whoever holds the row, another run or somebody who means this job, must not hold a worker too
  perform from jobs.job j where j.id = begin.job and (own is null or j.tenant_id = own) for update nowait;
  return query update jobs.job as j
    set run_no = j.run_no + 1, begun_at = now(), waiting_key = null, postponed = null,
      losses = j.losses + case when j.running then 1 else 0 end, running = true
    where j.id = begin.job and (own is null or j.tenant_id = own)
      and j.finished_at is null and j.failed_at is null and j.discarded_at is null
    returning j.task, j.principal, j.request_id, j.arguments, j.run_no, j.failures, j.losses, j.done, j.total,
      j.cursor;
end $$;

-- Hold the job for this transaction. Two runs of one job never work at the same time, and one that was given up
-- never works again. False: this run is not the one, or the job has ended.
create or replace function jobs_door.hold(job uuid, run_no integer) returns boolean language plpgsql
  security definer set search_path = pg_catalog, pg_temp set lock_timeout = '2s' as $$
declare
  own uuid := jobs.caller();
begin
  perform from jobs.job as j where j.id = hold.job and j.run_no = hold.run_no
    and (own is null or j.tenant_id = own)
    and j.finished_at is null and j.failed_at is null and j.discarded_at is null for update;
  return found;
end $$;

create or replace function jobs_door.note(job uuid, run_no integer, done bigint, total bigint, cursor jsonb)
  returns boolean language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  own uuid := jobs.caller();
begin
  if octet_length(note.cursor::text) > 4096 then
    raise program_limit_exceeded using message = 'the cursor of a job holds 4096 bytes';
  end if;
  update jobs.job as j set done = note.done, total = coalesce(note.total, j.total), losses = 0,
      cursor = coalesce(note.cursor, j.cursor)
    where j.id = note.job and j.run_no = note.run_no and (own is null or j.tenant_id = own)
      and j.finished_at is null and j.failed_at is null and j.discarded_at is null;
  return found;
end $$;

create or replace function jobs_door.finish(job uuid, run_no integer) returns boolean language plpgsql
  security definer set search_path = pg_catalog, pg_temp as $$
declare
  own uuid := jobs.caller();
begin
  update jobs.job as j set finished_at = now(), running = false, queue_id = null, error = null, error_code = null
    where j.id = finish.job and j.run_no = finish.run_no and (own is null or j.tenant_id = own)
      and j.finished_at is null and j.failed_at is null and j.discarded_at is null;
  return found;
end $$;

-- A run ended without success. `final`: for the dead letters; otherwise it goes back to wait.
create or replace function jobs_door.fail(
  job uuid, run_no integer, error text, error_code text, counts boolean, final boolean, postponed text
) returns boolean language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  own uuid := jobs.caller();
begin
  update jobs.job as j set running = false, error = left(coalesce(fail.error, j.error), 200),
      error_code = left(coalesce(fail.error_code, j.error_code), 200), postponed = left(fail.postponed, 200),
      failures = j.failures + case when counts then 1 else 0 end,
      failed_at = case when final then now() end,
      queue_id = case when final then null else j.queue_id end
    where j.id = fail.job and j.run_no = fail.run_no and (own is null or j.tenant_id = own)
      and j.finished_at is null and j.failed_at is null and j.discarded_at is null;
  return found;
end $$;

-- One tenant's own jobs, newest first.
create or replace function jobs_door.list(
  wanted uuid, of_task text, of_state text, before uuid, most integer, tenant uuid default null
) returns table (
  id uuid, task text, lane text, state text, principal uuid, arguments jsonb, key text, run_at timestamptz,
  created_at timestamptz, begun_at timestamptz, ended_at timestamptz, failures integer, done bigint, total bigint,
  error text, error_code text, postponed text
) language plpgsql stable security definer set search_path = pg_catalog, pg_temp
  set plan_cache_mode = force_custom_plan as $$  -- each filter is a query of its own
declare
  own uuid := coalesce(jobs.caller(), list.tenant);
begin
  return query select * from (
    select j.id, j.task, j.lane,
      case when j.finished_at is not null then 'done' when j.discarded_at is not null then 'discarded'
        when j.failed_at is not null then 'failed' when q.status = 'doing' then 'running' else 'waiting' end as state,
      j.principal, j.arguments, j.key, coalesce(j.run_at, q.scheduled_at) as run_at, j.created_at, j.begun_at,
      coalesce(j.finished_at, j.failed_at, j.discarded_at) as ended_at, j.failures, j.done, j.total,
      j.error, j.error_code, j.postponed
    from jobs.job j left join jobs.procrastinate_jobs q on q.id = j.queue_id
    where j.tenant_id = own and (list.wanted is null or j.id = list.wanted)
      and (list.of_task is null or j.task = list.of_task) and (list.before is null or j.id < list.before)
      and case when list.of_state is null then true
        when list.of_state = 'failed' then j.failed_at is not null
        when list.of_state in ('waiting', 'running') then
          j.finished_at is null and j.failed_at is null and j.discarded_at is null
        when list.of_state = 'done' then j.finished_at is not null else j.discarded_at is not null end
    order by j.id desc
  ) as found where list.of_state is null or found.state = list.of_state limit least(list.most, 500);
end $$;

-- Whether the caller is a tenant and the task the operator's: who may not ask for it may not decide about it.
create or replace function jobs.is_anothers(task_name text) returns boolean language sql stable
  set search_path = pg_catalog, pg_temp as $$
  select jobs.caller() is not null
    and exists (select from jobs.task t where t.name = is_anothers.task_name and t.operator) $$;

-- Put a failed job back into the queue, with its attempts forgotten.
create or replace function jobs_door.retry(job uuid, tenant uuid default null) returns boolean language plpgsql
  security definer set search_path = pg_catalog, pg_temp as $$
declare
  own uuid := coalesce(jobs.caller(), tenant);
begin
  update jobs.job as j set failed_at = null, failures = 0, losses = 0, running = false
    where j.id = retry.job and j.tenant_id = own and j.failed_at is not null and j.discarded_at is null
      and not jobs.is_anothers(j.task);
  if not found then
    return false;
  end if;
  perform jobs.put(retry.job);
  return true;
end $$;

-- Give a job up that waits or failed; a running one comes to its end.
create or replace function jobs_door.discard(job uuid, tenant uuid default null) returns boolean language plpgsql
  security definer set search_path = pg_catalog, pg_temp as $$
declare
  own uuid := coalesce(jobs.caller(), tenant);
  queued bigint;
begin
  select j.queue_id into queued from jobs.job j where j.id = discard.job and j.tenant_id = own
    and j.finished_at is null and j.discarded_at is null and not jobs.is_anothers(j.task)
    for update skip locked;
  if not found then
    return false;
  end if;
  if queued is not null then
    delete from jobs.procrastinate_jobs q where q.id = queued and q.status = 'todo';
    if not found then
      return false;
    end if;
  end if;
  update jobs.job as j set discarded_at = now(), failed_at = null, waiting_key = null, queue_id = null
    where j.id = discard.job;
  return true;
end $$;

-- An id as the application makes them: time first.
create or replace function jobs.new_id() returns uuid language sql volatile
  set search_path = pg_catalog, pg_temp as $$
  select encode(set_bit(set_bit(overlay(uuid_send(gen_random_uuid()) placing
    substring(int8send(floor(extract(epoch from clock_timestamp()) * 1000)::bigint) from 3) from 1 for 6),
    52, 1), 53, 1), 'hex')::uuid $$;

-- For the one worker that leads: give back what dead workers had. `lost_after_s`: without a heartbeat.
create or replace function jobs.recover(lost_after_s double precision) returns bigint language plpgsql
  set search_path = jobs, pg_temp as $$
declare
  given bigint;
begin
  delete from jobs.procrastinate_workers where last_heartbeat < now() - make_interval(secs => lost_after_s);
  update jobs.procrastinate_jobs set status = 'todo', attempts = attempts + 1, scheduled_at = null
    where status = 'doing' and worker_id is null;
  get diagnostics given = row_count;
  return given;
end $$;

-- The same for what is left over when the end of an attempt could not be told: a job that ended, or waits, while
-- its place in the queue says that it runs, and one that is open and has no place at all.
create or replace function jobs.mend(after_s double precision) returns bigint language plpgsql
  set search_path = jobs, pg_temp as $$
declare
  old timestamptz := now() - make_interval(secs => after_s);
  given bigint;
  open_job uuid;
begin
  update jobs.procrastinate_jobs q set status = 'todo', attempts = q.attempts + 1, scheduled_at = null,
      worker_id = null
    where q.status = 'doing' and not exists (select from jobs.job j where j.queue_id = q.id and j.running)
      and not exists (select from jobs.procrastinate_events e where e.job_id = q.id and e.at > old);
  get diagnostics given = row_count;
  for open_job in select j.id from jobs.job j where j.finished_at is null and j.failed_at is null
      and j.discarded_at is null and j.created_at < old and coalesce(j.begun_at < old, true)
      and (j.queue_id is not null or j.run_at is null)
      and not exists (select from jobs.procrastinate_jobs q where q.id = j.queue_id) for update skip locked loop
    perform jobs.put(open_job);
    given := given + 1;
  end loop;
  return given;
end $$;

-- Jobs whose time has come take their place in the queue.
create or replace function jobs.promote(most integer) returns bigint language plpgsql
  set search_path = jobs, pg_temp as $$
declare
  due uuid;
  moved bigint := 0;
begin
  for due in select j.id from jobs.job j where j.queue_id is null and j.run_at <= now() and j.finished_at is null
      and j.failed_at is null and j.discarded_at is null order by j.run_at limit most for update skip locked loop
    perform jobs.put(due);
    moved := moved + 1;
  end loop;
  return moved;
end $$;

-- What the leader could not ask for is a dead letter at once: somebody sees it, and can try it again when the
-- database has heard of the task. One of a key is enough. Whether one was made.
create or replace function jobs.bury(
  tenant uuid, task_name text, arguments jsonb, key text, principal uuid, request_id uuid, code text
) returns boolean language plpgsql set search_path = jobs, pg_temp as $$
begin
  if bury.key is not null and exists (select from jobs.job j where j.tenant_id = bury.tenant
      and j.task = bury.task_name and j.key = bury.key and j.failed_at is not null) then
    return false;
  end if;
  insert into jobs.job (id, tenant_id, task, lane, principal, request_id, arguments, key, failed_at, error, error_code)
    values (jobs.new_id(), bury.tenant, bury.task_name,
      coalesce((select t.lane from jobs.task t where t.name = bury.task_name), 'default'), bury.principal,
      bury.request_id, case when octet_length(bury.arguments::text) > 2048 then '{}' else bury.arguments end,
      bury.key, now(), 'Refused', 'jobs.' || bury.code);
  return true;
end $$;

-- The tick of a periodic task, once for each tenant however many workers call; the first one only sets the clock.
-- Returns how many could be asked for; the others are dead letters.
create or replace function jobs.tick(task_name text, moment timestamptz, tenants uuid[]) returns bigint
  language plpgsql set search_path = jobs, pg_temp as $$
declare
  due uuid;
  why text;
  made bigint := 0;
begin
  for due in
    with moved as (
      insert into jobs.tick (task, tenant_id, at) select task_name, t, moment from unnest(tenants) as t
      on conflict (task, tenant_id) do update set at = excluded.at where tick.at < excluded.at
      returning tenant_id, xmax <> 0 as again)
    select tenant_id from moved where again loop
    select a.refused into why
      from jobs.accept(due, jobs.new_id(), task_name, '{}', 'tick', null, null, null, 2147483647, true) as a;
    if why in ('unknown_task', 'too_large') then
      perform jobs.bury(due, task_name, '{}', 'tick', null, null, why);
    else
      made := made + 1;
    end if;
  end loop;
  return made;
end $$;

-- One event becomes a job of each subscriber: {"task": name, "topic": type, "arguments": [names]}.
-- Returns how many could not be asked for: those are dead letters.
create or replace function jobs.relay(tenant uuid, topic text, body jsonb, subscribers jsonb) returns bigint
  language plpgsql set search_path = jobs, pg_temp as $$
declare
  subscriber jsonb;
  given jsonb;
  why text;
  news jsonb := relay.body || jsonb_build_object('topic', relay.topic);
  actor uuid := (relay.body ->> 'actor')::uuid;
  request uuid := (relay.body ->> 'request')::uuid;
  buried bigint := 0;
begin
  for subscriber in select s from jsonb_array_elements(relay.subscribers) as s where s ->> 'topic' = relay.topic loop
    given := (select coalesce(jsonb_object_agg(n, coalesce(news -> n, 'null')), '{}')
      from jsonb_array_elements_text(subscriber -> 'arguments') as n);
    select a.refused into why from jobs.accept(relay.tenant, jobs.new_id(), subscriber ->> 'task', given,
      null, null, actor, request, 2147483647, true) as a;
    if why is not null then
      perform jobs.bury(relay.tenant, subscriber ->> 'task', given, null, actor, request, why);
      buried := buried + 1;
    end if;
  end loop;
  return buried;
end $$;

-- Remove what ended long ago, and all of tenants that are gone.
create or replace function jobs.sweep(tenants uuid[], kept_days integer) returns bigint language plpgsql
  set search_path = jobs, pg_temp as $$
declare
  removed bigint;
begin
  -- an hour old, so that a tenant which was made since the list was read loses nothing
  with gone as (delete from jobs.job where not tenant_id = any(tenants)
    and created_at < now() - interval '1 hour' returning queue_id)
  delete from jobs.procrastinate_jobs where id in (select queue_id from gone);
  delete from jobs.tick where not tenant_id = any(tenants) and at < now() - interval '1 hour';
  delete from jobs.job where id in (select id from jobs.job
    where (finished_at is not null or discarded_at is not null)
      and coalesce(finished_at, discarded_at) < now() - make_interval(days => kept_days) limit 10000);
  get diagnostics removed = row_count;
  return removed;
end $$;

-- How busy the queue is, in numbers without tenants: for the operator and for the app's login by itself.
create or replace function jobs_door.figures() returns table (lane text, waiting bigint, due bigint, running bigint,
  oldest_s double precision, failed bigint, workers bigint)
  language plpgsql stable security definer set search_path = pg_catalog, pg_temp as $$
begin
  if current_setting('role') <> 'none' or session_user not in (current_user, 'ostiary_app') then
    raise insufficient_privilege using message = 'figures are for the operator';
  end if;
  return query select l.lane,
    (select count(*) from jobs.job j where j.lane = l.lane and j.finished_at is null and j.failed_at is null
      and j.discarded_at is null) - coalesce(q.doing, 0), coalesce(q.due, 0), coalesce(q.doing, 0),
    coalesce(q.oldest, 0), (select count(*) from jobs.job j where j.lane = l.lane and j.failed_at is not null),
    (select count(*) from jobs.procrastinate_workers w where w.last_heartbeat > now() - interval '10 seconds')
  from (values ('interactive'), ('default'), ('bulk')) as l (lane) left join (
    select q.queue_name, count(*) filter (where q.status = 'doing') as doing,
      count(*) filter (where q.status = 'todo' and coalesce(q.scheduled_at <= now(), true)) as due,
      extract(epoch from now() - min(coalesce(q.scheduled_at, e.at)) filter (where q.status = 'todo'
        and coalesce(q.scheduled_at <= now(), true)))::double precision as oldest
    from jobs.procrastinate_jobs q
      left join jobs.procrastinate_events e on e.job_id = q.id and e.type = 'deferred'
    group by q.queue_name) as q on q.queue_name = l.lane
  order by array_position(array['interactive', 'default', 'bulk'], l.lane);
end $$;

-- Nothing of `jobs` is anybody's but the owner's; of `jobs_door` everybody may call the functions, which refuse
-- whoever is no tenant. Functions of the queue name no schema, so theirs is fixed here.
do $fixed$
declare
  f regprocedure;
begin
  for f in select p.oid::regprocedure from pg_proc p join pg_namespace n on n.oid = p.pronamespace
    where n.nspname = 'jobs' and p.proname like 'procrastinate%' loop
    execute format('alter function %s set search_path = jobs, pg_temp', f);
  end loop;
end $fixed$;
revoke all on schema jobs from public;
revoke all on all tables in schema jobs from public;
revoke all on all sequences in schema jobs from public;
revoke all on all functions in schema jobs from public;
grant usage on schema jobs_door to public;
grant execute on all functions in schema jobs_door to public;
