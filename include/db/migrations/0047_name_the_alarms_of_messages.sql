-- What waits for a channel that is gone is handed on if nobody else was told of the alarm. Of which alarms a message
-- tells is not to be read from what it says: of many that names the first ones.
alter table messages add column alarm_ids bigint[] not null default '{}';

comment on column messages.alarm_ids is
'The alarms that it tells of, without a foreign key: it stays when they go; none for a notice';

update messages
set
    alarm_ids = array(
        select (named ->> 'alarm')::bigint
        from jsonb_array_elements(jsonb_build_array(body) || coalesce(body -> 'first', '[]')) as names (named)
        where named ? 'alarm'
    )
where sent_at is null;
