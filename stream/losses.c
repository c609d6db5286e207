/* SPDX-License-Identifier: Apache-2.0 */
#include "stream/losses.h"

#include <stdlib.h>
#include <string.h>

#include "stream/stream.h"

const char *loss_cause_name(enum loss_cause cause)
{
	static const char *const names[] = {
		[LOSS_RING_FULL] = "ring full",
		[LOSS_RETURN_RING_FULL] = "ring full at return",
		[LOSS_NO_STORAGE] = "no memory for thread state",
		[LOSS_MISSED_RETURN] = "too many calls open",
		[LOSS_BOOKKEEPING] = "bookkeeping",
		[LOSS_STACK] = "ring full for stacks",
		[LOSS_PROBE_BUSY] = "hit inside of other hits",
		[LOSS_TABLE_FULL] = "table full",
		[LOSS_RETURN_BUSY] = "return inside of other hits",
		[LOSS_UNSEEN] = "not seen",
		[LOSS_FILTERED] = "filtered",
		[LOSS_SUPPRESSED] = "rate limit",
	};
	return cause < LOSS_CAUSES && names[cause] ? names[cause] : "unknown";
}

struct err *losses_resize(struct losses *losses, size_t n_sites)
{
	size_t before = losses->n_sites;
	if (n_sites <= before)
		return NULL;
	/* At first by calloc(), whose pages come when they are written: most never are. */
	struct loss_row *told = before ? reallocarray(losses->told, n_sites, sizeof(*told))
				       : calloc(n_sites, sizeof(*told));
	losses->told = told ? told : losses->told;
	uint64_t *blamed = reallocarray(losses->blamed, n_sites, sizeof(*blamed));
	losses->blamed = blamed ? blamed : losses->blamed;
	uint64_t *lost_ns = reallocarray(losses->lost_ns, n_sites, sizeof(*lost_ns));
	losses->lost_ns = lost_ns ? lost_ns : losses->lost_ns;
	if (!told || !blamed || !lost_ns)
		return &err_nomem;
	if (before)
		memset(told + before, 0, (n_sites - before) * sizeof(*told));
	memset(blamed + before, 0, (n_sites - before) * sizeof(*blamed));
	memset(lost_ns + before, 0, (n_sites - before) * sizeof(*lost_ns));
	losses->n_sites = n_sites;
	return NULL;
}

void losses_deinit(struct losses *losses)
{
	free(losses->told);
	free(losses->blamed);
	free(losses->lost_ns);
	*losses = (struct losses){0};
}

bool losses_is_blank(const struct loss_row *row)
{
	uint64_t any = 0;
	for (int cause = 0; cause < LOSS_CAUSES; cause++)
		any |= __atomic_load_n(&row->count[cause], __ATOMIC_RELAXED);
	return !any;
}

uint64_t losses_fresh(struct losses *losses, uint32_t site_id, enum loss_cause cause,
		      const struct loss_row *row)
{
	uint64_t now = __atomic_load_n(&row->count[cause], __ATOMIC_RELAXED);
	uint64_t fresh = now - losses->told[site_id].count[cause];
	losses->told[site_id].count[cause] = now;
	return fresh;
}

bool losses_explain_span(struct losses *losses, uint32_t site_id)
{
	/* Of a site that came later, nothing was told so far. */
	if (site_id >= losses->n_sites)
		return false;
	const struct loss_row *told = &losses->told[site_id];
	if (losses->blamed[site_id] >=
	    told->count[LOSS_RETURN_RING_FULL] + told->count[LOSS_RETURN_BUSY])
		return false;
	losses->blamed[site_id]++;
	return true;
}

uint64_t losses_last_ns(const struct losses *losses, uint32_t site_id)
{
	return site_id < losses->n_sites ? losses->lost_ns[site_id] : 0;
}
