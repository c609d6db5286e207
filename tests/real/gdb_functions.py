# SPDX-License-Identifier: Apache-2.0
"""Runs inside of gdb: what gdb knows of the functions that begin at the addresses in $ADDRESSES.

A line of JSON for each: {"address", "name", "file", "line", "params": [[name, type]], "return", "variadic"}; "name" is
missing when no function of the debug information begins there. Types in a form of their own: see types_same.py.
"""

import json
import os

import gdb

NAMED = (gdb.TYPE_CODE_STRUCT, gdb.TYPE_CODE_UNION, gdb.TYPE_CODE_ENUM)


def form(kind, depth=0):
    """The type as words: names, and what is made of them. Typedefs stay what the programmer wrote."""
    if kind is None or depth > 16:
        return "?"
    code = kind.code
    if code == gdb.TYPE_CODE_TYPEDEF:
        return kind.unqualified().name or "?"
    if code == gdb.TYPE_CODE_PTR:
        target = kind.target()
        return "function*" if target.code == gdb.TYPE_CODE_FUNC else form(target, depth + 1) + "*"
    if code == gdb.TYPE_CODE_REF:
        return form(kind.target(), depth + 1) + "&"
    if code == getattr(gdb, "TYPE_CODE_RVALUE_REF", -1):
        return form(kind.target(), depth + 1) + "&&"
    if code == gdb.TYPE_CODE_ARRAY:
        return form(kind.target(), depth + 1) + "[]"
    if code in (gdb.TYPE_CODE_METHODPTR, gdb.TYPE_CODE_MEMBERPTR):
        return "member*"
    if code == gdb.TYPE_CODE_FUNC:
        return "function"
    plain = kind.unqualified()
    return plain.name or plain.tag or ("{}" if code in NAMED else str(plain))


def function_at(address):
    """Of functions in functions (lambdas, inlined ones), the outermost that begins here. Of one in several parts,
    block.start is the lowest address, and its value is where it begins."""
    block, found = gdb.block_for_pc(address), None
    while block is not None and not block.is_static and not block.is_global:
        if block.function is not None and int(block.function.value().address) == address:
            found = block
        block = block.superblock
    return found


def describe(address):
    block = function_at(address)
    if block is None:
        return {"address": address}
    symbol = block.function
    kind = symbol.type
    result = kind.target()
    return {
        "address": address,
        "name": symbol.linkage_name,
        "file": symbol.symtab.filename if symbol.symtab else None,
        "line": symbol.line,
        "params": [[s.name, form(s.type), s.type.strip_typedefs().code in NAMED] for s in block if s.is_argument],
        "return": form(result) if result is not None else "void",
    }


def main():
    with open(os.environ["ADDRESSES"], encoding="ascii") as source:
        addresses = [int(line, 16) for line in source]
    with open(os.environ["FOUND"], "w", encoding="utf-8") as out:
        for address in addresses:
            try:
                found = describe(address)
            except (gdb.error, RuntimeError, AttributeError, UnicodeError) as failure:
                found = {"address": address, "failed": str(failure)}
            out.write(json.dumps(found) + "\n")


main()
