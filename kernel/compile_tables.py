#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""
Turns the tables of system calls into C, at build time:

  syscalls.tbl, classes.tbl   numbers, names, arguments, classes (made by generate_syscalls.py)
  arguments.tbl               how arguments and results are read and shown
  constants.tbl, structs.tbl  names of flags and commands, members of structures
  choices.tbl                 arguments whose meaning depends on another one

Every value of a constant, offset and size comes from the C compiler and the system's headers; this
script only writes down the question. Output files, in the directory given:

  syscall_table.c             the table itself
  constants_UNIT.c            types with names of constants, structures and choices, one file per
                              unit of constants.tbl
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
Member = collections.namedtuple("Member", "name c_type how condition")
Struct = collections.namedtuple("Struct", "unit c_type members length_size")
Choice = collections.namedtuple("Choice", "keys c_type how")
Rules = collections.namedtuple("Rules", "types rules used")
Call = collections.namedtuple("Call", "x86_64 arm64 name arguments")

KINDS = {"int": "TYPE_INT", "uint": "TYPE_UINT", "hex": "TYPE_HEX", "octal": "TYPE_OCTAL",
         "pointer": "TYPE_POINTER", "string": "TYPE_STRING", "device": "TYPE_DEVICE",
         "id": "TYPE_ID", "fd": "TYPE_FD", "char": "TYPE_CHAR", "signal": "TYPE_SIGNAL",
         "signals": "TYPE_SIGNAL_SET", "wait_status": "TYPE_WAIT_STATUS"}
# Those with the names of a group.
NAMED = {"enum": "TYPE_ENUM", "flags": "TYPE_FLAGS", "mode": "TYPE_MODE"}
FILLED = {"out": "FILLED_BY_SUCCESS", "given": "FILLED_BY_SUCCESS", "found": "FILLED_BY_RESULT",
          "left": "FILLED_BY_INTERRUPT", "after": "FILLED_ANYWAY"}
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


def read_structs(path, units):
    structs, current = collections.OrderedDict(), None
    names = {unit.name: unit for unit in units}
    for line in lines_of(path):
        fields = line.strip().split("\t")
        if not line.startswith("\t"):
            unit = fields[2] if fields[2:] else units[0].name
            c_type = fields[3] if fields[3:] and fields[3] else fields[0]
            length_size = fields[4] if fields[4:] else 0
            current = structs.setdefault(fields[0], Struct(unit, c_type, [], length_size)).members
            names[unit].headers.extend(fields[1].split())
        else:
            current.append(Member(*fields, *[""] * (4 - len(fields))))
    return structs


def read_choices(path):
    choices, unit = collections.OrderedDict(), None
    for line in lines_of(path):
        fields = line.strip().split("\t")
        if not line.startswith("\t"):
            name, unit = fields
            choices[name] = (unit, [])
        else:
            choices[name][1].append(Choice(re.findall(r"\([^)]*\)|\S+", fields[0]), *fields[1:]))
    return choices


# --- C types --------------------------------------------------------------------------------------


def quoted(text):
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def identifier(*words):
    return re.sub(r"\W+", "_", "_".join(str(w) for w in words).replace("*", "pointer"))


class Types:
    """All struct type objects: plain ones in the table's file, those with constants in a unit's."""

    def __init__(self, rules, groups, structs, choices):
        self.rules, self.groups, self.structs, self.choices = rules, groups, structs, choices
        self.plain = {}      # initialiser -> index
        self.named = {}      # identifier -> (group, kind, size, c_type)
        self.chosen = {}     # choice -> names of the arguments of the calls that have it

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
        return f"&syscall_types[{self.plain.setdefault(text, len(self.plain))}]"

    def add_named(self, kind, group, size, c_type):
        if group not in self.groups:
            fail(f"arguments.tbl: constants.tbl has no group {group!r}")
        name = identifier("syscall_type", kind[5:].lower(), group, size, c_type)
        self.named[name] = (group, kind, size, c_type)
        return "&" + name

    def struct(self, how):
        if how not in self.structs:
            fail(f"structs.tbl has no {how!r}")
        return "&" + identifier("syscall", how)

    def scalar(self, how, size, c_type):
        """The type for words that need nothing but the value itself."""
        if how[0] in NAMED:
            return self.add_named(NAMED[how[0]], how[1], size, c_type)
        if how[0] == "fd":
            return self.add_named("TYPE_FD", how[1], 4, c_type) if how[1:] else \
                self.add_plain("TYPE_FD", 4, c_type)
        if how[0] in KINDS:
            return self.add_plain(KINDS[how[0]], size, c_type)
        return fail(f"{' '.join(how)!r} is not known")

    def behind(self, how, c_type):
        """The type of what a pointer leads to: a structure, or else what its C type says."""
        if how[0] == "struct":
            return self.struct(" ".join(how))
        element = re.sub(r"\bconst |\s*\*$", "", c_type).strip()
        return self.scalar(how, self.size_of(element), element)

    def array(self, how, c_type, count):
        return self.add_plain("TYPE_ARRAY", 0, c_type,
                              f", .target = {self.behind(how, c_type)}, .n_members = {count}")

    def pointer(self, target, c_type):
        return self.add_plain("TYPE_POINTER", 8, c_type, f", .target = {target}")


class Shown:
    """One argument, or the result, as C. `names`: of the arguments of its call."""

    def __init__(self, types, c_type, how, names):
        words = how.split()
        self.fields = {}
        if words[0] in FILLED:
            self.fields = {"at_return": "true", "filled_by": FILLED[words[0]]}
        if words[0] in ("both", "given"):
            self.fields["both"] = "true"
        words = words[1:] if self.fields else words
        self.types, self.c_type, self.names = types, c_type, names
        make = getattr(self, "make_" + words[0], None)
        self.type = make(words[1:]) if make else types.scalar(words, types.size_of(c_type), c_type)

    def set_length(self, word):
        if not word.isdigit():
            self.fields["length_arg"] = -1 if word == "return" else self.names.index(word) + 1
        return word if word.isdigit() else 0

    def make_bytes(self, words):
        self.set_length(words[0])
        extra = f", .length_arg = {self.fields['length_arg']}"
        if words[1:2] == ["choose"]:
            self.make_choose(words[2:])
        elif words[1:]:
            self.fields["at_most_arg"] = self.names.index(words[1]) + 1
        return self.types.add_plain("TYPE_BYTES", 8, self.c_type, extra)

    make_sockaddr = make_bytes

    def make_struct(self, words):
        return self.types.pointer(self.types.struct(" ".join(["struct"] + words)), self.c_type)

    def make_to(self, words):
        return self.types.pointer(self.types.behind(words, self.c_type), self.c_type)

    def make_array(self, words):
        count = self.set_length(words[0])
        return self.types.pointer(self.types.array(words[1:], self.c_type, count), self.c_type)

    def make_text(self, words):
        char = self.types.add_plain("TYPE_CHAR", 1, "char")
        text = self.types.add_plain("TYPE_ARRAY", words[0], "char []",
                                    f", .target = {char}, .n_members = {words[0]}")
        return self.types.pointer(text, self.c_type)

    def make_strings(self, _):
        self.fields["shape"] = "SHAPE_STRINGS"
        string = self.types.add_plain("TYPE_STRING", 8, "char *")
        return self.types.add_plain("TYPE_ARRAY", 8, self.c_type, f", .target = {string}")

    def make_count(self, words):
        self.fields["shape"] = "SHAPE_COUNT"
        return self.types.pointer(self.types.add_plain("TYPE_COUNT", 8, words[0]), self.c_type)

    def make_buffers(self, words):
        self.fields["shape"] = "SHAPE_BUFFERS"
        self.set_length(words[0])
        return self.types.add_plain("TYPE_ARRAY", 8, self.c_type,
                                    f", .target = {self.types.struct('struct iovec')}")

    def make_headed(self, words):
        self.fields["shape"] = "SHAPE_HEADED"
        self.set_length(words[0])
        return self.make_struct(words[2:])

    def make_message(self, _):
        self.fields["shape"] = "SHAPE_MESSAGE"
        return self.types.pointer(self.types.struct("struct msghdr"), self.c_type)

    def make_messages(self, words):
        self.fields["shape"] = "SHAPE_MESSAGES"
        self.set_length(words[0])
        return self.types.pointer(self.types.array(["struct", "mmsghdr"], self.c_type, 0), self.c_type)

    def make_bits(self, words):
        self.fields["shape"] = "SHAPE_BITS"
        self.set_length(words[0])
        return self.types.add_plain("TYPE_BIT_SET", 8, self.c_type)

    def make_bitmap(self, words):
        self.make_bits(words)
        self.fields["shape"] = "SHAPE_BITMAP"
        return self.types.add_plain("TYPE_BIT_SET", 8, self.c_type)

    def make_pages(self, words):
        self.fields["shape"] = "SHAPE_PAGES"
        return self.make_array([words[0], "uint"])

    def make_entries(self, _):
        self.fields["shape"] = "SHAPE_ENTRIES"
        return self.types.pointer(self.types.add_plain("TYPE_COUNT", 8, "entries"), self.c_type)

    def make_socket(self, _):
        self.fields["shape"] = "SHAPE_SOCKET"
        return self.types.scalar(["fd"], 4, self.c_type)

    def make_mask(self, _):
        self.fields["shape"] = "SHAPE_MASK"
        return self.types.pointer(self.types.struct("struct sigset_argpack"), self.c_type)

    def make_choose(self, words):
        """NAME ARGUMENT HOW, the last for what no choice fits."""
        if words[0] not in self.types.choices:
            fail(f"choices.tbl has no {words[0]!r}")
        index = self.names.index(words[1])
        if self.types.chosen.setdefault(words[0], self.names)[index] != words[1]:
            fail(f"choices.tbl: {words[0]} is used by calls with other arguments")
        self.fields["chosen_by"] = index + 1
        self.fields["choices"] = "&" + identifier("syscall_choices", words[0])
        if not words[2:]:
            return None
        return self.types.scalar(words[2:], self.types.size_of(self.c_type), self.c_type)

    def text(self):
        fields = [f".type = {self.type}"] + [f".{k} = {v}" for k, v in self.fields.items()]
        return ", ".join(fields)


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
    name, _, value = constant.name.partition("=")
    shifted = name.startswith("1<<")
    asked = name[3:] if shifted else name.partition("(")[0]
    value = value or (f"(UINT64_C(1) << ({asked}))" if shifted else name)
    given = name.partition("(")[2].rstrip(")").split(",")
    if asked == "htons":  # a function, no constant; the other one calls one
        asked, value = given[0], f"__builtin_bswap16({given[0]})"
    elif asked == "IOPRIO_PRIO_VALUE":
        value = f"({given[0]} << IOPRIO_CLASS_SHIFT | {given[1]})"
    entry = f"\t{{.name = {quoted(name.replace(',', ', '))}, .value = {cast}({value}){mask}}},"
    return [f"#ifdef {asked}", entry, "#endif"] if constant.is_macro and "=" not in constant.name else [entry]


def named_type(types, name):
    group, kind, size, c_type = types.named[name]
    is_bits = kind in ("TYPE_FLAGS", "TYPE_MODE") or types.is_unsigned(c_type)
    cast = "BITS" if is_bits and kind != "TYPE_FD" else f"(int{size * 8}_t)"
    out = [f"static const struct enumerator {name}_names[] = {{"]
    for constant in types.groups[group].constants:
        out += constant_lines(constant, cast, kind != "TYPE_ENUM")
    out += ["};", f"const struct type {name} = {{",
            f"\t.kind = {kind}, .size = {size}, .name = {quoted(c_type)},",
            f"\t.enumerators = {name}_names, .n_enumerators = COUNT({name}_names),", "};", ""]
    return out


def include_lines(headers):
    return [line for header in headers for line in (
        [f"#if __has_include({header[:-1]})", f"#include {header[:-1]}", "#endif"] if header.endswith("?")
        else [f"#include {header}"])]


def shown_name(member):
    return member.name.partition(":")[0]


def c_name(member):
    return member.name.partition(":")[2] or member.name


def rest_type(types, words, member):
    """Of what follows, up to the end of the structure: bytes, or an array."""
    if words[0] in ("bytes", "sockaddr"):
        return types.add_plain("TYPE_BYTES", 0, member.c_type)
    if words[0] == "struct":
        return types.struct(" ".join(words))
    element = types.scalar(words[2:], 4, "int")
    return types.add_plain("TYPE_ARRAY", 0, member.c_type, f", .target = {element}")


def member_type(types, name, member):
    """The expression of a member's type; its size is asked in C."""
    words = member.how.split()
    size = f"sizeof((({name} *)0)->{c_name(member)})"
    if words[0] == "rest":
        return rest_type(types, words[1:], member)
    if words[0] == "controls":
        return types.add_plain("TYPE_ARRAY", 0, "struct cmsghdr []",
                               f", .target = {types.struct('struct cmsghdr')}")
    if words[0] == "struct":
        return types.struct(member.how)
    if words[0] in NAMED:
        return types.scalar(words, types.size_of(member.c_type), member.c_type)
    if words[0] == "halves":
        return types.scalar(words[1:], 8, "__u64")
    if words[0] == "text":
        return ("&(const struct type){.kind = TYPE_ARRAY, .name = \"char []\",\n\t .target = "
                f"{types.add_plain('TYPE_CHAR', 1, 'char')}, .size = {size}, .n_members = {size}}}")
    if words[0] in ("bytes", "sockaddr"):
        return types.add_plain("TYPE_BYTES", 8, member.c_type, ", .length_arg = 1")
    if words[0] == "buffers":
        return types.add_plain("TYPE_ARRAY", 8, member.c_type,
                               f", .target = {types.struct('struct iovec')}")
    if words[0] == "array":
        element = types.scalar(words[1:], types.size_of(member.c_type), member.c_type)
        return ("&(const struct type){.kind = TYPE_ARRAY, .name = "
                f"{quoted(member.c_type + ' []')}, .target = {element},\n\t .size = {size}}}")
    return (f"&(const struct type){{.kind = {KINDS[words[0]]}, .size = {types.size_of(member.c_type)}, "
            f".name = {quoted(member.c_type)}}}")


def condition_text(name, member):
    """`if MEMBER & MASK == VALUE`, or unless."""
    if not member.condition:
        return "{0}"
    if member.condition == "else":
        return "{.offset = TYPE_CONDITION_ELSE}"
    word, other, _, mask, _, value = member.condition.split()
    return (f"{{.offset = offsetof({name}, {other}), .mask = BITS({mask}), .value = BITS({value}), "
            f".is_not = {str(word == 'unless').lower()}}}")


def struct_lines(types, name, struct):
    made = identifier("syscall", name)
    name, members = struct.c_type, struct.members
    abbreviated = members[-1].name == "..."
    members = members[:-1] if abbreviated else members
    out, checks = [f"static const struct type_member {made}_members[] = {{"], []
    for member in members:
        words = member.how.split()
        out.append(f"\t{{.name = {quoted(shown_name(member))}, .type = {member_type(types, name, member)},\n"
                   f"\t .offset = offsetof({name}, {c_name(member)})}},")
        if words[0] not in ("struct", "text", "array", "rest", "controls", "halves"):
            checks.append(f"_Static_assert(sizeof((({name} *)0)->{c_name(member)}) == "
                          f"{types.size_of(member.c_type)}, {quoted(name + ' ' + member.name)});")
    in_halves = any(m.how.startswith("halves") for m in members)
    times = "2 * " if in_halves else ""
    conditions = "NULL"
    if any(m.condition for m in members):
        conditions = made + "_conditions"
        out += ["};", f"static const struct type_condition {conditions}[] = {{"]
        out += [f"\t{condition_text(name, m)}," for m in members]
    out += ["};", f"const struct type {made} = {{",
            f"\t.kind = TYPE_STRUCT, .size = {times}sizeof({name}), .name = {quoted(name)},",
            f"\t.members = {made}_members, .n_members = COUNT({made}_members),",
            f"\t.conditions = {conditions}, .abbreviated = {str(abbreviated).lower()},",
            f"\t.length_size = {struct.length_size}, .in_halves = {str(in_halves).lower()},", "};"]
    return out + checks + [""]


def choice_lines(types, name, choices):
    made = identifier("syscall_choices", name)
    if name not in types.chosen:
        fail(f"choices.tbl: nothing uses {name!r}, or only something above it")
    out = [f"static const struct syscall_choice {made}_items[] = {{"]
    for choice in choices:
        argument = "NULL"
        if choice.how != "none":
            shown = Shown(types, choice.c_type, choice.how, types.chosen[name])
            argument = f"&(const struct syscall_argument){{{shown.text()}}}"
        for key in choice.keys:
            item = f"\t{{.key = BITS({key}), .argument = {argument}}},"
            out += [f"#ifdef {key}", item, "#endif"] if re.fullmatch(r"[A-Za-z_]\w*", key) else [item]
    return out + ["};", f"const struct syscall_choices {made} = {{{made}_items, COUNT({made}_items)}};",
                  ""]


def unit_text(types, unit, body):
    named = [n for n in types.named if types.groups[types.named[n][0]].unit == unit.name]
    head = [BANNER + "/* No header of the C library that defines struct timeval and the like. */",
            "#include <stddef.h>", '#include "kernel/argument.h"', '#include "probe/value.h"']
    head += include_lines(dict.fromkeys(unit.headers)) + [
        "", "#define COUNT(a) (sizeof(a) / sizeof((a)[0]))",
        "/* The bits as they are, not as a sign: 1 << 31 is an int. */",
        "#define BITS(x) (sizeof(x) == 4 ? (int64_t)(uint32_t)(unsigned long)(x) : (int64_t)(x))", ""]
    head += extern_lines(types)
    for name in sorted(named):
        head += [""] + named_type(types, name)
    return "\n".join(head + body) + "\n"


def extern_lines(types):
    out = ["extern const struct type syscall_types[];"]
    out += [f"extern const struct type {n};" for n in sorted(types.named)]
    out += [f"extern const struct type {identifier('syscall', n)};" for n in types.structs]
    return out + [f"extern const struct syscall_choices {identifier('syscall_choices', n)};"
                  for n in types.choices]


def call_lines(types, rules, call, number, classes):
    names = [n for _, n in call.arguments]
    how = find_how(rules, call.name, "return", "long")
    result = Shown(types, "long", "int" if how == "none" else how, names)
    if how == "none":
        result.type = types.add_plain("TYPE_VOID", 0, "void")
    bits = " | ".join("SYSCALL_" + c.upper() for c in classes.get(call.name, [])) or "0"
    out = ["\t{", f"\t\t.name = {quoted(call.name)}, .number = {number},",
           f"\t\t.n_arguments = {len(names)},", "\t\t.arguments = {"]
    for c_type, name in call.arguments:
        shown = Shown(types, c_type, find_how(rules, call.name, name, c_type), names)
        out.append(f"\t\t\t{{.name = {quoted(name)}, {shown.text()}}},")
    return out + ["\t\t},", f"\t\t.result = {{.name = \"\", {result.text()}}},",
                  f"\t\t.no_return = {str(how == 'none').lower()}, .classes = {bits},", "\t},"]


def table_lines(types, rules, calls, classes):
    body = []
    for word, macro in (("x86_64", "__x86_64__"), ("arm64", "__aarch64__")):
        chosen = [c for c in calls if getattr(c, word) != "-"]
        body += [f"#ifdef {macro}", "const struct syscall_info syscall_table[] = {"]
        for call in sorted(chosen, key=lambda c, w=word: int(getattr(c, w))):
            body += call_lines(types, rules, call, getattr(call, word), classes)
        body += ["};", "#endif", ""]
    return body + ["const size_t syscall_table_count = array_size(syscall_table);"]


def table_text(types, body):
    head = [BANNER + '#include "common/array.h"', '#include "kernel/table.h"', ""]
    head += extern_lines(types) + ["", "const struct type syscall_types[] = {"]
    head += [f"\t[{i}] = {text}," for text, i in types.plain.items()] + ["};", ""]
    return "\n".join(head + body) + "\n"


def unit_lines(types, unit):
    body = []
    for name, struct in types.structs.items():
        if struct.unit == unit.name:
            body += struct_lines(types, name, struct)
    for name, (of, choices) in types.choices.items():
        if of == unit.name:
            body += choice_lines(types, name, choices)
    return body


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
    types = Types(rules, groups, read_structs("structs.tbl", units), read_choices("choices.tbl"))
    # Everything first, because types are found on the way; then the files.
    table = table_lines(types, rules, calls, read_classes("classes.tbl"))
    bodies = [unit_lines(types, unit) for unit in units]
    check_rules_used(rules)
    write(options.output, "syscall_table.c", table_text(types, table))
    for unit, body in zip(units, bodies):
        write(options.output, f"constants_{unit.name}.c", unit_text(types, unit, body))
    write(options.output, "syscall_numbers.h", numbers_text(calls))


if __name__ == "__main__":
    main()
