"""pipelines/version."""
