"""Conversations: parsing their turns, fading the older ones, and drawing those as images."""
