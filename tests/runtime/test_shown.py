import pytest
from hypothesis import given
from hypothesis import strategies as st

from study.runtime.shown import shown_command, shown_path, shown_text, shown_value


@pytest.mark.parametrize(
    ("given_text", "shown"),
    [
        ("/home/someone/data/mine.npz", "mine.npz"),
        ("/home/someone/data/", "data"),
        ("/home/my name/mine data.npz", "mine data.npz"),
        ("//server/share/x.csv", "x.csv"),
        ("~/data/mine.npz", "mine.npz"),
        ("~someone/mine.npz", "mine.npz"),
        ("../../secret/mine.npz", "mine.npz"),
        ("data/../../mine.npz", "mine.npz"),
        ("/", "/"),
        ("..", ".."),
        ("", ""),
        ("digits", "digits"),
        ("data/mine.npz", "data/mine.npz"),
        ("data/../mine.npz", "data/../mine.npz"),
        ("./mine.npz", "./mine.npz"),
        ("https://example.org/a/b", "https://example.org/a/b"),
        ("~approximately", "~approximately"),
    ],
)
def test_a_path_that_says_where_keeps_its_last_part(given_text, shown):
    assert shown_path(given_text) == shown


@pytest.mark.parametrize(
    ("words", "shown"),
    [
        (["study", "run", "/home/me/own.py", "--seeds", "3"], "study run own.py --seeds 3"),
        (["study", "run", "grid", "--dataset=/home/me/a b.csv"], "study run grid '--dataset=a b.csv'"),
        (["study", "run", "grid", "--features", "../n.onnx"], "study run grid --features n.onnx"),
        (["study", "audit", "--train", "~/x.npz,/y/z.npz"], "study audit --train x.npz,z.npz"),
        (
            ["study", "run", "grid", "--alphas", "0.5,1", "--betas=1"],
            "study run grid --alphas 0.5,1 --betas=1",
        ),
        (["study", "run", "/odd=/name.py"], "study run name.py"),
    ],
)
def test_a_command_can_be_typed_elsewhere(words, shown):
    assert shown_command(words) == shown


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        (
            "[Errno 2] No such file or directory: '/home/my name/x.csv'",
            "[Errno 2] No such file or directory: 'x.csv'",
        ),
        ("/home/my name/x.csv: cannot be read; give another", "x.csv: cannot be read; give another"),
        ("--out /srv/out: is a file; give a folder", "--out out: is a file; give a folder"),
        ("reason:/srv/data/x.csv is torn", "reason:x.csv is torn"),
        ("loaded (/opt/lib/libcudnn.so.9): no symbol", "loaded (libcudnn.so.9): no symbol"),
        ("see file:///home/me/x.html", "see x.html"),
        ("/a/b and /c/d: differ", "b and d: differ"),
        ("at ../../up/x.npz", "at x.npz"),
        ("see https://example.org/a/b for more", "see https://example.org/a/b for more"),
        (
            "s = β/(2α) and KL/N, q(z)/p(z), and/or 3/4 of ~3/4",
            "s = β/(2α) and KL/N, q(z)/p(z), and/or 3/4 of ~3/4",
        ),
        ("'/a/b\udcff.npz' is torn", "'b?.npz' is torn"),
        ("loss became NaN at epoch 3", "loss became NaN at epoch 3"),
        ("in data/x.npz and ./y.npz", "in data/x.npz and ./y.npz"),
    ],
)
def test_a_reason_says_what_but_not_where(text, shown):
    assert shown_text(text) == shown


@given(st.text("ab /~.:'\"=,-\n\\", max_size=40))
def test_whatever_follows_a_folder_of_the_machine_is_not_named(rest):
    said = shown_text(f"at /machine/{rest}")
    assert not said.startswith("at /machine/") and len(said) <= len(rest) + 12


def test_a_configuration_is_shown_without_the_machine():
    found = shown_value({"dataset": "/home/me/x.npz", "grid": [{"features": "~/n.onnx", "betas": (1.0, 2)}]})
    assert found == {"dataset": "x.npz", "grid": [{"features": "n.onnx", "betas": [1.0, 2]}]}
    deep: list = []
    for _ in range(900):
        deep = [deep]
    assert "…" in str(shown_value(deep))
