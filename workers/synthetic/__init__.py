"""Pages that are made, not read: their text is known before they are drawn."""
