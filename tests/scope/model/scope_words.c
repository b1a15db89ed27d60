#include "scope_words.h"

#include <assert.h>
#include <string.h>

bool scope_next_command(const char **operation, struct scope_words *command)
{
	size_t len;
	char *rest;

	if (*operation == NULL || **operation == '\0')
		return false;
	len = strcspn(*operation, ";");
	assert(len < sizeof(command->text));
	memcpy(command->text, *operation, len);
	command->text[len] = '\0';
	*operation += len;
	*operation += strspn(*operation, "; ");
	command->count = 0;
	for (char *word = strtok_r(command->text, " ", &rest); word != NULL; word = strtok_r(NULL, " ", &rest)) {
		assert(command->count < SCOPE_WORDS_MAX);
		command->words[command->count++] = word;
	}
	return true;
}

bool scope_is_flush(const char *operation)
{
	return operation != NULL && strncmp(operation, "FLUSH", 5) == 0;
}

bool scope_is_expiry(const char *operation)
{
	return operation != NULL && strncmp(operation, "EXPIRY", 6) == 0;
}
