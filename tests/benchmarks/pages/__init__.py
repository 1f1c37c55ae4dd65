"""The page benchmark: checks of single facts on hard pages. See `tests.benchmarks.pages.__main__`.

    sources ─► readers ─► checks ─► results

`sources` turns what the YAML files name into PDFs on disk, `readers` reads them with each system,
`checks` judges one page's text (its tables by `tables`), `results` counts. The pages that we set
ourselves are in `typeset` and the `typeset_*` modules.
"""
