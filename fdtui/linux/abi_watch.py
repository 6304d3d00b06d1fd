"""Kernel values of what watches files: inotify(7), fanotify(7), userfaultfd(2), open flags."""

from __future__ import annotations

from fdtui.linux.abi import Flags


class InotifyMask(Flags):
    """Events and options of inotify_add_watch(2)."""

    IN_ACCESS = 0x1
    IN_MODIFY = 0x2
    IN_ATTRIB = 0x4
    IN_CLOSE_WRITE = 0x8
    IN_CLOSE_NOWRITE = 0x10
    IN_OPEN = 0x20
    IN_MOVED_FROM = 0x40
    IN_MOVED_TO = 0x80
    IN_CREATE = 0x100
    IN_DELETE = 0x200
    IN_DELETE_SELF = 0x400
    IN_MOVE_SELF = 0x800
    IN_UNMOUNT = 0x2000
    IN_Q_OVERFLOW = 0x4000
    IN_IGNORED = 0x8000
    IN_ONLYDIR = 0x1000000
    IN_DONT_FOLLOW = 0x2000000
    IN_EXCL_UNLINK = 0x4000000
    IN_MASK_CREATE = 0x10000000
    IN_MASK_ADD = 0x20000000
    IN_ISDIR = 0x40000000
    IN_ONESHOT = 0x80000000


class FanotifyMask(Flags):
    """Events and options of fanotify_mark(2)."""

    FAN_ACCESS = 0x1
    FAN_MODIFY = 0x2
    FAN_ATTRIB = 0x4
    FAN_CLOSE_WRITE = 0x8
    FAN_CLOSE_NOWRITE = 0x10
    FAN_OPEN = 0x20
    FAN_MOVED_FROM = 0x40
    FAN_MOVED_TO = 0x80
    FAN_CREATE = 0x100
    FAN_DELETE = 0x200
    FAN_DELETE_SELF = 0x400
    FAN_MOVE_SELF = 0x800
    FAN_OPEN_EXEC = 0x1000
    FAN_Q_OVERFLOW = 0x4000
    FAN_FS_ERROR = 0x8000
    FAN_OPEN_PERM = 0x10000
    FAN_ACCESS_PERM = 0x20000
    FAN_OPEN_EXEC_PERM = 0x40000
    FAN_PRE_ACCESS = 0x100000
    FAN_MNT_ATTACH = 0x1000000
    FAN_MNT_DETACH = 0x2000000
    FAN_EVENT_ON_CHILD = 0x8000000
    FAN_RENAME = 0x10000000
    FAN_ONDIR = 0x40000000


class FanotifyInit(Flags):
    """Flags of fanotify_init(2); the two bits of the class are read as a number."""

    FAN_CLOEXEC = 0x1
    FAN_NONBLOCK = 0x2
    FAN_UNLIMITED_QUEUE = 0x10
    FAN_UNLIMITED_MARKS = 0x20
    FAN_ENABLE_AUDIT = 0x40
    FAN_REPORT_PIDFD = 0x80
    FAN_REPORT_TID = 0x100
    FAN_REPORT_FID = 0x200
    FAN_REPORT_DIR_FID = 0x400
    FAN_REPORT_NAME = 0x800
    FAN_REPORT_TARGET_FID = 0x1000
    FAN_REPORT_FD_ERROR = 0x2000
    FAN_REPORT_MNT = 0x4000


FAN_CLASSES = {0: "FAN_CLASS_NOTIF", 4: "FAN_CLASS_CONTENT", 8: "FAN_CLASS_PRE_CONTENT"}


class MarkFlags(Flags):
    """`mflags:` of fanotify marks in fdinfo, as fanotify_mark(2) was given them."""

    FAN_MARK_IGNORED_MASK = 0x20
    FAN_MARK_IGNORED_SURV_MODIFY = 0x40
    FAN_MARK_EVICTABLE = 0x200
    FAN_MARK_IGNORE = 0x400


class UffdFeatures(Flags):
    """Features of ioctl_userfaultfd(2) UFFDIO_API."""

    PAGEFAULT_FLAG_WP = 0x1
    EVENT_FORK = 0x2
    EVENT_REMAP = 0x4
    EVENT_REMOVE = 0x8
    MISSING_HUGETLBFS = 0x10
    MISSING_SHMEM = 0x20
    EVENT_UNMAP = 0x40
    SIGBUS = 0x80
    THREAD_ID = 0x100
    MINOR_HUGETLBFS = 0x200
    MINOR_SHMEM = 0x400
    EXACT_ADDRESS = 0x800
    WP_HUGETLBFS_SHMEM = 0x1000
    WP_UNPOPULATED = 0x2000
    POISON = 0x4000
    WP_ASYNC = 0x8000
    MOVE = 0x10000


CLOCKS = {
    0: "REALTIME",
    1: "MONOTONIC",
    7: "BOOTTIME",
    8: "REALTIME_ALARM",
    9: "BOOTTIME_ALARM",
    11: "TAI",
}
