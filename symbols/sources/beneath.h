/* SPDX-License-Identifier: Apache-2.0 */
/*
 * symbols/sources/beneath.h — opens files by names that a hostile file may have chosen.
 * Private to symbols/.
 */
#ifndef UTRAIL_SYMBOLS_SOURCES_BENEATH_H
#define UTRAIL_SYMBOLS_SOURCES_BENEATH_H

/*
 * A regular file, for reading; -1: none. Beneath the directory `root` as if that were /, links in
 * it included; with -1 by the name as we see it. Neither a device nor a pipe is opened, whatever
 * the name is changed to meanwhile.
 */
int open_regular_beneath(int root, const char *path);

#endif
