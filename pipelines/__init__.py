"""The job graphs: inventory, read, publish, and the command line."""
