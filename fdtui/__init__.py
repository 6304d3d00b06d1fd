"""fdtui: see, steal and watch the open file descriptors of any Linux process."""

__version__ = "0.1.0"
