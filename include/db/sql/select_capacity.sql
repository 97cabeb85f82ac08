-- How many sessions the server lets in, and how many of these it keeps for some.
-- Returns: most, for_superusers, reserved
select
    current_setting('max_connections')::int as most,
    current_setting('superuser_reserved_connections')::int as for_superusers,
    coalesce(current_setting('reserved_connections', true)::int, 0) as reserved;
