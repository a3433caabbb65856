"""What the source must not hold, read from its syntax."""

from __future__ import annotations

import ast
from collections.abc import Iterator

# What runs code that a file holds, or reads objects of any class out of it.
_NEVER = frozenset(
    {
        *("marshal", "shelve", "dill", "cloudpickle", "joblib", "runpy", "jsonpickle"),
        *("pickle.load", "pickle.loads", "torch.jit.load", "torch.hub.load"),
        *(
            "yaml.unsafe_load",
            "yaml.full_load",
            "yaml.load_all",
            "hydra.utils.instantiate",
            "hydra.utils.call",
        ),
        *("os.system", "os.popen", "tempfile.mktemp", "eval", "exec", "compile", "__import__"),
        *("omegaconf.OmegaConf.register_new_resolver", "OmegaConf.to_object", "OmegaConf.resolve"),
    }
)
_PICKLE = frozenset(
    {"UnpicklingError", "Unpickler"}
)  # an error, and a base whose find_class is a list of names
_SECRETS = ("digest", "token", "signature", "secret", "print")


def source_errors(text: str, *, opens_media: bool = False) -> Iterator[str]:
    """What a module breaks, with the line.

    Args:
        text: of the module.
        opens_media: it is the one that may open media for reading.
    """
    tree = ast.parse(text)
    safe = {id(base) for node in ast.walk(tree) if _is_listed(node) for base in node.bases}  # type: ignore[attr-defined]
    for node in ast.walk(tree):
        for said in _of(node, opens_media, safe):
            yield f"line {getattr(node, 'lineno', 0)}: {said}"


def secret_errors(text: str) -> Iterator[str]:
    """Secrets that are compared in a time that tells how far they agree."""
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Compare) and any(isinstance(op, ast.Eq | ast.NotEq) for op in node.ops):
            names = {_name(part).rpartition(".")[2] for part in (node.left, *node.comparators)}
            if any(name.endswith(_SECRETS) for name in names if name):
                yield f"line {node.lineno}: {ast.unparse(node)}; use hmac.compare_digest"


def _of(node: ast.AST, opens_media: bool, safe: set[int]) -> Iterator[str]:
    if isinstance(node, ast.Import | ast.ImportFrom):
        module = node.module or "" if isinstance(node, ast.ImportFrom) else ""
        for alias in node.names:
            whole = f"{module}.{alias.name}".strip(".")
            if whole in _NEVER or whole.partition(".")[0] in _NEVER:
                yield f"imports {whole}"
            if module == "pickle" and alias.name not in _PICKLE:
                yield f"imports {whole}"
    elif isinstance(node, ast.Attribute):
        whole = _name(node)
        if whole in _NEVER or node.attr == "extractall":
            yield f"uses {whole}"
        if whole.startswith("pickle.") and (node.attr not in _PICKLE or _is_bare(node, safe)):
            yield f"uses {whole}"
    elif isinstance(node, ast.Call):
        yield from _of_call(node, opens_media)


def _of_call(node: ast.Call, opens_media: bool) -> Iterator[str]:
    called, given = _name(node.func), {word.arg: word.value for word in node.keywords}
    if called in _NEVER:
        yield f"calls {called}"
    if called == "torch.load" and not _is(given.get("weights_only"), True):
        yield "calls torch.load without weights_only=True"
    if called in ("np.load", "numpy.load") and not _is(given.get("allow_pickle", ast.Constant(False)), False):
        yield "calls np.load with allow_pickle"
    if called == "yaml.load" and "SafeLoader" not in ast.unparse(node):
        yield "calls yaml.load without a safe loader"
    if _is(given.get("shell"), True):
        yield "runs a shell"
    if called.endswith((".demux", "container.decode")) and not opens_media:
        yield "reads packets past read_packets, which knows of what PyAV does not"
    if called == "av.open" and not opens_media and not _writes(node):
        yield "opens media past open_demuxer, which lists formats and protocols"


def _writes(node: ast.Call) -> bool:
    return len(node.args) > 1 and _is(node.args[1], "w")


def _is(node: ast.expr | None, value: object) -> bool:
    return isinstance(node, ast.Constant) and type(node.value) is type(value) and node.value == value


def _is_listed(node: ast.AST) -> bool:
    """A class that says itself which names an unpickler may find."""
    return isinstance(node, ast.ClassDef) and any(
        isinstance(part, ast.FunctionDef) and part.name == "find_class" for part in node.body
    )


def _is_bare(node: ast.Attribute, safe: set[int]) -> bool:
    return node.attr == "Unpickler" and id(node) not in safe


def _name(node: ast.expr) -> str:
    if isinstance(node, ast.Attribute):
        return f"{_name(node.value)}.{node.attr}"
    return node.id if isinstance(node, ast.Name) else ""
