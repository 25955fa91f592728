/* SPDX-License-Identifier: GPL-2.0-only */
/* The fuzzer's bytes, taken one after another; zeros behind the last one. */
#ifndef _FUZZ_INPUT_H
#define _FUZZ_INPUT_H

#include <linux/types.h>
#include <stdio.h>

struct input {
	const u8 *at;
	const u8 *end;
};

static inline u8 input_u8(struct input *input)
{
	return input->at < input->end ? *input->at++ : 0;
}

static inline u16 input_u16(struct input *input)
{
	u16 high = input_u8(input);

	return high << 8 | input_u8(input);
}

static inline u32 input_u32(struct input *input)
{
	u32 high = input_u16(input);

	return high << 16 | input_u16(input);
}

/*
 * A copy of exactly this size, at whose ends AddressSanitizer watches; zeros
 * where the input is too short.
 */
static inline u8 *input_bytes(struct input *input, size_t size)
{
	size_t left = input->end - input->at;
	u8 *copy = calloc(1, size ? size : 1);

	if (size < left)
		left = size;
	memcpy(copy, input->at, left);
	input->at += left;
	return copy;
}

#define CHECK(condition)						\
	do {								\
		if (!(condition)) {					\
			fprintf(stderr, "%s:%d: not so: %s\n",		\
				__FILE__, __LINE__, #condition);	\
			abort();					\
		}							\
	} while (0)

#endif /* _FUZZ_INPUT_H */
