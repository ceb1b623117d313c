"""How a file falls into passages: by its headings, none too long, nothing lost."""

from hypothesis import given
from hypothesis import strategies as st

from onefirm.memory.passages import Document
from onefirm.memory.sections import LONGEST, parts_of


def parts(text: str) -> list[tuple[str, str]]:
    return [(part.heading, part.body) for part in parts_of(Document("context/a.md", (), text))]


def test_a_section_is_a_passage_under_the_path_of_its_headings() -> None:
    text = "Before.\n\n# A\n\nIn A.\n\n## B ##\nIn B.\n### C\nIn C.\n## D\nIn D.\n# E\nIn E.\n"
    assert parts(text) == [
        ("context/a.md", "Before."),
        ("A", "In A."),
        ("A › B", "In B."),
        ("A › B › C", "In C."),
        ("A › D", "In D."),
        ("E", "In E."),
    ]


def test_a_hash_in_a_code_fence_or_without_a_space_is_no_heading() -> None:
    text = "# A\n\n```sh\n# a comment\n```\n~~~\n## B\n~~~\n#tag and text\n"
    assert [heading for heading, _ in parts(text)] == ["A"]


def test_a_long_section_is_cut_at_paragraphs_and_a_long_paragraph_at_spaces() -> None:
    paragraph = "word " * 150
    pieces = [body for _, body in parts("# A\n\n" + "\n\n".join([paragraph.strip()] * 4))]
    assert [piece.count("word") for piece in pieces] == [150] * 4
    pieces = [body for _, body in parts("word " * 1_000)]
    assert all(len(piece) <= LONGEST for piece in pieces)
    assert sum(piece.count("word") for piece in pieces) == 1_000
    assert max(len(piece) for _, piece in parts("x" * 5_000)) == LONGEST


def test_a_file_without_text_is_remembered_as_one_empty_passage() -> None:
    assert parts("") == [("context/a.md", "")]
    assert parts("# Only a heading\n\n\n") == [("context/a.md", "")]


def test_what_a_files_head_says_for_machines_is_no_passage() -> None:
    head = "# Acme\n\nRecord: CL-1\nParent: [Clients](../CLAUDE.md)\n\n"
    assert parts(f"{head}## Why\n\nThey came to us.") == [("Acme › Why", "They came to us.")]
    assert parts(f"{head}They came to us.") == [("Acme", "They came to us.")]


@given(st.text(st.sampled_from("ab #\n`~-"), max_size=300))
def test_no_text_is_lost_and_none_is_too_long(text: str) -> None:
    found = parts(text)
    assert all(len(body) <= LONGEST for _, body in found)
    letters = sum(body.count("a") for _, body in found)
    headings = sum(line.count("a") for line in text.splitlines() if line.startswith("#"))
    assert letters + headings >= text.count("a") >= letters


def test_a_documents_hash_follows_its_text_and_what_it_is_about() -> None:
    one = Document("a.md", ("P-1",), "text")
    assert one.sha256 == Document("b.md", ("P-1",), "text").sha256
    assert one.sha256 != Document("a.md", ("P-2",), "text").sha256
    assert one.sha256 != Document("a.md", ("P-1",), "other").sha256
    assert Document("a.md", (), "half a \ud800 character").sha256
