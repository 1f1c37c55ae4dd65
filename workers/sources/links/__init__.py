"""Links: documents that lists of URLs name, fetched politely and kept by their contents.

Owns how lists are read, which addresses may be asked, the pace of a host, and what came of
asking. What came is kept by `workers.sources.kept_links`. Does not examine documents: what
is kept is a file like any other.

    read = read_list(file, Links())
    outcomes = fetch_links([Link(url, url) for url in read.links], Links(), Kept(folder))

Start reading in `hosts`; `requests` sends a request, `addresses` says which are never sent.
"""

from workers.sources.links.fetching import by_host, fetch_links
from workers.sources.links.lists import (
    ListRead,
    list_rejects,
    not_fetched,
    read_list,
)
from workers.sources.links.outcomes import Link, Outcome
from workers.sources.links.requests import Outside

__all__ = [
    "Link",
    "ListRead",
    "Outcome",
    "Outside",
    "by_host",
    "fetch_links",
    "list_rejects",
    "not_fetched",
    "read_list",
]
