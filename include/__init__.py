"""The library: all logic that knows neither Airflow nor Spark."""
