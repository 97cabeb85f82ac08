"""The seeded simulator of wearable heart rate monitors, and the replay of recordings, both into Kafka."""
