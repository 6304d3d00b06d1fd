"""What only the whole table tells: scans, sharing, peers, filters."""
