"""What a worker does before it is asked for anything."""

from threading import Thread

from mlcore.inference import engine
from mlcore.inference.engine import DEFAULT_ENGINE, load_engine
from mlcore.services.ready import search_nothing


def test_getting_ready_goes_all_the_way_to_a_particle():
    (found,) = search_nothing()
    assert 20 < found.box[2] < 28
    assert found.estimate is not None or DEFAULT_ENGINE == "classical"


def test_an_engine_asked_for_twice_at_once_is_loaded_once():
    engine._load.cache_clear()
    loaded = []
    threads = [Thread(target=lambda: loaded.append(load_engine(DEFAULT_ENGINE))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(loaded) == 4
    assert len({id(one) for one in loaded}) == 1


def test_two_threads_search_with_one_engine():
    search_nothing()
    found, failed = [], []

    def search():
        try:
            for _ in range(5):
                found.extend(search_nothing())
        except Exception as error:
            failed.append(error)

    threads = [Thread(target=search) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failed
    assert len({one.outline.tobytes() for one in found}) == 1
    assert len(found) == 15
