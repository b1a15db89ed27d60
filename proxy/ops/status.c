#include "status.h"

const char *command_result_text(enum command_result result)
{
	static const char *const texts[COMMAND_RESULT_COUNT] = {
		[COMMAND_RESULT_OK] = "ok",
		[COMMAND_RESULT_ERROR] = "error",
		[COMMAND_RESULT_REFUSED] = "refused",
		[COMMAND_RESULT_UNSUPPORTED] = "unsupported",
	};

	return texts[result];
}
