"""From validated records to rows: encoding, the one transaction of a partition, lease and offsets."""
