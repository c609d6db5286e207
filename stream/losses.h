/* SPDX-License-Identifier: Apache-2.0 */
/*
 * stream/losses.h — which losses have become events already, and which spans they explain. Private
 * to stream/.
 *
 * The loss table counts up, row by site, column by cause; whoever reads it wants to know what came
 * since the last look. A lost return shows a second time, as a span that nothing ends: the table
 * says of how many spans that is true, so that the others can be told to have been left.
 */
#ifndef UTRAIL_STREAM_LOSSES_H
#define UTRAIL_STREAM_LOSSES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/err.h"
#include "stream/event.h"

struct losses {
	struct loss_row *told; /* by site */
	uint64_t *lost_ns;     /* of calls in goroutines, by the site of the entry: when a loss was
				* noticed last; 0: never */
	uint64_t *blamed;      /* spans that ended for want of their lost return, by site */
	size_t n_sites;
};

/* Makes room for so many sites; zeroed at first, and again whenever the set has grown. */
struct err *losses_resize(struct losses *losses, size_t n_sites) must_check;
void losses_deinit(struct losses *losses);

/* Is nothing lost there? That is so at nearly all sites, and there may be ten thousand of them. */
bool losses_is_blank(const struct loss_row *row);
/* What has come to this count since it was last asked for. The row may grow meanwhile. */
uint64_t losses_fresh(struct losses *losses, uint32_t site_id, enum loss_cause cause,
		      const struct loss_row *row);
/* A span of this site has ended without a return. Was that lost, rather than never made? As many
 * times true as lost returns were told. */
bool losses_explain_span(struct losses *losses, uint32_t site_id);
/* `lost_ns` of a site, which may have come later than all that was told. */
uint64_t losses_last_ns(const struct losses *losses, uint32_t site_id);

#endif
