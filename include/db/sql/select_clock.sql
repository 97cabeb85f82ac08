-- The database's own time, which all windows of one look are counted from.
-- Returns: now (UTC)
select timezone('utc', clock_timestamp()) as now;
