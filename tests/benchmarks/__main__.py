"""All benchmarks that need no files from elsewhere, one after the other: `make bench`."""

import runpy
import sys

NAMES = (
    *("rasterising", "ocr_engine", "kept_caches", "deduplication", "whole_run", "endpoint"),
    *("typesetting", "exactness", "degrading", "generators_charts", "generators_figures"),
    "decontamination",
    "personal",
    "poisoning",
)

if __name__ == "__main__":
    for name in NAMES:
        print(f"== {name}", flush=True)
        sys.argv = [name]
        runpy.run_module(f"tests.benchmarks.{name}", run_name="__main__")
    print(
        "== pages needs a folder for Debian packages: python -m tests.benchmarks.pages --cache DIR"
    )
    print("== page_cost needs a folder of PDFs: python -m tests.benchmarks.page_cost FOLDER")
