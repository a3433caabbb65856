"""The completion script for fish."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from lipsync_ray.completion.vocabulary import Vocabulary

_CODE = r"""
# Words of the command line before the cursor from the program on; nothing if it is another program of python.
function __lipsync_ray_line
    set -l line (commandline -opc)
    string match -qr '(^|/)python[0-9.]*$' -- $line[1]; or begin
        printf '%s\n' $line
        return
    end
    set -l index (contains -i -- lipsync_ray $line); or return
    set -l before (math $index - 1)
    test "$line[$before]" = -m; and printf '%s\n' $line[$index..]
end

function __lipsync_ray_complete
    set -l line (__lipsync_ray_line)
    set -l current (string trim -l -c '"\'' -- (commandline -ct))
    if test (count $line) -lt 2
        printf '%s\n' (string split ' ' -- $__lipsync_ray_verbs) --help --version
        return
    end
    set -l parts (string split -m 1 = -- $current)
    if test (count $parts) -eq 2
        set -l key (string replace -r '^--' '' -- $parts[1])
        switch (__lipsync_ray_kind $key)
            case file
                __lipsync_ray_paths $parts[1] $parts[2] files
            case folder
                __lipsync_ray_paths $parts[1] $parts[2] folders
            case '*'
                for choice in (string split -n ' ' -- (__lipsync_ray_choices $key))
                    printf '%s=%s\n' $parts[1] $choice
                end
        end
        return
    end
    string split -n ' ' -- (__lipsync_ray_own $line[2])
    contains -- $line[2] (string split ' ' -- $__lipsync_ray_with_options); or return
    switch $current
        case '*.*'
            __lipsync_ray_options (string split -m 1 . -- $current)[1]
        case '*'
            __lipsync_ray_options ''
    end
end

# Files, or folders alone, whose names begin as $argv[2], behind the key $argv[1].
function __lipsync_ray_paths
    set -l start (string replace -r '^~/' "$HOME/" -- $argv[2])
    for path in $start*
        if test -d $path
            printf '%s=%s/\n' $argv[1] $path
        else if test $argv[3] = files
            printf '%s=%s\n' $argv[1] $path
        end
    end
end

complete -c lipsync-ray -f -a '(__lipsync_ray_complete)'
for program in python python3
    complete -c $program -n 'count (__lipsync_ray_line) >/dev/null' -f -a '(__lipsync_ray_complete)'
end
"""


def fish_script(words: Vocabulary) -> str:
    """The script, to be sourced by fish."""
    paths = {key: ("file",) for key in words.files} | {key: ("folder",) for key in words.folders}
    offers = {group: [f"{key}=\t{words.texts[key]}" for key in keys] for group, keys in words.groups.items()}
    offers[""] += [f"{group}." for group in offers if group]
    lines = [
        "# Completion of lipsync_ray for fish, as `python -m lipsync_ray completion fish` prints it.",
        f"set -g __lipsync_ray_verbs {_quoted(' '.join(words.verbs))}",
        f"set -g __lipsync_ray_with_options {_quoted(' '.join(words.with_options))}",
        *_table("__lipsync_ray_own", {verb: [" ".join(own)] for verb, own in words.verbs.items()}),
        *_table("__lipsync_ray_choices", {key: [" ".join(found)] for key, found in words.choices.items()}),
        *_table("__lipsync_ray_kind", paths),
        *_table("__lipsync_ray_options", offers),
    ]
    return "\n".join(lines) + "\n" + _CODE


def _table(name: str, rows: Mapping[str, Iterable[str]]) -> Iterator[str]:
    """A function that prints the lines of its argument, which is a key of ``rows``."""
    yield f"function {name}"
    yield "    switch $argv[1]"
    for key, found in rows.items():
        if shown := " ".join(_quoted(line) for line in found):
            yield f"        case {_quoted(key)}"
            yield f"            printf '%s\\n' {shown}"
    yield "    end"
    yield "end"


def _quoted(text: str) -> str:
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"
