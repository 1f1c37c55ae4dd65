"""Files of records: texts, chats, and lines of SMILES."""
