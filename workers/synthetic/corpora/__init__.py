"""Files of records: texts, and lines of SMILES."""
