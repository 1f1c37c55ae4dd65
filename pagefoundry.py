"""What a program imports that reads a dataset of PageFoundry.

    import pagefoundry

    pages = pagefoundry.open("s3://lake/manuals")
    row = next(iter(pages.select("image", "text")))

It needs pyarrow and deltalake; torch is loaded by `rows.torch()` and `rows.loader()` alone.
"""

from schemas.errors import DatasetError, PageFoundryError
from workers.loading import Rows
from workers.loading import open_rows as open

__all__ = ["DatasetError", "PageFoundryError", "Rows", "open"]
