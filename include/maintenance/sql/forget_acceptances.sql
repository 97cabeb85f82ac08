-- Forget what a person accepted of the hours before those that are kept, where their readings are gone too.
-- Params:  before timestamp (UTC), the first instant that stays
-- Returns: how many acceptances that were
select forget_acceptances(%(before)s);
