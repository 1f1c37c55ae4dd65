"""Links of a page's text to its crops, seen as a text that is compared or judged. Pure."""

from __future__ import annotations

from collections.abc import Mapping

from schemas.pages import CROP_LINK

_IN_A_LINK = "](crops/"


def signed_text(page_text: str, own: Mapping[str, str]) -> str:
    """The text with the digest of the linked picture in place of each link.

    A link names its document, so without this equal pages of two documents would differ; and pages
    with different pictures must stay different.

    Args:
        page_text: links no crop that is not in `own`.
        own: the digest of each crop's picture, by the path that links it.
    """
    return CROP_LINK.sub(lambda link: own[link[2]], page_text)


def blanked_links(text: str) -> str:
    """The text with as many spaces in place of each link, so that no policy finds a name in it.

    >>> link = f"![x](crops/{64 * '0'}-00000-00.png)"
    >>> blanked_links(f"a {link} b") == f"a {len(link) * ' '} b"
    True
    """
    if _IN_A_LINK not in text:
        return text
    return CROP_LINK.sub(lambda link: " " * len(link[0]), text)


def linked_paths(text: str) -> frozenset[str]:
    """The paths of the crops that a text links."""
    return frozenset(link[2] for link in CROP_LINK.finditer(text))
