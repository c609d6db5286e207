#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Holds help, man page and completions against the options that cli/options/options.c has.

    options.py ROOT [UTRAIL]    check the tree, and the program's own --help; prints each difference,
                                exit status 1
    options.py --self-test ROOT    check that every kind of difference is found

What is compared: letters, long names, names of values, the words that a value may be, and commands.
"""
import pathlib
import re
import subprocess
import sys

ENTRY = re.compile(
    r'\{(NULL|"(?P<long>[^"]+)"),\s*(?:\'(?P<short>.)\'|KEY_\w+),\s*(NULL|"(?P<value>[^"]+)"),\s*(?P<flags>\w+),'
)
WORDS = re.compile(r'static const char \*const (\w+)\[\] = \{([^}]*)\};')
CHOICE = re.compile(r'parse_choice\("--([\w-]+)", text, (\w+)')


def option_key(short, long, value):
    """How an option is written in a man page: "-p, --pid=PID", "--redact[=PATTERN]"."""
    names = ([f"-{short}"] if short else []) + ([f"--{long}"] if long else [])
    return ", ".join(names) + (value if is_optional(value) else f"={value}" if value else "")


def is_optional(value):
    return bool(value) and value.startswith("[")


class Tree:
    """The texts that are compared; the self-test changes them."""

    def __init__(self, root):
        self.options = (root / "cli/options/options.c").read_text()
        self.short_help = (root / "cli/options/help.c").read_text()
        self.man = (root / "docs/utrail.1").read_text()
        self.bash = (root / "completions/utrail.bash").read_text()
        self.zsh = (root / "completions/_utrail").read_text()


# --- cli/options/options.c: what there is -------------------------------------------------------------------


def table(tree):
    """(short, long, value) of each option that is shown."""
    text = tree.options.split("option_table[] = {", 1)[1].split("\n};", 1)[0]
    found = [m.groupdict() for m in ENTRY.finditer(text)]
    if len(found) != text.count('", \'') + text.count("NULL, '") + text.count("KEY_"):
        raise SystemExit("options.py: cannot read the table of cli/options/options.c")
    for option in found:
        if option["flags"] == "OPTION_ARG_OPTIONAL":
            option["value"] = f"[={option['value']}]"
    return [(o["short"], o["long"], o["value"]) for o in found if o["flags"] != "OPTION_HIDDEN"]


def flags(tree):
    """All names: "-p", "--pid", ..."""
    names = set()
    for short, long, _ in table(tree):
        names |= ({f"-{short}"} if short else set()) | ({f"--{long}"} if long else set())
    return names


def word_lists(tree):
    return {name: re.findall(r'"([^"]*)"', words) for name, words in WORDS.findall(tree.options)}


def choices(tree):
    """The words that options take: {"--color": ["auto", ...]}."""
    lists = word_lists(tree)
    return {f"--{option}": lists[name] for option, name in CHOICE.findall(tree.options)}


def commands(tree):
    return word_lists(tree)["command_names"]


# --- the others: what they say ----------------------------------------------------------------------


def plain(roff):
    """Text of a roff line: without fonts and escapes."""
    return re.sub(r"\\f.", "", roff).replace("\\-", "-")


def man_section(tree, name):
    return tree.man.split(f"\n.SH {name}\n", 1)[1].split("\n.SH ", 1)[0]


def man_entries(tree, section):
    """What stands behind each .TP, and the text up to the next one."""
    parts = man_section(tree, section).split("\n.TP\n")[1:]
    return [(plain(part.split("\n", 1)[0]), plain(part)) for part in parts]


def differences(where, said, real):
    for item in sorted(real - said):
        yield f"{where}: '{item}' is missing"
    for item in sorted(said - real):
        yield f"{where}: there is no '{item}'"


def check_man(tree):
    real = {option_key(*option) for option in table(tree)}
    entries = man_entries(tree, "OPTIONS")
    yield from differences("man page", {head for head, _ in entries}, real)
    for head, text in entries:
        for option, words in choices(tree).items():
            if head.startswith(f"{option}="):
                for word in words:
                    if not re.search(rf"\b{word}\b", text.split("\n", 1)[1]):
                        yield f"man page: '{head}' does not name '{word}'"
    said = {head.split(" ", 1)[0] for head, _ in man_entries(tree, "COMMANDS")}
    yield from differences("man page, commands", said, set(commands(tree)))


def check_short_help(tree):
    """It need not name everything, but what it names must be there."""
    text = tree.short_help.split("short_text[] =", 1)[1].split(";\n", 1)[0]
    known = flags(tree) | {"-tt", "-ttt", "--"}
    for name in set(re.findall(r"(?<![\w-])--?[a-zA-Z][\w-]*|(?<= )--(?= )", text)) - known:
        yield f"short help: there is no '{name}'"


def complete(tree, line):
    """What bash offers at the end of the line."""
    script = tree.bash + (
        '\nCOMP_LINE=$1 COMP_POINT=${#1} COMP_WORDBREAKS=" "; read -ra COMP_WORDS <<<"$1"\n'
        'COMP_CWORD=${#COMP_WORDS[@]}; _utrail; printf "%s\\n" "${COMPREPLY[@]}"\n'
    )
    done = subprocess.run(
        ["bash", "-c", script, "bash", line], capture_output=True, text=True, check=True, timeout=20
    )
    return set(done.stdout.split()) - {"--"}  # begins a command, always


def check_bash(tree):
    yield from differences("bash completion", complete(tree, "utrail -"), flags(tree))
    yield from differences("bash completion, commands", complete(tree, "utrail "), set(commands(tree)))
    for option, words in choices(tree).items():
        where = f"bash completion, {option}"
        said = complete(tree, f"utrail {option}=")
        yield from differences(where, said, {f"{option}={word}" for word in words})
        yield from differences(where, complete(tree, f"utrail {option} "), set(words))
    for short, long, value in table(tree):
        # Where a value is expected, no command is.
        name = f"--{long}" if long else f"-{short}"
        offers_commands = set(commands(tree)) <= complete(tree, f"utrail {name} ")
        takes_value = bool(value) and not is_optional(value)
        if offers_commands == takes_value:
            yield f"bash completion: {name} takes {'a' if takes_value else 'no'} value"


def check_zsh(tree):
    lines = [line for line in tree.zsh.splitlines() if re.match(r"  '[^1*]|  '\*['-]", line)]
    said = set()
    for line in lines:
        braces = re.search(r"\{([^}]*)\}", line)
        names = braces[1].split(",") if braces else re.findall(r"'\*?(?:\([^)]*\))?(--?[\w-]+=?)", line)
        names = [name.rstrip("+") for name in names]
        value = re.search(r"\]:(\w+):", line)
        optional = re.search(r"=-\[.*\]::(\w+):", line)
        suffix = f"[={optional[1]}]" if optional else f"={value[1]}" if value else ""
        said.add(", ".join(name.rstrip("=") for name in names) + suffix)
        value = value or optional
        if bool(value) != names[-1].endswith("="):
            yield f"zsh completion: '{names[-1]}' and its value do not go together"
    yield from differences("zsh completion", said, {option_key(*option) for option in table(tree)})
    for option, words in choices(tree).items():
        if f"({' '.join(words)})'" not in next((line for line in lines if f"{option}=[" in line), ""):
            yield f"zsh completion: '{option}' takes {' '.join(words)}"
    own = tree.zsh.split("own=(\n", 1)[1].split(")\n", 1)[0]
    yield from differences("zsh completion, commands", set(re.findall(r"'(\w+):", own)), set(commands(tree)))


def check_program(tree, program):
    """The table is what argp prints, unless the program is not built from it."""
    text = subprocess.run([program, "--help"], capture_output=True, text=True, check=True, timeout=20).stdout
    said = set(re.findall(r"^  (?:    )?((?:-\w(?:, )?)?(?:--[\w-]+(?:=\w+|\[=\w+\])?)?)(?: |$)", text, re.M)) - {""}
    yield from differences("--help", said, {option_key(*option) for option in table(tree)})


def all_differences(tree):
    for check in (check_man, check_short_help, check_bash, check_zsh):
        yield from check(tree)


# --- does the checker check? ------------------------------------------------------------------------

NEW = '\t{"brand-new", \'n\', "THING", 0, "doc", 3},\n\t{"max-events"'
DAMAGE = (
    # text, what is replaced by what, and who must notice
    ("options", '\t{"max-events"', NEW, ("man page: '-n", "bash completion: '-n'", "zsh completion: '-n")),
    ("options", '"trampoline", "site"', '"trampoline", "place"', ("man page", "bash", "zsh")),
    ("options", '"explain", "check"', '"explain", "verify"', ("man page, c", "bash completion, c", "zsh completion, c")),
    ("man", "\\fB\\-p\\fR, ", "", ("man page: '-p",)),
    ("man", "\\-\\-duration\\fR=\\fISECONDS", "\\-\\-duration\\fR=\\fIMINUTES", ("man page",)),
    ("short_help", "--json", "--jason", ("short help: there is no '--jason'",)),
    ("bash", "--fail-on-loss ", "", ("bash completion: '--fail-on-loss' is missing",)),
    ("bash", "-o | --output | --format", "-o | --format", ("bash completion: --output takes a value",)),
    ("zsh", "--duration=[", "--duration[", ("zsh completion",)),
    ("zsh", "'check:", "'ckeck:", ("zsh completion, commands",)),
)


def self_test(root):
    failed = 0
    for name, old, new, expected in DAMAGE:
        tree = Tree(root)
        text = getattr(tree, name)
        if old not in text:
            raise SystemExit(f"options.py: '{old}' is not in {name} any more")
        setattr(tree, name, text.replace(old, new, 1))
        found = list(all_differences(tree))
        for start in expected:
            if not any(line.startswith(start) for line in found):
                print(f"not noticed: '{old}' -> '{new}', as '{start}...'; but: {found}")
                failed += 1
    return failed


def main(arguments):
    if arguments[0] == "--self-test":
        return 1 if self_test(pathlib.Path(arguments[1])) else 0
    tree = Tree(pathlib.Path(arguments[0]))
    found = list(all_differences(tree))
    if len(arguments) > 1:
        found += check_program(tree, arguments[1])
    print("\n".join(found), end="\n" if found else "")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
