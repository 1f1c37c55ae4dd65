"""Charts of random numbers, drawn by matplotlib or Vega-Lite, with their HTML tables."""
