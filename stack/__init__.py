"""The embedded stack: PostgreSQL, Kafka and Airflow as real background servers, without Docker and without root."""
