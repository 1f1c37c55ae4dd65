"""workers/shards."""
