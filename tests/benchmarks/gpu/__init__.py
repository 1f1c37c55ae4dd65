"""What this project does on one GPU, measured by one script: `python -m tests.benchmarks.gpu`.

`__main__` runs the parts in order. `device` measures what the device can do at all, `floors` tells
what a page must cost at least, `networks` makes the models, and `models`, `ppocr` and `whole_pass`
are the parts.
"""
