"""All file I/O: locations, reading and writing, listing, and conditional writes.

A location is a local path or the URL of an object in a store: `s3://`, `gs://`, `az://` or `hf://`.
Nothing else in the project opens a file, except libraries that get a local path from here.
Does not know what files mean: parts and tables belong to `workers.dataset`.

    from workers import store

    for uri in store.list_names(store.join(folder, "receipts"), ".json"):
        receipt = store.read_bytes(uri)

Start reading in `objects`; `locations` tells paths from URLs, `remote` says what every store does,
`s3`, `cloud` and `hub` send its requests, and `retry` repeats them.
"""

from workers.store.conditional import (
    create_exclusive,
    read_with_version,
    replace_if_unchanged,
    require_conditional_put,
)
from workers.store.finding import find_files
from workers.store.listing import (
    DOCUMENT_SUFFIXES,
    list_documents,
    list_names,
    list_with,
    require_listing,
    stat,
)
from workers.store.locations import absolute, is_local, join, local_path, use_storage
from workers.store.objects import (
    delete,
    exists,
    local_copy,
    make_folder,
    open_input,
    read_bytes,
    read_head,
    read_many,
    read_range,
    remove_empty_folder,
    sha256_of,
    temporary_folder,
    upload,
    write_bytes,
)
from workers.store.remote import Turn

__all__ = [
    "DOCUMENT_SUFFIXES",
    "Turn",
    "absolute",
    "create_exclusive",
    "delete",
    "exists",
    "find_files",
    "is_local",
    "join",
    "list_documents",
    "list_names",
    "list_with",
    "local_copy",
    "local_path",
    "make_folder",
    "open_input",
    "read_bytes",
    "read_head",
    "read_many",
    "read_range",
    "read_with_version",
    "remove_empty_folder",
    "replace_if_unchanged",
    "require_conditional_put",
    "require_listing",
    "sha256_of",
    "stat",
    "temporary_folder",
    "upload",
    "use_storage",
    "write_bytes",
]
