-- Store whether an hour meets an expectation.
-- Params:  one for each column of the same name
insert into quality_results (run_id, hour, expectation, severity, passed, observed, at_least, at_most)
values (
    %(run_id)s, %(hour)s, %(expectation)s, %(severity)s, %(passed)s, %(observed)s, %(at_least)s, %(at_most)s
);
