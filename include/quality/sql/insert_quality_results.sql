-- Store whether each hour meets each expectation.
-- Params:  run_id bigint; findings jsonb: an array of objects with the columns below
insert into quality_results (run_id, hour, expectation, severity, passed, observed, at_least, at_most, judged)
select
    %(run_id)s,
    hour,
    expectation,
    severity,
    passed,
    observed,
    at_least,
    at_most,
    judged
from jsonb_to_recordset(%(findings)s) as finding (
    hour timestamp,
    expectation text,
    severity text,
    passed boolean,
    observed double precision,
    at_least double precision,
    at_most double precision,
    judged boolean
);
