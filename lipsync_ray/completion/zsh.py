"""The completion script for zsh."""

from __future__ import annotations

from lipsync_ray.completion.vocabulary import Vocabulary

_CODE = r"""
# Completes words[2] and what follows: a verb, then its words.
_lipsync_ray_complete() {
    local verb=${words[2]} key group
    local -a found
    if (( CURRENT == 2 )); then
        compadd -- ${=_lipsync_ray_verbs} --help --version
        return
    fi
    if [[ $PREFIX == *=* ]]; then
        key=${${PREFIX%%=*}#--}
        compset -P '*='
        case ${_lipsync_ray_kind[$key]} in
            file) _files ;;
            folder) _files -/ ;;
            *) compadd -- ${=_lipsync_ray_choices[$key]} ;;
        esac
        return
    fi
    found=(${=_lipsync_ray_own[$verb]})
    compadd -S '' -- ${(M)found:#*=}
    compadd -- ${found:#*=}
    [[ " $_lipsync_ray_with_options " == *" $verb "* ]] || return 0
    if [[ $PREFIX == *.* ]]; then
        group=${PREFIX%%.*}
        found=(${(M)_lipsync_ray_options:#$group.*})
    else
        found=(${_lipsync_ray_options:#*.*=:*})
        compadd -S '' -- ${=_lipsync_ray_groups}
    fi
    _describe -t settings option found -S ''
}

_lipsync_ray() {
    _lipsync_ray_complete
}

# python -m lipsync_ray: everything else of python is left to what completed it before.
_lipsync_ray_python() {
    local index=${words[(I)lipsync_ray]}
    if (( index > 1 && index < CURRENT )) && [[ ${words[index-1]} == -m ]]; then
        words=("${(@)words[index,-1]}")
        (( CURRENT -= index - 1 ))
        _lipsync_ray_complete
    elif [[ -n $_lipsync_ray_before && $_lipsync_ray_before != _lipsync_ray_python ]]; then
        "$_lipsync_ray_before" "$@"
    else
        _files
    fi
}

: ${_lipsync_ray_before:=${_comps[python]}}
compdef _lipsync_ray lipsync-ray
compdef _lipsync_ray_python python python3
"""


def zsh_script(words: Vocabulary) -> str:
    """The script, to be sourced by zsh after ``compinit``."""
    kinds = {key: "file" for key in words.files} | {key: "folder" for key in words.folders}
    groups = [f"{group}." for group in words.groups if group]
    lines = [
        "# Completion of lipsync_ray for zsh, as `python -m lipsync_ray completion zsh` prints it.",
        f"typeset -g _lipsync_ray_verbs={_quoted(' '.join(words.verbs))}",
        f"typeset -g _lipsync_ray_with_options={_quoted(' '.join(words.with_options))}",
        f"typeset -g _lipsync_ray_groups={_quoted(' '.join(groups))}",
        *_table("_lipsync_ray_own", {verb: " ".join(own) for verb, own in words.verbs.items()}),
        *_table("_lipsync_ray_choices", {key: " ".join(found) for key, found in words.choices.items()}),
        *_table("_lipsync_ray_kind", kinds),
        "typeset -ga _lipsync_ray_options=(",
        *(f"    {_quoted(f'{key}=:{text}')}" for key, text in words.texts.items()),
        ")",
    ]
    return "\n".join(lines) + "\n" + _CODE


def _table(name: str, rows: dict[str, str]) -> list[str]:
    cells = [f"    {_quoted(key)} {_quoted(found)}" for key, found in rows.items()]
    return [f"typeset -gA {name}=(", *cells, ")"]


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "'\\''") + "'"
