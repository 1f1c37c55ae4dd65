"""The studies: how well an engine reads, and how far pages can be compressed.

Owns true texts, normalisation, the measures of errors, and the reports and plots. Does not read
pages: `pipelines.evaluation` runs an engine over them.

Start reading in `pages`, then `metrics` and `results`.
"""
