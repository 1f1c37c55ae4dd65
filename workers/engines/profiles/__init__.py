"""workers/engines/profiles."""
