begin;
-- One process at a time; as the owner, to whom everything here belongs; procrastinate's scripts name no schema.
set local role ostiary_owner;
select pg_advisory_xact_lock(60210001);
set local client_min_messages = warning;
create schema if not exists jobs;
create schema if not exists jobs_door;
set local search_path = jobs, pg_temp;
do $install$
begin
-- BODY
end $install$;
commit;
