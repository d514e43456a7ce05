"""Options with any text: Hydra, OmegaConf and a shell read them unchanged."""

import shlex

import pytest
from hydra.core.override_parser.overrides_parser import OverridesParser
from hypothesis import example, given, settings
from hypothesis import strategies as st
from omegaconf import OmegaConf

from rnn_codec.overrides import hint, literals, override

PARSER = OverridesParser.create()

ODD = [
    *("", " ", "a b", " a ", "a=b", "a,b", "(a)", "[a]", "{a: b}", "a{b", "'", '"', "a'b\"c"),
    *("\\", "a\\\n"),
    *("\\'", "a\\", "a\\\\", "\\\\'\\", "$", "$HOME", "${a}", "\\${a}", "\\\\${a}", "${", "$${a}"),
    *("#a", "a#b", "ä/ö", "照片", "a\tb", "a\nb", "5", "-1", "1e5", "null", "True", "NaN", "-inf"),
    *("~", "*", "?", "a:b", "@a", "+a", "~a", "!a", "`a`", "$(a)", "a;b", "${oc.env:HOME}"),
    *("'${a}'", "${a}'\\'", "a/b-c_d.e", ".", "..", "/", "./5", "1_000", "0x10", "..nan", ".inf"),
]
TEXTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=12)
HARD = st.text(st.sampled_from("\\'\"${}a,=()[] #\n"), max_size=12)


def read(word: str) -> object:
    """The value that an option on the command line has in a configuration."""
    parsed = PARSER.parse_override(word)
    assert parsed.key_or_group == "output"
    assert not parsed.is_sweep_override()
    return OmegaConf.create({"output": parsed.value()}).output


@given(TEXTS | HARD)
@settings(max_examples=400)
def test_hydra_reads_any_text_as_it_is(text: str) -> None:
    assert read(override("output", text)) == text


@pytest.mark.parametrize("text", ODD)
def test_hydra_reads_odd_texts_as_they_are(text: str) -> None:
    assert read(override("output", text)) == text


@given(TEXTS | HARD)
@example("a b")
def test_a_shell_gives_hydra_what_is_pasted(text: str) -> None:
    (word,) = shlex.split(hint("output", text))
    assert read(word) == text


@given(
    st.recursive(
        TEXTS | HARD | st.integers() | st.none(),
        lambda t: st.lists(t) | st.dictionaries(st.sampled_from("abc"), t),
    )
)
def test_omegaconf_interpolates_nothing_of_what_is_literal(value: object) -> None:
    config = OmegaConf.create({"a": literals(value)})
    assert OmegaConf.to_container(config, resolve=True) == {"a": value}


def test_usual_values_are_written_without_quotes() -> None:
    for text in ("runs/mine", "/data/run-1_a.b", "../runs/2026-01-01_gru", "rate_0.003", "_"):
        assert hint("resume", text) == override("resume", text) == f"resume={text}"
