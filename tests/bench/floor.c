/* The least a scan of every descriptor can cost: getdents, readlinkat, fdinfo, statx; prints counts. */
#define _GNU_SOURCE
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static long descriptors, bytes;

static void one(int links, int infos, const char *name, const char *wants)
{
	char buffer[4096];
	struct statx stat;
	long length = strchr(wants, 'l') ? readlinkat(links, name, buffer, sizeof buffer) : 0;
	bytes += length > 0 ? length : 0;
	if (strchr(wants, 'i')) {
		int fd = openat(infos, name, O_RDONLY | O_CLOEXEC);
		if (fd >= 0) {
			length = read(fd, buffer, sizeof buffer);
			bytes += length > 0 ? length : 0;
			close(fd);
		}
	}
	if (strchr(wants, 's'))
		bytes += !statx(links, name, AT_STATX_DONT_SYNC, STATX_BASIC_STATS, &stat);
	descriptors++;
}

int main(int argc, char **argv)
{
	const char *wants = argc > 1 ? argv[1] : "";
	char path[64];
	DIR *proc = opendir("/proc");
	for (struct dirent *process; (process = readdir(proc));) {
		if (process->d_name[0] < '1' || process->d_name[0] > '9')
			continue;
		snprintf(path, sizeof path, "/proc/%.20s/fd", process->d_name);
		DIR *links = opendir(path);
		if (!links)
			continue;
		snprintf(path, sizeof path, "/proc/%.20s/fdinfo", process->d_name);
		int infos = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		for (struct dirent *entry; (entry = readdir(links));)
			if (entry->d_name[0] != '.')
				one(dirfd(links), infos, entry->d_name, wants);
		close(infos);
		closedir(links);
	}
	printf("%ld %ld\n", descriptors, bytes);
	return 0;
}
