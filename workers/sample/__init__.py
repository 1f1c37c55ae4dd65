"""workers/sample."""
