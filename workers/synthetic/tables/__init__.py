"""Tables with spans, with their HTML."""
