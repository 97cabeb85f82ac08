-- Drop the key that streams before version 0.10.0 stored by, after a take-over; see migration 0050.
-- Returns: is_gone
select drop_former_key() as is_gone;
