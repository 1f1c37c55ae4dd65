"""Pure values of PageFoundry: errors, ids, recipes, records and table schemas. No I/O."""
