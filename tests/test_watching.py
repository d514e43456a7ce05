"""Progress is reported to the innermost watcher, if there is one."""

from rnn_codec.watching import tell, watching


def test_the_innermost_is_told() -> None:
    outer: list[float] = []
    inner: list[float] = []
    tell(0.1)
    with watching(outer.append):
        tell(0.2)
        with watching(inner.append):
            tell(0.3)
        tell(0.4)
    tell(0.5)
    assert (outer, inner) == ([0.2, 0.4], [0.3])
