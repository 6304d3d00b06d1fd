"""The process that sends a descriptor with the rights its user has.  Standard library only."""
