/* Any bytes as a configuration file: complaints or settings, never a crash or a leak. */
#include "config/settings.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	struct settings settings;
	struct buffer errors = { 0 };
	char path[] = "/tmp/homeport-fuzz-XXXXXX";
	int fd = mkstemp(path);
	FILE *file = fd < 0 ? NULL : fdopen(fd, "wb");

	if (file == NULL)
		abort();
	fwrite(bytes, 1, len, file);
	fclose(file);
	bool is_good = settings_load(path, NULL, &settings, &errors);

	unlink(path);
	if (is_good == (errors.len > 0))
		abort();
	if (is_good)
		settings_free(&settings);
	buffer_free(&errors);
	return 0;
}
