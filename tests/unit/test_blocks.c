/* Facts about blocks: those in use never share a byte. */
#include "../../proxy/core/blocks.h"

#include <CUnit/CUnit.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#define IN_USE 500

void suite_blocks(void);

struct in_use { unsigned char *bytes; size_t size; unsigned char filling; };

static bool is_untouched(const struct in_use *block)
{
	for (size_t i = 0; i < block->size; i++)
		if (block->bytes[i] != block->filling)
			return false;
	return true;
}

static void blocks_in_use_share_nothing(void)
{
	struct blocks blocks = { 0 };
	struct in_use in_use[IN_USE] = { { 0 } };
	uint32_t dice = 1;
	bool all_untouched = true, all_aligned = true;
	for (unsigned turn = 0; turn < 20 * IN_USE; turn++) {
		dice = dice * UINT32_C(1664525) + UINT32_C(1013904223);
		struct in_use *block = &in_use[(dice >> 8) % IN_USE];
		if (block->bytes != NULL) {
			all_untouched &= is_untouched(block);
			blocks_give(&blocks, block->bytes, block->size);
		}
		block->size = (dice >> 16) % (BLOCK_MAX + 40);
		block->bytes = blocks_take(&blocks, block->size);
		block->filling = (unsigned char)turn;
		memset(block->bytes, block->filling, block->size);
		all_aligned &= (uintptr_t)block->bytes % BLOCK_STEP == 0;
	}
	CU_ASSERT(all_untouched);
	CU_ASSERT(all_aligned);
	for (unsigned i = 0; i < IN_USE; i++)
		if (in_use[i].bytes != NULL)
			blocks_give(&blocks, in_use[i].bytes, in_use[i].size);
	blocks_free(&blocks);
}

void suite_blocks(void)
{
	CU_pSuite suite = CU_add_suite("blocks", NULL, NULL);
	CU_ADD_TEST(suite, blocks_in_use_share_nothing);
}
