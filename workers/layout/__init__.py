"""workers/layout."""
