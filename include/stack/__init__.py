"""The embedded stack: PostgreSQL and Kafka as real background servers, without Docker and without root."""
