"""Molecules drawn by RDKit, and their SMILES."""
