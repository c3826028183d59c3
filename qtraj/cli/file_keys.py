r"""The dotted keys of an experiment file, read by awk: a shell that completes them need not start Python for each key.

It knows as much TOML as experiment files have on lines that start a table or a key: `[table]`, `[[list of tables]]`,
`key = value`, and the keys of an inline table on one line. What it does not know is not completed.

The file may be anybody's, and need not even be text. So what is printed is held against a list of letters that mean
nothing to any shell, key by key, however it was found; and the scripts run awk with `LC_ALL=C`, because elsewhere a `.`
matches no byte that is invalid in the locale's encoding.
"""

from __future__ import annotations

from typing import Final

__all__ = ["PROGRAM"]

# The table `sweep` cannot be set. A table whose name is not let through is called `?`, which keeps its keys back too.
# There is no apostrophe in the program, so that all shells can quote it, and no count of repetitions, which old awks do
# not know.
PROGRAM: Final = r"""
function told(end) {
    end = table end
    if (end ~ /^[A-Za-z0-9_-]+([.][A-Za-z0-9_-]+)*$/ && end !~ /^sweep[.]/) print end "="
}
function named(line) {
    sub(/[ \t]*(#.*)?$/, "", line); gsub(/^[ \t]*\[+[ \t]*|[ \t]*\]+$/, "", line); gsub(/[ \t]*[.][ \t]*/, ".", line)
    if (line !~ /^("[A-Za-z0-9_-]+"|[A-Za-z0-9_-]+)([.]("[A-Za-z0-9_-]+"|[A-Za-z0-9_-]+))*$/) return "?"
    gsub(/"/, "", line); return line
}
/^[ \t]*\[[ \t]*\[[ \t]*[^][0-9+.,{} \t-][^,]*\][ \t]*\][ \t]*(#.*)?$/ {
    name = named($0); table = name "." (count[name]++ + 0) "."; next
}
/^[ \t]*\[[ \t]*[^][0-9+.,{} \t-][^,]*\][ \t]*(#.*)?$/ { table = named($0) "."; next }
/^[ \t]*[A-Za-z_][A-Za-z0-9_.-]*[ \t]*=/ {
    match($0, /[A-Za-z_][A-Za-z0-9_.-]*/); key = substr($0, RSTART, RLENGTH); told(key)
    rest = $0; sub(/^[^=]*=[ \t]*/, "", rest)
    if (rest !~ /^[{]/) next
    # A quotation mark is left of a string, so that a name before or behind it is not taken for a whole key.
    gsub(/"[^"]*"|\047[^\047]*\047/, "\"", rest); rest = substr(rest, 2)
    while (gsub(/[{][^{}]*[}]/, "", rest)) continue
    sub(/[}].*/, "", rest)
    while (match(rest, /(^|[ \t,])[A-Za-z_][A-Za-z0-9_.-]*[ \t]*=/)) {
        inner = substr(rest, RSTART, RLENGTH); gsub(/[ \t,=]/, "", inner); told(key "." inner)
        rest = substr(rest, RSTART + RLENGTH)
    }
}
"""
