# SPDX-License-Identifier: Apache-2.0
# Tracing does not change its targets; see integrity.inc.
export PART=2
. /cases/integrity.inc
