r"""The dotted keys of an experiment file, read by awk: a shell that completes them need not start Python for each key.

It knows as much TOML as experiment files have on lines that start a table or a key: `[table]`, `[[list of tables]]`,
`key = value`, and the keys of an inline table on one line. What it does not know is not completed, and no name with
signs that mean something to a shell is let through.
"""

from __future__ import annotations

from typing import Final

__all__ = ["PROGRAM"]

# The table `sweep` cannot be set, and stands for those whose names are not let through. There is no apostrophe in the
# program, so that all shells can quote it, and no count of repetitions, which old awks do not know.
PROGRAM: Final = r"""
function told(key) { if (table !~ /^sweep[.]/) print table key "=" }
function bare(line) { sub(/#.*/, "", line); gsub(/[][ \t"]/, "", line); return line }
/^[ \t]*\[\[[ \t]*[A-Za-z_][A-Za-z0-9_. \t"-]*\]\][ \t]*(#.*)?$/ {
    name = bare($0); table = name "." (count[name]++ + 0) "."; next
}
/^[ \t]*\[[ \t]*[A-Za-z_][A-Za-z0-9_. \t"-]*\][ \t]*(#.*)?$/ { table = bare($0) "."; next }
/^[ \t]*\[+[ \t]*["A-Za-z_][^,]*\][ \t]*(#.*)?$/ { table = "sweep."; next }
/^[ \t]*[A-Za-z_][A-Za-z0-9_.-]*[ \t]*=/ {
    key = $0; sub(/[ \t]*=.*/, "", key); sub(/^[ \t]*/, "", key); told(key)
    rest = $0; sub(/^[^=]*=[ \t]*/, "", rest)
    if (rest !~ /^[{]/) next
    gsub(/"[^"]*"/, "", rest); rest = substr(rest, 2); gsub(/[{][^{}]*[}]/, "", rest); sub(/[}].*/, "", rest)
    while (match(rest, /[A-Za-z_][A-Za-z0-9_-]*[ \t]*=/)) {
        inner = substr(rest, RSTART, RLENGTH); gsub(/[ \t=]/, "", inner); told(key "." inner)
        rest = substr(rest, RSTART + RLENGTH)
    }
}
"""
