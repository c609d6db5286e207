/* SPDX-License-Identifier: Apache-2.0 */
/* cli/plan/running.c — who is there to run what is probed. */
#include "cli/plan/plan.h"

bool plan_any_process_runs(const struct plan *plan)
{
	const struct probe_set *set = &plan->set;
	const struct image *asked = NULL;
	bool found = set->sites.count <= 1;
	for (size_t i = 1; !found && i < set->sites.count; i++) {
		const struct image *image = set->sites.items[i]->image;
		if (!image)
			return true;
		if (image != asked)
			found = process_any_runs(image_path(image), image_inode(image));
		asked = image;
	}
	return found;
}
