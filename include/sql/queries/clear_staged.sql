-- Make room for the next batch of the same transaction.
truncate staged_readings;
