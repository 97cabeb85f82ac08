-- The state of an hour says who has accepted it. All else of the view stays as it is, as a part of the new one.
alter view hour_status rename to hour_states;

create view hour_status as
select
    hour_states.*,
    (
        select acceptances_in_force.accepted_by
        from acceptances_in_force
        where acceptances_in_force.hour = hour_states.hour
        order by acceptances_in_force.id desc
        limit 1
    ) as accepted_by,
    (
        select acceptances_in_force.accepted_at
        from acceptances_in_force
        where acceptances_in_force.hour = hour_states.hour
        order by acceptances_in_force.id desc
        limit 1
    ) as accepted_at,
    (
        select acceptances_in_force.reason
        from acceptances_in_force
        where acceptances_in_force.hour = hour_states.hour
        order by acceptances_in_force.id desc
        limit 1
    ) as accepted_reason
from hour_states;

comment on view hour_status is
'open: has readings, never settled; published: the hourly tables are up to date; reopened: late readings, records that '
'were sent again or a person''s word are not in them yet; withheld: a critical check failed, see reason, nothing is '
'published. accepted_by: the last person who accepted something of the hour that is still accepted';
comment on view hour_states is 'hour_status without the persons';

revoke all on hour_states from heartbeat_hourly, heartbeat_reader;
grant select on hour_status to heartbeat_hourly, heartbeat_reader;
