-- Store which failure of an hour a person accepts, and why.
-- Params:  one for each column of the same name
insert into accepted_failures (hour, rule, customer_id, observed, failure, accepted_by, reason)
values (
    %(hour)s, %(rule)s, %(customer_id)s, %(observed)s, %(failure)s, %(accepted_by)s, %(reason)s
);
