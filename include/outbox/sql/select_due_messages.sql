-- Messages that are to be sent now, each channel's in order. One that has just failed holds back those behind it, so
-- that they do not overtake it; one that has failed often does not.
-- Params:  channels int[]: those that there are; patient_tries int: after so many it holds nobody back; most int
-- Returns: id, key, channel, body, tries
select
    due.id,
    due.key,
    due.channel,
    due.body,
    due.tries
from unnest(%(channels)s::int[]) as asked (channel)
cross join lateral (
    select
        messages.id,
        messages.key,
        messages.channel,
        messages.body,
        messages.tries
    from messages
    where
        messages.sent_at is null
        and messages.given_up_at is null
        and messages.channel = asked.channel
        and messages.next_try_at <= timezone('utc', clock_timestamp())
        and not exists (
            select from messages as earlier
            where
                earlier.sent_at is null
                and earlier.given_up_at is null
                and earlier.channel = messages.channel
                and earlier.id < messages.id
                and earlier.next_try_at > timezone('utc', clock_timestamp())
                and earlier.tries < %(patient_tries)s
        )
    order by messages.id
    limit %(most)s
) as due
order by due.channel, due.id;
