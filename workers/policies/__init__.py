"""Policies: what must not be in a training set, as pure functions of rows that return findings.

Each policy has a room of its own. What becomes of a finding is up to the recipe and to publish.
"""
