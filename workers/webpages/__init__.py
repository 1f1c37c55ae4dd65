"""workers/webpages."""
