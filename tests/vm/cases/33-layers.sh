# SPDX-License-Identifier: Apache-2.0
# guest: disk
# Programs on overlayfs: what two containers have of one image is one file, of which each call is told once; what is copied up
# is another one. Up to 6.6 a mapping shows the numbers of the file below, later those of overlayfs.
. /cases/lib.inc
need utrail count
load overlay
mkdir -p layers
mount -t tmpfs none layers || fail 'no tmpfs'
mkdir layers/lower && cp "$(command -v count)" layers/lower/app
for name in one two; do
	mkdir "layers/$name" "layers/$name.upper" "layers/$name.work"
	mount -t overlay -o "lowerdir=layers/lower,upperdir=layers/$name.upper,workdir=layers/$name.work" none "layers/$name" ||
		fail 'no overlayfs'
done

# account NAME CALLS OPTIONS...: of `commands`, that many calls of f().
account() {
	name=$1 calls=$2
	shift 2
	run_whole trace utrail --json -o trace -f "$@" -- sh commands >told 2>messages || fail "$name: status $?: $(cat messages)"
	seen=$(grep -c '^{"type":"call".*"name":"f"' trace)
	echo "$name: $seen of $calls"
	[ "$seen" = "$calls" ] || fail "$name: $seen of $calls calls: $(cat messages)"
}

wait='sleep 0.5; echo'
echo "($wait) | layers/one/app -w 20; ($wait) | layers/two/app -w 30" >commands
account both 50 -e '?app:f'
cat >commands <<END
layers/one/app 5
chmod 711 layers/one/app
($wait) | layers/one/app -w 7
($wait) | layers/two/app -w 11
END
account 'copied up' 23 -e layers/one/app:f
umount layers/one layers/two layers
