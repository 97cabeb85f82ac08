"""Kafka as the product sees it: the topic, its identity and its offsets."""
