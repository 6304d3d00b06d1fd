"""The task_file iterator in pure Python: all descriptors of all processes in one pass."""
