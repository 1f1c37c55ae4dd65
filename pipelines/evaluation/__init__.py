"""pipelines/evaluation."""
