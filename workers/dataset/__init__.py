"""workers/dataset."""
