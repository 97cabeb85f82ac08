"""Pure functions over Arrow: schema, validation, risk. No clock, no I/O, no logging."""
