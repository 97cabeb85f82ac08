-- Note which hours got how many readings.
-- Params:  hours timestamp[], readings bigint[], of one length
insert into touched_hours (hour, readings)
select * from unnest(%(hours)s::timestamp[], %(readings)s::bigint[]);
