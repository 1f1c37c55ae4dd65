"""The promises of `tests/s3`, on Azure and on Google Cloud Storage: the same tests."""

from __future__ import annotations

import pytest

from tests.s3.test_lease_s3 import (  # noqa: F401
    test_a_held_lease_is_gone_afterwards,
    test_one_of_many_racers_takes_over_a_stale_lease,
    test_one_of_many_racers_takes_the_lease,
)
from tests.s3.test_store_s3 import (  # noqa: F401
    test_a_large_object_goes_up_in_parts_and_comes_down_in_ranges,
    test_a_listing_goes_on_past_its_first_page,
    test_a_missing_object_is_a_file_not_found,
    test_a_short_range_is_a_storage_error,
    test_an_empty_object_is_one,
    test_an_object_is_created_once_and_replaced_only_unchanged,
    test_an_object_is_read_as_it_was_written,
    test_of_many_creators_one_succeeds,
    test_sources_are_listed_by_folder_glob_and_name,
    test_the_probe_of_conditional_puts_leaves_nothing,
    test_what_changes_while_it_is_read_is_no_mixture,
)

pytestmark = pytest.mark.stores
