"""Questions to a dataset that exists, and its upkeep: state, diff, verify, vacuum, gallery.

Makes no version. Start reading in `state`, what is known before a run; `verify` proves the ledger.
"""
