"""Kafka in its own bytes, where a batch has to be looked into without being unpacked."""
