"""workers/engines/ppocr."""
