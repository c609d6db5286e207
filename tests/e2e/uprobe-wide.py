# SPDX-License-Identifier: Apache-2.0
"""Characters of more than a byte, and text of them: as the program's own library writes them."""

from typed import CHARACTERS, CONTAINERS, check, compiled
from utrail import run, same, trace_target

WIDE = CONTAINERS["wide"]


def characters():
    for compiler in ("gcc", "clang"):
        for program in compiled(f"characters-{compiler}"):
            check(program, CHARACTERS)


def strings():
    for name in ("wide-g++", "wide-g++-old", "wide-clang++", "wide-libc++"):
        for program in compiled(name):
            check(program, WIDE)


def bytes_of_cxx20():
    for name in ("wide-g++-20", "wide-clang++-20"):
        for program in compiled(name):
            check(program, ["letters", "bytes", *WIDE[1:]])


def as_json():
    """Text is text; where something is no character, all are numbers."""
    for program in compiled("characters-gcc"):
        _, trace = trace_target(program, [], [f"{program}:damage", f"{program}:labels", f"{program}:letters"])
        (damage,) = trace.calls("damage")
        wanted = {"high": [0xD83D, 0x78, 0xD83D], "low": [0xDE00, 9, 0x200B], "beyond": [0xD800, 0x110000, 1]}
        same(damage["args"]["what"], {name: {"codes": codes} for name, codes in wanted.items()}, "broken text")
        (labels,) = trace.calls("labels")
        text = labels["args"]["label"]
        same((text["name"], text["path"], text["all"]), ('café "1"', "/😀€", "abc"), "text")
        same(trace.calls("letters")[1]["args"], dict.fromkeys(("wide", "half", "full", "own"), "ä"), "letters")
        same(trace.calls("letters")[5]["args"]["half"], 0xD83D, "half of a character")


def shown(text):
    return text["str"] if isinstance(text, dict) else text


def limits():
    """-s counts units: half a character is left out."""
    for limit, wanted in (("7", [6, 3, 7, 4]), ("2", [2, 1, 2, 2]), ("300", [6, 3, 256, 4])):
        for program in compiled("characters-gcc"):
            _, trace = trace_target(program, [], [f"{program}:pointers"], "-s", limit)
            (call,) = trace.calls("pointers")
            texts = [*list(call["args"].values())[:3], call["args"]["named"]["name"]]
            lengths = [len(shown(text)) for text in texts]
            lengths[1] = len(shown(texts[1]).encode("utf-16-le")) // 2
            same(lengths, wanted, f"units with -s {limit}")
            cut = [isinstance(text, dict) for text in texts]
            same(cut, [limit == "2", limit == "2", limit != "300", limit == "2"], f"texts cut with -s {limit}")


def conditions():
    """Numbers they are, and the size of a string counts its characters."""
    for program in compiled("characters-gcc"):
        _, trace = trace_target(program, [], [f"{program}:letters if half == 0xff21 || own == 10"])
        same([call["args"]["half"] for call in trace.calls("letters")], ["Ａ", 0xD83D], "letters by number")
    for name in ("wide-g++", "wide-libc++"):
        for program in compiled(name):
            _, trace = trace_target(program, [], [f"{program}:texts if half.size() == 12 || wide.size() > 299"])
            same([len(call["args"]["full"]) for call in trace.calls("texts")[:1]], [12], "texts by their size")
            same(len(trace.calls("texts")), 2, "texts of these sizes")


run(characters, strings, bytes_of_cxx20, as_json, limits, conditions)
