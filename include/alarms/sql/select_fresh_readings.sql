-- Readings that the stream has stored lately, the earlier ones first, up to about `most` of them.
-- Params:  floor bigint: no row up to this is wanted; taken bigint[]: nor these; most int; rows int
-- Returns: id, packed
select
    id,
    packed
from (
    select
        id,
        packed,
        sum(readings) over (order by id) - readings as readings_before
    from (
        select
            id,
            readings,
            packed
        from fresh_readings
        where id > %(floor)s and id <> all(%(taken)s)
        order by id
        limit %(rows)s
    ) as next_rows
) as counted
where readings_before < %(most)s
order by id;
