"""The studies: how well an engine reads, and how far pages can be compressed.

Owns: true texts, normalisation, the measures of errors, and the reports and plots. Does not: spread
the work over processes; `pipelines.evaluation` does.

    agreement = compare(plain("the **cat** sat"), plain("the bat sat"))    # metrics, normalise
    agreement.cer, agreement.wer                                           # 1 of 11, 1 of 3

Start reading in `results`, whose three steps are a study, then in `metrics`.
"""
