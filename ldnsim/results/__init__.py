"""What came out: columns, labels, provenance and the store."""
