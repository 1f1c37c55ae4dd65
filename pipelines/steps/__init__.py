"""pipelines/steps."""
