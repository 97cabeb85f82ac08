"""Kafka-python's clients, so that what they begin and cannot finish leaves nothing behind."""
