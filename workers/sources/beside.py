"""Files beside documents, and what they state: `a.json` of `a.pdf`, `LICENSE` of its folder. Pure.

A licence is taken from a text that names it: by its SPDX name, by an address, or by the title with
which the well-known texts begin. No licence is guessed from what a text permits.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping

from schemas.licenses import license_named, spdx_name
from schemas.provenance import NOTHING, Provenance, stated
from schemas.reservations import TDM_RESERVATION

MAX_BYTES = 2**20
"""A larger file states nothing: the text of a licence has some ten kilobytes."""

JSON = ".json"
LICENSE_NAMES = tuple(
    word + suffix for word in ("license", "licence", "copying") for suffix in ("", ".txt")
)
"""Names of the files that state a folder's licence, in lower case, the first one first."""

_SPDX_LINE = re.compile(r"SPDX-License-Identifier:\s*(\S[^\r\n]*)")
_MARKS = re.compile(r"[^\w.()/:+-]+")
_CREATIVE_COMMONS = re.compile(
    r"(?:creative commons )?(?P<kind>attribution(?:-[a-z]+)*) (?P<version>[1-4]\.0)"
    r"(?: (?:international|unported|generic))?(?: public license)?(?: \(cc[ a-z0-9.-]*\))?"
)
_KINDS = {
    "attribution": "BY", "noncommercial": "NC", "sharealike": "SA", "noderivatives": "ND",
    "noderivs": "ND",
}  # fmt: skip
_TITLES = {
    "mit license": "MIT",
    "the mit license": "MIT",
    "the mit license (mit)": "MIT",
    "isc license": "ISC",
    "bsd 2-clause license": "BSD-2-Clause",
    "bsd 3-clause license": "BSD-3-Clause",
    "apache license version 2.0": "Apache-2.0",
    "apache license version 2.0 january 2004": "Apache-2.0",
    "mozilla public license version 2.0": "MPL-2.0",
    "cc0 1.0 universal": "CC0-1.0",
    "cc0 1.0 universal (cc0 1.0)": "CC0-1.0",
    "open data commons attribution license (odc-by) v1.0": "ODC-By-1.0",
    "open data commons open database license (odbl) v1.0": "ODbL-1.0",
    "open data commons public domain dedication and license (pddl) v1.0": "PDDL-1.0",
}


def json_of(name: str) -> str | None:
    """The name of the JSON file beside a document; None for a name without a suffix.

    >>> json_of("shelf/a.pdf"), json_of("shelf.d/a")
    ('shelf/a.json', None)
    """
    stem, dot, suffix = name.rpartition(".")
    return f"{stem}{JSON}" if dot and "/" not in suffix and not name.endswith(JSON) else None


def is_license(name: str) -> bool:
    """Whether a file is one that states the licence of its folder, by its name."""
    return name.rpartition("/")[2].lower() in LICENSE_NAMES


def is_beside(name: str) -> bool:
    """Whether a file may state something of documents beside it, by its name."""
    return name.endswith(JSON) or is_license(name)


def stated_by(name: str, data: bytes) -> Provenance:
    """What a file beside documents states; nothing where it cannot be understood."""
    if len(data) > MAX_BYTES:
        return NOTHING
    if is_license(name):
        license_ = license_in(data.decode("utf-8", "replace"))
        return Provenance(license=license_, license_from=license_ and "folder")
    try:
        fields = json.loads(data)
    except (ValueError, RecursionError):
        return NOTHING
    return facts_in(fields, "beside") if isinstance(fields, dict) else NOTHING


def facts_in(fields: Mapping[str, object], by: str) -> Provenance:
    """The facts among the fields of a JSON file or a table's row, by their names in any case."""
    given = {str(name).lower(): value for name, value in fields.items()}

    def word(*names: str) -> str | None:
        return next((text for name in names if (text := _text(given.get(name)))), None)

    url = word("url")
    written = word("license", "licence")
    license_ = license_named(written) if written else None
    return Provenance(
        url=url if url and url.startswith(("http://", "https://")) else None,
        title=word("title"),
        author=word("author", "authors"),
        language=word("language"),
        license=license_,
        license_from=license_ and by,
        reserved=TDM_RESERVATION if given.get(TDM_RESERVATION) in (1, "1") else None,
    )


def _text(value: object) -> str | None:
    """A text, or several as one line."""
    values = value if isinstance(value, list) else [value]
    return stated("; ".join(part for part in values if isinstance(part, str)))


def license_in(text: str) -> str | None:
    """The licence that a text names, by its SPDX name; None where it names none that is known.

    >>> license_in("Apache License\\n  Version 2.0, January 2004\\n"), license_in("Be kind.")
    ('Apache-2.0', None)
    """
    if found := _SPDX_LINE.search(text):
        return spdx_name(found[1].strip())
    lines = [" ".join(line.split()) for line in text.splitlines() if line.strip(" \t#=*-")][:3]
    lines = [line.strip("#*=_ ") for line in lines]
    if lines and (name := spdx_name(lines[0])):
        return name
    titles = [_MARKS.sub(" ", line.lower()).strip(" .") for line in lines]
    if titles[:1] == ["creative commons legal code"]:
        del titles[0]
    return next(filter(None, (_titled(titles[:1]), _titled(titles[:2]))), None)


def _titled(lines: list[str]) -> str | None:
    title = " ".join(lines)
    if found := _CREATIVE_COMMONS.fullmatch(title):
        kinds = [_KINDS.get(word) for word in found["kind"].split("-")]
        return spdx_name(f"CC-{'-'.join(map(str, kinds))}-{found['version']}")
    return _TITLES.get(title)
