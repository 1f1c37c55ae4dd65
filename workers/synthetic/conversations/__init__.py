"""Conversations: what their turns are, how they fade, and the images of those that did."""
