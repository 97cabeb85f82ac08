-- Let one settling of hours at a time through; held until unlock_hourly or the end of the session.
-- Returns: whether this one may
select pg_try_advisory_lock(hashtext('heartbeat-hourly')) as is_locked;
