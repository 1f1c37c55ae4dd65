"""pipelines/cli/show."""
