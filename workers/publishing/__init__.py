"""workers/publishing."""
