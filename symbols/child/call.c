/* SPDX-License-Identifier: Apache-2.0 */
#include "symbols/call.h"

#include "symbols/child/protocol.h"
#include "symbols/child/remote.h"
#include "symbols/child/serve.h"

bool image_is_elsewhere(const struct image *image)
{
	return image->remote;
}

void image_call_begin(struct image *image, image_service *service, struct wire *request)
{
	remote_begin(image, request);
	wire_put_u64(request, (uintptr_t)service);
}

struct err *image_call(struct image *image, const struct wire *request, struct wire *answer)
{
	return remote_ask(image, VERB_CALL, request, answer);
}

struct err *image_call_end(struct image *image, const struct wire *answer)
{
	return remote_end(image, answer);
}

/* The collector is believed: it is the one that is protected. */
struct err *serve_call(struct image *image, struct wire *in, struct wire *out)
{
	uint64_t address = wire_take_u64(in);
	image_service *service = (image_service *)(uintptr_t)address;
	return in->bad ? err_new(ERR_BUG, 0, "calling nothing") : service(image, in, out);
}
