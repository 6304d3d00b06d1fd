"""Ways to get hold of a descriptor, one file each."""
