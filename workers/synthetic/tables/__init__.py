"""Tables with spans, and their HTML."""
