"""Operations on acquired descriptors.  Adding some is adding a module with `OPERATIONS`."""
