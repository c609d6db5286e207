# SPDX-License-Identifier: Apache-2.0
# Perl: die and eval are longjmp in the interpreter; sort with a callback, fork, regular expressions.
use strict;
use warnings;
$| = 1;
print "ready\n";
my $line = <STDIN>;
sub deep { my $n = shift; return $n ? deep($n - 1) + $n : 1; }
my $sum = 0;
for my $n (0 .. 60) {
	$sum += eval { die "odd\n" if $n % 2; deep($n % 20) } || 7;
	local $_ = "text $n";
	s/(\d+)/<$1>/;
	$sum += length;
}
my $child = fork;
exit(deep(3)) if !$child;
waitpid $child, 0;
print "$sum $? ", join(",", sort { $b <=> $a } 1 .. 9), "\n";
exit 19;
