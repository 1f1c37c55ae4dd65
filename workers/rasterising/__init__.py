"""workers/rasterising."""
