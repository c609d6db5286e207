#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""
Turns netlink.tbl into C, at build time: see there. Every number, offset and size is asked of the C
compiler and the kernel's headers.
"""

import sys

KINDS = {"uint": "TYPE_UINT", "int": "TYPE_INT", "hex": "TYPE_HEX", "enum": "TYPE_ENUM", "flags": "TYPE_FLAGS"}
SIMPLE = {"bytes": "NETLINK_BYTES", "text": "NETLINK_TEXT", "hardware": "NETLINK_HARDWARE",
          "address": "NETLINK_ADDRESS", "port": "NETLINK_PORT", "families": "NETLINK_FAMILIES"}
HEAD = """/* SPDX-License-Identifier: Apache-2.0 */
/* Made by compile_netlink.py: do not edit. */
"""
COUNT = """
#include "output/netlink.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))
"""


def fail(message):
    sys.exit(f"netlink.tbl: {message}")


def split_name(word):
    """("shown", "in C")"""
    name, _, value = word.partition("=")
    return name, value or name


class Table:
    def __init__(self):
        self.headers, self.names, self.structs, self.attributes = [], {}, {}, {}
        self.protocols, self.bodies, self.current = [], [], None

    def read(self, path):
        with open(path, encoding="utf-8") as file:
            for line in file:
                line = line.rstrip()
                if not line or line.startswith("#"):
                    continue
                if line.startswith("\t"):
                    self.current(line[1:])
                else:
                    words = line.split()
                    getattr(self, "begin_" + words[0])(words[1:])

    def begin_include(self, words):
        self.headers += words

    def begin_names(self, words):
        group = self.names.setdefault(words[0], [])

        def take(line):
            if line.startswith("bit "):
                group.append((f"1<<{line[4:]}", f"1 << ({line[4:]})"))
            else:
                group.extend(split_name(word) for word in line.split())
        self.current = take

    def begin_struct(self, words):
        members = self.structs.setdefault(words[0], [])
        self.current = lambda line: members.append(line.split("\t"))

    def begin_attributes(self, words):
        items = self.attributes.setdefault(words[0], [])

        def take(line):
            how, names = line.split("\t")
            items.extend((name, how) for name in names.split())
        self.current = take

    def begin_protocol(self, words):
        self.protocols.append(words)

    def begin_body(self, words):
        body = {"protocol": words[0], "struct": words[2], "attributes": words[3], "types": [], "families": ["-1"],
                "request": "false", "reply": "false"}
        self.bodies.append(body)

        def take(line):
            words = line.split()
            if words[0] == "family":
                body["families"] = words[1:]
            elif words[0] in ("request", "reply"):
                body[words[0]] = "true"
            else:
                body["types"] += words
        self.current = take


def number_type(table, words, size):
    """A type for a number of this many bytes."""
    extra = ""
    if words[1:]:
        if words[1] not in table.names:
            fail(f"no names {words[1]!r}")
        extra = f", .enumerators = names_{words[1]}, .n_enumerators = COUNT(names_{words[1]})"
    return f"&(const struct type){{.kind = {KINDS[words[0]]}, .size = {size}, .name = \"\"{extra}}}"


def value_text(table, how, size=None):
    words = how.split()
    if words[0] in SIMPLE:
        return f"{{.how = {SIMPLE[words[0]]}}}"
    if words[0] == "struct":
        return f"{{.how = NETLINK_STRUCT, .structure = &netlink_struct_{words[1]}}}"
    if words[0] == "nested":
        return f"{{.how = NETLINK_NESTED, .attributes = &netlink_attributes_{words[1]}}}"
    if words[0] == "array":
        return f"{{.how = NETLINK_ARRAY, .type = {number_type(table, words[2:], words[1])}}}"
    if words[0].isdigit():
        size, words = words[0], words[1:]
    if size is None:
        fail(f"how many bytes has {how!r}?")
    return f"{{.how = NETLINK_NUMBER, .type = {number_type(table, words, size)}}}"


def names_lines(group, names):
    out = [f"static const struct enumerator names_{group}[] = {{"]
    out += [f'\t{{.name = "{name}", .value = (int64_t)({value})}},' for name, value in names] + ["};"]
    return out + [f"const struct type netlink_{word}_{group} = {{.kind = {kind}, .size = 2, .name = \"\",\n"
                  f"\t.enumerators = names_{group}, .n_enumerators = COUNT(names_{group})}};"
                  for word, kind in (("names", "TYPE_ENUM"), ("bits", "TYPE_FLAGS"))]


def struct_lines(table, name, members):
    out = [f"static const struct netlink_member members_{name}[] = {{"]
    for member, how in members:
        size = f"sizeof(((struct {name} *)0)->{member})"
        out.append(f'\t{{"{member}", offsetof(struct {name}, {member}), {size}, {value_text(table, how, size)}}},')
    return out + ["};", f"const struct netlink_struct netlink_struct_{name} = "
                  f"{{members_{name}, COUNT(members_{name}), sizeof(struct {name})}};"]


def attributes_lines(table, group, items):
    out = [f"static const struct enumerator attributes_{group}[] = {{",
           '\t{.name = "NLA_F_NESTED", .value = NLA_F_NESTED},',
           '\t{.name = "NLA_F_NET_BYTEORDER", .value = NLA_F_NET_BYTEORDER},']
    out += [f'\t{{.name = "{n}", .value = {n}, .mask = NLA_TYPE_MASK}},' for n, _ in items] + ["};"]
    out.append(f"static const struct netlink_attribute items_{group}[] = {{")
    out += [f"\t{{{name}, {value_text(table, how)}}}," for name, how in items if how != "bytes"] + ["};"]
    types = [f"&(const struct type){{.kind = {kind}, .size = 2, .name = \"\", .enumerators = attributes_{group}{skip},\n"
             f"\t\t.n_enumerators = COUNT(attributes_{group}){less}}}"
             for kind, skip, less in (("TYPE_ENUM", " + 2", " - 2"), ("TYPE_FLAGS", "", ""))]
    return out + [f"const struct netlink_attributes netlink_attributes_{group} = {{\n\t{types[0]},\n\t{types[1]},\n"
                  f"\titems_{group}, COUNT(items_{group})}};"]


def body_lines(table, body):
    structure, attributes = body["struct"], body["attributes"]
    if structure not in table.structs or attributes not in [*table.attributes, "none", "-"]:
        fail(f"body: {structure} {attributes}")
    named = f"&netlink_attributes_{attributes}" if attributes in table.attributes else "NULL"
    return [f"\t{{{body['protocol']}, {kind}, {family}, {body['request']}, {body['reply']}, "
            f"{str(attributes != 'none').lower()}, &netlink_struct_{structure}, {named}}},"
            for kind in body["types"] for family in body["families"]]


def table_text(table):
    out = [f"#include {header}" for header in table.headers] + [COUNT]
    for group, names in table.names.items():
        out += names_lines(group, names)
    out += [f"extern const struct netlink_struct netlink_struct_{name};" for name in table.structs]
    for name, members in table.structs.items():
        out += struct_lines(table, name, members)
    out += [f"extern const struct netlink_attributes netlink_attributes_{group};" for group in table.attributes]
    for group, items in table.attributes.items():
        out += attributes_lines(table, group, items)
    out += ["const struct netlink_protocol netlink_protocols[] = {"]
    out += [f"\t{{{number}, &netlink_names_{group}}}," for number, group in table.protocols] + ["};"]
    out += ["const size_t netlink_protocols_count = COUNT(netlink_protocols);"]
    out += ["const struct netlink_body netlink_bodies[] = {"]
    for body in table.bodies:
        out += body_lines(table, body)
    out += ["};", "const size_t netlink_bodies_count = COUNT(netlink_bodies);"]
    return HEAD + "\n".join(out) + "\n"


def main():
    table = Table()
    table.read(sys.argv[1])
    with open(sys.argv[2], "w", encoding="utf-8") as file:
        file.write(table_text(table))


if __name__ == "__main__":
    main()
