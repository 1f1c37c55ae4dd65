"""Molecules drawn by RDKit, with their SMILES, and the sample molecules."""
