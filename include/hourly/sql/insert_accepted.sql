-- Store which failure of an hour a person accepts, and why. A failure of the whole hour is accepted of the readings
-- that the stream has counted by now.
-- Params:  hour timestamp; rule, failure, accepted_by, reason text; customer_id uuid: null for the whole hour; observed
--          double precision
insert into accepted_failures (
    hour, rule, customer_id, observed, failure, accepted_by, reason, ledger_readings
)
select
    accepted.*,
    case
        when accepted.customer_id is null
            then (
                select coalesce(sum(touched_hours.readings), 0)
                from touched_hours
                where touched_hours.hour = accepted.hour
            )
    end as ledger_readings
from (
    values (
        %(hour)s::timestamp,
        %(rule)s,
        %(customer_id)s::uuid,
        %(observed)s::double precision,
        %(failure)s,
        %(accepted_by)s,
        %(reason)s
    )
) as accepted (hour, rule, customer_id, observed, failure, accepted_by, reason);
