"""pipelines/planning."""
