"""workers/reading."""
