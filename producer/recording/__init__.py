"""What a recording may be: a table of readings in CSV or Parquet, as devices and apps export them."""
