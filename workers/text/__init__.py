"""workers/text."""
