"""A model card is text, whatever it says."""

from mlcore.card import card_parts


def test_headings_paragraphs_lists_and_code():
    text = "# Title\n\nOne line\nand **another** with `code`.\n\n- a\n- b\n  goes on\n\n```\nx = 1\n```\n"
    heading, paragraph, points, code = card_parts(text)
    assert heading == {"kind": "heading", "spans": [("text", "Title")]}
    assert paragraph["spans"] == [
        ("text", "One line and "), ("strong", "another"), ("text", " with "), ("code", "code"), ("text", "."),
    ]  # fmt: skip
    assert points["points"] == [[("text", "a")], [("text", "b goes on")]]
    assert code == {"kind": "code", "text": "x = 1"}


def test_links_are_their_words():
    (part,) = card_parts("See [the page](javascript:alert(1)) and [docs](../docs/a.md).")
    assert "".join(words for _, words in part["spans"]).startswith("See the page")
    assert "docs" in [words for _, words in part["spans"]]
    assert "javascript" not in "".join(words for _, words in part["spans"] if words != ")")


def test_code_without_an_end_and_nothing_at_all():
    assert card_parts("```\na") == [{"kind": "code", "text": "a"}]
    assert card_parts("") == []
