"""workers/sources."""
