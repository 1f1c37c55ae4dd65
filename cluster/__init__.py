"""The Ray runtime around the job graph. Knows nothing of pages, engines or files."""
