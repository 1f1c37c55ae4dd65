"""DeepSeek-OCR's first version on transformers: the published files, read by transformers' classes.

`model` loads the weights, `processor` makes the inputs.
"""
