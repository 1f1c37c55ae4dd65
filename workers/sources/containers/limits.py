"""How much a container may make us do: what goes past these is a reject, never an endless run."""

from __future__ import annotations

MAX_MEMBER_BYTES = 2 * 2**30
"""The largest document that is unpacked. Larger ones are rare, and fill the disk of a task."""

MAX_EXPANSION = 1000
"""Bytes out of one byte in, of one member. Deflate cannot exceed 1,032; bzip2 and LZMA can."""

FREE_BYTES = 64 * 2**20
"""A member is never a bomb below this size, however small it is packed."""

MAX_MEMBERS = 5_000_000
"""Members of one container; the driver holds about half a kilobyte for each."""

MAX_DEPTH = 3
"""Containers within containers: a zip within a mail within a tar."""

MAX_NESTED_BYTES = 16 * 2**30
"""What all containers within one container may unpack to, together."""

MAX_HEADER_BYTES = 2**20
"""A header, a name or a record of attributes: more is not a container's, but an attack's."""
