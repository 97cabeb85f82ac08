-- Who was held back in an hour, and what a person accepted of it, go with the hour. Nobody can delete a person's word
-- as long as the hour's readings are kept.
create function forget_acceptances(before timestamp) returns bigint
language sql
security definer
set search_path = public, pg_temp
as $$
    with gone as (
        delete from accepted_failures
        where
            hour < least(before, (select first_day from kept_range()))
            and to_regclass('heartbeats_' || to_char(hour, 'YYYYMMDD')) is null
        returning hour
    )

    select count(*) from gone;
$$;

revoke execute on function forget_acceptances(timestamp) from public;
grant execute on function forget_acceptances(timestamp) to heartbeat_hourly;

-- From now on the webhook is told, once, in which hours customers are held back. What has been on the page for so long
-- is no news any more: it is noted as told.
insert into notices (subject, is_failing, message, sent_at)
select distinct
    'customers of ' || to_char(hour, 'YYYY-MM-DD"T"HH24":00Z"') as subject,
    true as is_failing,
    'customers are held back' as message,
    timezone('utc', now()) as sent_at
from held_back_customers;
