"""Charts with made numbers, drawn by matplotlib and Vega-Lite, and their HTML tables."""
