#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""
Turns the tables of system calls into C, at build time:

  syscalls.tbl, classes.tbl   numbers, names, arguments, classes (made by generate_syscalls.py)
  arguments.tbl               how arguments and results are read and shown
  constants.tbl, structs.tbl  names of flags and commands, members of structures

Every value of a constant, offset and size comes from the C compiler and the system's headers; this
script only writes down the question. Output files, in the directory given:

  syscall_table.c             the table itself
  constants_UNIT.c            types with names of constants, one file per unit of constants.tbl
  syscall_numbers.h           for a unit test: {name, SYS_name} for all names in the table
"""

import argparse
import collections
import fnmatch
import os
import re
import sys

Constant = collections.namedtuple("Constant", "name mask is_macro")
Group = collections.namedtuple("Group", "unit constants")
Unit = collections.namedtuple("Unit", "name headers groups")
Member = collections.namedtuple("Member", "name c_type how")
Rules = collections.namedtuple("Rules", "types rules used")
Call = collections.namedtuple("Call", "x86_64 arm64 name arguments")

KINDS = {"int": "TYPE_INT", "uint": "TYPE_UINT", "hex": "TYPE_HEX", "octal": "TYPE_OCTAL",
         "pointer": "TYPE_POINTER", "string": "TYPE_STRING"}
BANNER = "/* SPDX-License-Identifier: Apache-2.0 */\n/* Made by compile_tables.py: do not edit. */\n"


def fail(message):
    sys.exit(f"compile_tables.py: {message}")


def lines_of(path):
    """The lines that are not comments, without their end; indentation stays."""
    with open(path, encoding="utf-8") as file:
        for line in file:
            line = line.rstrip()
            if line and not line.startswith("#"):
                yield line


# --- reading --------------------------------------------------------------------------------------


def read_calls(path):
    calls = []
    for line in lines_of(path):
        x86_64, arm64, name, *rest = line.split("\t")
        arguments = []
        for declaration in "".join(rest).split(", ") if rest else []:
            c_type, argument = re.fullmatch(r"(.*?)\s*(\w+)", declaration).groups()
            arguments.append((c_type, argument))
        calls.append(Call(x86_64, arm64, name, arguments))
    return calls


def read_classes(path):
    classes = collections.defaultdict(list)
    for line in lines_of(path):
        trace_class, names = line.split("\t")
        for name in names.split():
            classes[name].append(trace_class)
    return classes


def read_rules(path):
    types, rules = {}, []
    for line in lines_of(path):
        fields = line.split("\t")
        if len(fields) != 4:
            fail(f"{path}: four columns wanted: {line!r}")
        if fields[0] == "type":
            types[fields[1]] = (fields[2], int(fields[3]))
        else:
            rules.append(fields)
    return Rules(types, rules, set())


def read_constants(path):
    units, groups, mask = [], {}, "0"
    for line in lines_of(path):
        word, _, rest = line.strip().partition(" ")
        if word == "unit":
            units.append(Unit(rest, [], []))
        elif word == "include":
            units[-1].headers.extend(rest.split())
        elif word == "group":
            groups[rest] = Group(units[-1].name, [])
            units[-1].groups.append(rest)
            mask = "0"
        elif word == "mask":
            mask = rest
        else:
            groups[units[-1].groups[-1]].constants.extend(
                Constant(n.rstrip("!"), mask, not n.endswith("!")) for n in line.split())
    return units, groups


def read_structs(path):
    structs, headers, current = collections.OrderedDict(), [], None
    for line in lines_of(path):
        fields = line.strip().split("\t")
        if line.startswith("struct "):
            current = structs.setdefault(fields[0], [])
            headers.append(fields[1])
        else:
            current.append(Member(*fields))
    return structs, headers


# --- C types --------------------------------------------------------------------------------------


def quoted(text):
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def identifier(*words):
    return re.sub(r"\W+", "_", "_".join(str(w) for w in words).replace("*", "pointer"))


class Types:
    """All struct type objects: plain ones in the table's file, those with constants in a unit's."""

    def __init__(self, rules, groups, structs):
        self.rules, self.groups, self.structs = rules, groups, structs
        self.plain = {}      # initialiser -> index
        self.named = {}      # identifier -> (group, kind, size, c_type)

    def size_of(self, c_type):
        if c_type.endswith("*"):
            return 8
        if c_type not in self.rules.types:
            fail(f"arguments.tbl: no 'type' line for {c_type!r}")
        return self.rules.types[c_type][1]

    def is_unsigned(self, c_type):
        return self.rules.types.get(c_type, ("int",))[0] != "int"

    def add_plain(self, kind, size, c_type, extra=""):
        text = f"{{.kind = {kind}, .size = {size}, .name = {quoted(c_type)}{extra}}}"
        return f"&types[{self.plain.setdefault(text, len(self.plain))}]"

    def add_named(self, kind, group, size, c_type):
        if group not in self.groups:
            fail(f"arguments.tbl: constants.tbl has no group {group!r}")
        name = identifier("syscall_type", kind[5:].lower(), group, size, c_type)
        self.named[name] = (group, kind, size, c_type)
        return "&" + name

    def array(self, count):
        element = self.add_plain("TYPE_FD", 4, "int")
        return self.add_plain("TYPE_ARRAY", 4 * count, "int *",
                              f", .target = {element}, .n_members = {count}")

    def scalar(self, how, size, c_type):
        """The type for words that need nothing but the value itself."""
        if how[0] in ("enum", "flags"):
            return self.add_named("TYPE_" + how[0].upper(), how[1], size, c_type)
        if how[0] == "fd":
            return self.add_named("TYPE_FD", how[1], 4, c_type) if how[1:] else \
                self.add_plain("TYPE_FD", 4, c_type)
        if how[0] in KINDS:
            return self.add_plain(KINDS[how[0]], size, c_type)
        return fail(f"arguments.tbl: {' '.join(how)!r} is not known")


class Shown:
    """One argument, or the result, as C."""

    def __init__(self, types, c_type, how, names):
        words = how.split()
        self.at_return = words[0] == "out"
        words = words[1:] if self.at_return else words
        self.length = 0
        if words[0] in ("bytes", "sockaddr"):
            self.length = -1 if words[1] == "return" else names.index(words[1]) + 1
            self.type = types.add_plain("TYPE_BYTES", 8, c_type, f", .length_arg = {self.length}")
        elif words[0] == "struct":
            name = " ".join(words)
            if name not in types.structs:
                fail(f"arguments.tbl: structs.tbl has no {name!r}")
            self.type = types.add_plain("TYPE_POINTER", 8, c_type,
                                        f", .target = &{identifier('syscall', name)}")
        elif words[0] == "fds":
            self.type = types.array(int(words[1]))
        else:
            self.type = types.scalar(words, types.size_of(c_type), c_type)


def matches(pattern, text):
    return any(fnmatch.fnmatchcase(text, p) for p in pattern.split("|"))


def find_how(rules, call, argument, c_type):
    for index, rule in enumerate(rules.rules):
        if matches(rule[0], call) and matches(rule[1], argument) and matches(rule[2], c_type):
            rules.used.add(index)
            return rule[3]
    if c_type in rules.types:
        return rules.types[c_type][0]
    return fail(f"arguments.tbl: nothing fits {call}({c_type} {argument})")


# --- writing --------------------------------------------------------------------------------------


def constant_lines(constant, cast, has_mask):
    mask = f", .mask = BITS({constant.mask})" if has_mask and constant.mask != "0" else ""
    entry = f"\t{{.name = {quoted(constant.name)}, .value = {cast}({constant.name}){mask}}},"
    return [f"#ifdef {constant.name}", entry, "#endif"] if constant.is_macro else [entry]


def named_type(types, name):
    group, kind, size, c_type = types.named[name]
    is_bits = kind == "TYPE_FLAGS" or types.is_unsigned(c_type)
    cast = "BITS" if is_bits and kind != "TYPE_FD" else f"(int{size * 8}_t)"
    out = [f"static const struct enumerator {name}_names[] = {{"]
    for constant in types.groups[group].constants:
        out += constant_lines(constant, cast, kind == "TYPE_FLAGS")
    out += ["};", f"const struct type {name} = {{",
            f"\t.kind = {kind}, .size = {size}, .name = {quoted(c_type)},",
            f"\t.enumerators = {name}_names, .n_enumerators = COUNT({name}_names),", "};", ""]
    return out


def include_lines(headers):
    out = []
    for header in headers:
        if header.endswith("?"):
            out += [f"#if __has_include({header[:-1]})", f"#include {header[:-1]}", "#endif"]
        else:
            out.append(f"#include {header}")
    return out


def member_type(types, member):
    """(declarations needed before, expression) of a member's type; its size is asked in C."""
    words = member.how.split()
    if words[0] == "struct":
        return "&" + identifier("syscall", member.how)
    if words[0] in ("flags", "enum"):
        return types.scalar(words, types.size_of(member.c_type), member.c_type)
    kind = "TYPE_FD" if words[0] == "fd" else KINDS[words[0]]
    return (f"&(const struct type){{.kind = {kind}, .size = {types.size_of(member.c_type)}, "
            f".name = {quoted(member.c_type)}}}")


def struct_lines(types, name, members):
    made = identifier("syscall", name)
    out, checks = [f"static const struct type_member {made}_members[] = {{"], []
    for member in members:
        out.append(f"\t{{.name = {quoted(member.name)}, .type = {member_type(types, member)},\n"
                   f"\t .offset = offsetof({name}, {member.name})}},")
        if not member.how.startswith("struct "):
            checks.append(f"_Static_assert(sizeof((({name} *)0)->{member.name}) == "
                          f"{types.size_of(member.c_type)}, {quoted(name + ' ' + member.name)});")
    out += ["};", f"const struct type {made} = {{",
            f"\t.kind = TYPE_STRUCT, .size = sizeof({name}), .name = {quoted(name)},",
            f"\t.members = {made}_members, .n_members = COUNT({made}_members),", "};"]
    return out + checks + [""]


def unit_text(types, unit, struct_headers):
    structs = types.structs if struct_headers else {}
    body = []
    for name, members in structs.items():
        body += struct_lines(types, name, members)
    named = [n for n in types.named if types.groups[types.named[n][0]].unit == unit.name]
    head = [BANNER + "/* No header of the C library that defines struct timeval and the like. */",
            "#include <stddef.h>", '#include "symbols/type.h"']
    head += include_lines(dict.fromkeys(unit.headers + struct_headers)) + [
        "", "#define COUNT(a) (sizeof(a) / sizeof((a)[0]))",
        "/* The bits as they are, not as a sign: 1 << 31 is an int. */",
        "#define BITS(x) (sizeof(x) == 4 ? (int64_t)(uint32_t)(x) : (int64_t)(x))", ""]
    head += [f"extern const struct type {n};" for n in sorted(named)]
    head += [f"extern const struct type {identifier('syscall', n)};" for n in structs]
    for name in sorted(named):
        head += [""] + named_type(types, name)
    return "\n".join(head + body) + "\n"


def call_lines(types, rules, call, number, classes):
    names = [n for _, n in call.arguments]
    how = find_how(rules, call.name, "return", "long")
    result = types.add_plain("TYPE_VOID", 0, "void") if how == "none" else \
        types.scalar([how], 8, "long")
    bits = " | ".join("SYSCALL_" + c.upper() for c in classes.get(call.name, [])) or "0"
    out = ["\t{", f"\t\t.name = {quoted(call.name)}, .number = {number},",
           f"\t\t.n_arguments = {len(names)},", "\t\t.arguments = {"]
    for c_type, name in call.arguments:
        shown = Shown(types, c_type, find_how(rules, call.name, name, c_type), names)
        out.append(f"\t\t\t{{.name = {quoted(name)}, .type = {shown.type}, "
                   f".at_return = {str(shown.at_return).lower()}, .length_arg = {shown.length}}},")
    return out + ["\t\t},", f"\t\t.result = {result},",
                  f"\t\t.no_return = {str(how == 'none').lower()}, .classes = {bits},", "\t},"]


def table_text(types, rules, calls, classes):
    body = []
    for word, macro in (("x86_64", "__x86_64__"), ("arm64", "__aarch64__")):
        chosen = [c for c in calls if getattr(c, word) != "-"]
        body += [f"#ifdef {macro}", "const struct syscall_info syscall_table[] = {"]
        for call in sorted(chosen, key=lambda c, w=word: int(getattr(c, w))):
            body += call_lines(types, rules, call, getattr(call, word), classes)
        body += ["};", "#endif", ""]
    body += ["const size_t syscall_table_count = array_size(syscall_table);"]
    head = [BANNER + '#include "common/array.h"', '#include "kernel/table.h"', ""]
    head += [f"extern const struct type {n};" for n in sorted(types.named)]
    head += [f"extern const struct type {identifier('syscall', n)};" for n in types.structs]
    head += ["", "static const struct type types[] = {"]
    head += [f"\t[{i}] = {text}," for text, i in types.plain.items()] + ["};", ""]
    return "\n".join(head + body) + "\n"


def numbers_text(calls):
    out = [BANNER]
    for name in sorted({c.name for c in calls}):
        out += [f"#ifdef SYS_{name}", f"{{{quoted(name)}, SYS_{name}}},", "#endif"]
    return "\n".join(out) + "\n"


def check_rules_used(rules):
    """A line that fits nothing is a mistake in it, or stands behind one that takes all it fits."""
    for index, rule in enumerate(rules.rules):
        if index not in rules.used:
            fail(f"arguments.tbl: fits nothing: {' '.join(rule)!r}")


def write(directory, name, text):
    with open(os.path.join(directory, name), "w", encoding="utf-8") as file:
        file.write(text)


def main():
    parser = argparse.ArgumentParser(description="Turns the tables of system calls into C.")
    parser.add_argument("tables", help="the directory with the .tbl files")
    parser.add_argument("output", help="the directory for the C files")
    options = parser.parse_args()
    options.output = os.path.abspath(options.output)
    os.chdir(options.tables)
    calls, rules = read_calls("syscalls.tbl"), read_rules("arguments.tbl")
    units, groups = read_constants("constants.tbl")
    structs, struct_headers = read_structs("structs.tbl")
    types = Types(rules, groups, structs)
    write(options.output, "syscall_table.c",
          table_text(types, rules, calls, read_classes("classes.tbl")))
    check_rules_used(rules)
    # The types with constants that only structures use, too, before the units are written.
    for members in structs.values():
        for member in members:
            member_type(types, member)
    for unit in units:
        write(options.output, f"constants_{unit.name}.c",
              unit_text(types, unit, struct_headers if unit is units[0] else []))
    write(options.output, "syscall_numbers.h", numbers_text(calls))


if __name__ == "__main__":
    main()
