"""What the live page shows: one bounded look a second, shared by all who watch."""
