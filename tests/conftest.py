"""Settings for all tests: Hypothesis sets no deadline, as nothing asserts on wall-clock time."""

from hypothesis import settings

settings.register_profile("pagefoundry", deadline=None)
settings.load_profile("pagefoundry")
