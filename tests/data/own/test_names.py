import pytest

from study.data.own.names import LONGEST, plain_name


@pytest.mark.parametrize(
    ("name", "plain"),
    [
        ("digits", "digits"),
        ("my data-2.0 (a)", "my data-2.0 (a)"),
        ("données", "données"),
        ("数据", "数据"),
        ("a$b", "a_b"),
        ("two\nlines\t", "two_lines_"),
        ("\x1b[31mred", "__31mred"),
        ("\u202egpj", "_gpj"),
        ("![x](y)<b>|`*", "__x_(y)_b____"),
        ("a/b\\c", "a_b_c"),
        ("..", "_."),
        (".hidden", "_hidden"),
        ("", "data"),
        ("  ", "data"),
        ("bad\udcff", "bad_"),
        (7, "7"),
    ],
)
def test_a_name_is_one_plain_line(name, plain):
    assert plain_name(name) == plain
    assert plain_name(plain) == plain
    assert plain.isprintable()


def test_a_long_name_is_cut():
    assert len(plain_name("x" * 300)) == LONGEST
    assert plain_name(plain_name("x" * 300)) == plain_name("x" * 300)
