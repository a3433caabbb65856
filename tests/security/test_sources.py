"""No way of running what a file holds, of opening what it points to, or of guessing a secret by time."""

from __future__ import annotations

import pytest

from tests.conftest import ROOT
from tests.security.source_rules import secret_errors, source_errors

FILES = [
    path for part in ("lipsync_ray", "training", "cluster") for path in sorted((ROOT / part).rglob("*.py"))
]


def test_nothing_can_execute_what_a_file_holds_or_open_what_it_points_to() -> None:
    assert len(FILES) > 300
    wrong = [
        f"{path.relative_to(ROOT)}, {said}"
        for path in FILES
        for said in source_errors(
            path.read_text("utf-8"), opens_media=path.match("lipsync_ray/media/demux.py")
        )
    ]
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize(
    "text",
    [
        "import pickle\npickle.load(file)",
        "from pickle import loads",
        "import pickle\nclass A(pickle.Unpickler): pass",
        "import shelve",
        "import marshal",
        "torch.load(path)",
        "torch.load(path, weights_only=False)",
        "np.load(path, allow_pickle=True)",
        "yaml.load(text, yaml.Loader)",
        "yaml.unsafe_load(text)",
        "eval(text)",
        "from hydra.utils import instantiate",
        "subprocess.run(text, shell=True)",
        "archive.extractall(folder)",
        "tempfile.mktemp()",
        "av.open(path)",
        "av.open(path, options={})",
        'av.open(path, "r")',
        "container.demux(stream)",
        "container.decode(video=0)",
    ],
)
def test_what_breaks_a_rule_is_found(text: str) -> None:
    assert list(source_errors(text))


@pytest.mark.parametrize(
    "text",
    [
        "import pickle\nclass A(pickle.Unpickler):\n    def find_class(self, a, b): ...",
        "torch.load(path, weights_only=True)",
        "np.load(path)",
        'av.open(path, "w")',
        "net.eval()",
    ],
)
def test_what_keeps_to_them_is_not(text: str) -> None:
    assert not list(source_errors(text))


@pytest.mark.parametrize("part", ["serve", "client"])
def test_secrets_are_compared_in_constant_time(part: str) -> None:
    wrong = [
        f"{path.name}, {said}"
        for path in sorted((ROOT / "lipsync_ray" / part).rglob("*.py"))
        for said in secret_errors(path.read_text("utf-8"))
    ]
    assert not wrong, "\n".join(wrong)
    assert list(secret_errors("if token == given: pass"))
