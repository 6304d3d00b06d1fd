"""The kernel: thin calls, parsers, owners of descriptor numbers.  No policy, no user words."""
