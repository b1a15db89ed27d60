#include "driver.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>

#define ESCAPED_MAX 256

static void (*on_command)(unsigned count, char **words);
static void (*on_end)(void);

static void lines_came(struct bufferevent *input, void *context)
{
	(void)context;
	char *line;
	while ((line = evbuffer_readln(bufferevent_get_input(input), NULL, EVBUFFER_EOL_LF)) != NULL) {
		char *words[DRIVER_WORDS_MAX], *rest = NULL;
		unsigned count = 0;
		for (char *word = strtok_r(line, " ", &rest); word != NULL && count < DRIVER_WORDS_MAX; word = strtok_r(NULL, " ", &rest))
			words[count++] = word;
		if (count > 0)
			on_command(count, words);
		free(line);
	}
}

static void input_ended(struct bufferevent *input, short what, void *context)
{
	(void)what;
	(void)context;
	bufferevent_free(input);
	on_end();
}

void driver_listen(struct event_base *loop, void (*command)(unsigned count, char **words), void (*ended)(void))
{
	on_command = command;
	on_end = ended;
	struct bufferevent *input = bufferevent_socket_new(loop, 0, 0);
	bufferevent_setcb(input, lines_came, NULL, input_ended, NULL);
	bufferevent_enable(input, EV_READ);
}

void driver_say(const char *format, ...)
{
	va_list arguments;
	va_start(arguments, format);
	vprintf(format, arguments);
	va_end(arguments);
	putchar('\n');
	fflush(stdout);
}

const char *driver_escape(struct slice bytes)
{
	static char texts[4][ESCAPED_MAX + 8];
	static unsigned turn;
	char *text = texts[turn++ % 4];
	size_t len = 0;
	for (size_t i = 0; i < bytes.len && len < ESCAPED_MAX; i++) {
		unsigned char byte = (unsigned char)bytes.ptr[i];
		if (isgraph(byte) && byte != '\\')
			text[len++] = (char)byte;
		else
			len += (size_t)sprintf(text + len, "\\x%02x", byte);
	}
	text[len] = '\0';
	return text;
}
