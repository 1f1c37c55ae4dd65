"""What the fork server holds ready for its children beside modules of ours.

A child that publishes a few pages would spend most of its time on these: on the vocabulary of the
tokens half a second, and on pandas, which pyarrow imports at its first use, a quarter.
"""

from __future__ import annotations

import pandas  # noqa: F401

from workers.text.measures import count_tokens

count_tokens("")
