# SPDX-License-Identifier: Apache-2.0
# `utrail check` says what this kernel lacks, and nothing that it has.
. /cases/lib.inc
need utrail
utrail check >report 2>&1 || fail "status $?: $(cat report)"
cat report
[ "$(wc -l <report)" -ge 5 ] || fail 'the report has no content'
