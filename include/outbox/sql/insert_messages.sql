-- Store messages, and whom they tell of which alarms.
-- Params:  messages jsonb: array of {key, channel, body, alarm_ids}
with given as materialized (
    select
        (entry ->> 'key')::uuid as key,
        (entry ->> 'channel')::int as channel,
        entry -> 'body' as body,
        array(select jsonb_array_elements_text(entry -> 'alarm_ids')::bigint) as alarm_ids,
        place
    from jsonb_array_elements(%(messages)s) with ordinality as entries (entry, place)
),

stored as (
    insert into messages (key, channel, body, alarm_ids)
    select
        key,
        channel,
        body,
        alarm_ids
    from given
    order by place
)

insert into alarm_told (alarm_id, channel)
select
    alarm_id,
    channel
from given
cross join unnest(alarm_ids) as told (alarm_id);
