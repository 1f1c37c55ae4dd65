"""Settings for all tests: Hypothesis sets no deadline, as nothing asserts on wall-clock time."""

import signal

from hypothesis import settings

settings.register_profile("pagefoundry", deadline=None)
settings.load_profile("pagefoundry")

# A shell has what it starts in the background ignore Ctrl-C, and so would all that tests start,
# those that are to be ended by it among them.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)
