"""pipelines/dataset."""
