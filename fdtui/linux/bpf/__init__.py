"""The task_file iterator in pure Python: every descriptor of every process in one pass (Linux 5.12)."""
