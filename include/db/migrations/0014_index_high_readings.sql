-- Since when a customer is at High is found by steps along that customer's High readings. These are few, so the index
-- costs the stream next to nothing; one over all readings would halve the speed of a COPY (docs/decisions/0005).
create index heartbeats_high_by_customer on heartbeats (customer_id, event_time) where risk_level = 'High';
