"""workers/engines/grammars."""
