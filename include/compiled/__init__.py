"""The way of a record as machine code, made at set-up; the general path is what it is held against."""
