"""The completion script for bash 3.2 and later, with nothing else installed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from lipsync_ray.completion.vocabulary import Vocabulary

_CODE = r"""
# The words before the cursor begin at $1: the place of the program among them. Offers a verb, then its words.
_lipsync_ray_complete() {
    local first=$1 cur=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD-1]} key="" value="" lead=""
    local verb=${COMP_WORDS[first+1]} quote=""
    COMPREPLY=()
    if (( COMP_CWORD == first + 1 )); then
        _lipsync_ray_offer "$cur" "$_lipsync_ray_verbs"
        return
    fi
    case $cur in [\"\']*) quote=${cur:0:1} cur=${cur:1} ;; esac
    # By default "=" ends a word of bash: key, "=" and value are then three, and only the value is replaced.
    if [[ $cur == "=" ]]; then
        key=$before
    elif [[ $before == "=" ]]; then
        key=${COMP_WORDS[COMP_CWORD-2]} value=$cur
    elif [[ $cur == *=* ]]; then
        key=${cur%%=*} value=${cur#*=} lead=$key=
    fi
    key=${key#--}
    if [[ -z $key ]]; then
        _lipsync_ray_offer "$cur" "$(_lipsync_ray_words "$verb" "$cur")"
        return
    fi
    case $(_lipsync_ray_kind "$key") in
        file) _lipsync_ray_paths -f "$value" "$lead" "$quote" ;;
        folder) _lipsync_ray_paths -d "$value" "$lead" "$quote" ;;
        *) COMPREPLY=($(compgen -P "$lead" -W "$(_lipsync_ray_choices "$key")" -- "$value")) ;;
    esac
}

# Words that begin as $1; no space goes behind one that more follows.
_lipsync_ray_offer() {
    COMPREPLY=($(compgen -W "$2" -- "$1"))
    case ${COMPREPLY[*]} in *[=.]) compopt -o nospace 2>/dev/null ;; esac
}

# What may follow the verb $1 where $2 is typed: its own words, groups of options, or the options of a group.
_lipsync_ray_words() {
    _lipsync_ray_own "$1"
    case " $_lipsync_ray_with_options " in *" $1 "*) ;; *) return ;; esac
    case $2 in
        *.*) _lipsync_ray_options "${2%%.*}" ;;
        *) _lipsync_ray_options "" ;;
    esac
}

# Files (-f) or folders (-d) whose names begin as $2, behind $3, in a word that begins with the quote $4.
_lipsync_ray_paths() {
    local IFS=$'\n' value=$2 index
    [[ -z $4 ]] && value=${value//\\/}
    [[ $value == "~/"* ]] && value=$HOME/${value:2}
    COMPREPLY=($(compgen "$1" -- "$value"))
    compopt -o filenames 2>/dev/null  # bash puts backslashes before spaces, and "/" behind folders
    [[ -z $3 ]] && return
    for index in "${!COMPREPLY[@]}"; do
        value=${COMPREPLY[index]}
        if [[ -d $value ]]; then
            value=$value/
            compopt -o nospace 2>/dev/null
        fi
        COMPREPLY[index]=$3$value
    done
}

_lipsync_ray() {
    _lipsync_ray_complete 0
}

# python -m lipsync_ray: everything else of python is left to what completed it before.
_lipsync_ray_python() {
    local index
    for (( index = 1; index + 1 < COMP_CWORD; index++ )); do
        if [[ ${COMP_WORDS[index]} == -m && ${COMP_WORDS[index+1]} == lipsync_ray ]]; then
            _lipsync_ray_complete $(( index + 1 ))
            return
        fi
    done
    [[ -n $_lipsync_ray_before ]] && "$_lipsync_ray_before" "$@"
}

if [[ -z $_lipsync_ray_before ]]; then
    declare -F _comp_load >/dev/null && _comp_load python
    declare -F _completion_loader >/dev/null && _completion_loader python
    _lipsync_ray_before=$(complete -p python 2>/dev/null)
    case $_lipsync_ray_before in
        *" -F "*)
            _lipsync_ray_before=${_lipsync_ray_before##* -F }
            _lipsync_ray_before=${_lipsync_ray_before%% *}
            ;;
        *) _lipsync_ray_before="" ;;
    esac
    [[ $_lipsync_ray_before == _lipsync_ray_python ]] && _lipsync_ray_before=""
fi
complete -F _lipsync_ray lipsync-ray
complete -o bashdefault -o default -F _lipsync_ray_python python python3
"""


def bash_script(words: Vocabulary) -> str:
    """The script, to be sourced by bash."""
    paths = {key: ("file",) for key in words.files} | {key: ("folder",) for key in words.folders}
    offers = {group: [f"{key}=" for key in keys] for group, keys in words.groups.items()}
    offers[""] += [f"{group}." for group in offers if group]
    lines = [
        "# Completion of lipsync_ray for bash, as `python -m lipsync_ray completion bash` prints it.",
        f'_lipsync_ray_verbs="{" ".join(words.verbs)} --help --version"',
        f'_lipsync_ray_with_options="{" ".join(words.with_options)}"',
        *_table("_lipsync_ray_own", words.verbs),
        *_table("_lipsync_ray_options", offers),
        *_table("_lipsync_ray_choices", words.choices),
        *_table("_lipsync_ray_kind", paths),
    ]
    return "\n".join(lines) + "\n" + _CODE


def _table(name: str, rows: Mapping[str, Iterable[str]]) -> Iterator[str]:
    """A function that prints the words of its argument, which is a key of ``rows``."""
    yield f"{name}() {{"
    yield "    case $1 in"
    for key, found in rows.items():
        label = key or '""'
        if shown := " ".join(found):
            yield f'        {label}) echo "{shown}" ;;'
    yield "    esac"
    yield "}"
