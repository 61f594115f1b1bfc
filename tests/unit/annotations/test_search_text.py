from annotations.search_text import words_of


def test_it_works():
    metadata = {"Gatan": {"Mode": "TEM", "au": [1, None]}}
    assert words_of("Au 001.dm4", "", metadata) == "au 001.dm4 gatan mode tem 1"


def test_a_word_is_kept_once_and_apart_from_its_neighbours():
    assert words_of("µm µm\n nm", ["NM"]) == "µm nm"
    assert words_of() == words_of({}, [], None, "  ") == ""


def test_the_inner_words_of_camel_case_are_words():
    assert words_of({"gasPressure_mbar": 3}) == "gaspressure_mbar pressure_mbar 3"
    assert words_of("STEM DM4 eV") == "stem dm4 ev"


def test_what_has_been_lowered_is_found_by_a_lowered_part():
    assert "größe" in words_of("GRÖSSE Größe")
    assert "0.5" in words_of({"pixel": 0.5})
