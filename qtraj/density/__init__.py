"""What the density matrix says: exact averages, computed without ever looking at a path."""
