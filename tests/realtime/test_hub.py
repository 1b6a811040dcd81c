"""The hub: who is woken, who is told to leave, who finds no room."""

import pytest

from notifybell.domain.errors import TooManyStreams
from notifybell.realtime.hub import Hub
from notifybell.store.database import Touched


class Listener:
    def __init__(self) -> None:
        self.wakes = 0
        self.last_words: list[bytes] = []

    def wake(self) -> None:
        self.wakes += 1

    def end(self, event: bytes) -> None:
        self.last_words.append(event)


def touched(*users: str) -> Touched:
    return Touched(frozenset(users), frozenset())


@pytest.fixture
def hub() -> Hub:
    return Hub(max_streams=4, max_streams_per_user=2)


def test_only_the_users_that_changed_are_woken(hub: Hub) -> None:
    ann, anns_phone, bob = Listener(), Listener(), Listener()
    hub.subscribe("ann", ann, b"")
    hub.subscribe("ann", anns_phone, b"")
    hub.subscribe("bob", bob, b"")
    hub.wake(touched("ann", "nobody"))
    assert (ann.wakes, anns_phone.wakes, bob.wakes) == (1, 1, 0)


def test_the_users_oldest_makes_room(hub: Hub) -> None:
    first, second, third = Listener(), Listener(), Listener()
    for listener in (first, second, third):
        hub.subscribe("ann", listener, b"bye")
    hub.wake(touched("ann"))
    assert (first.last_words, second.last_words) == ([b"bye"], [])
    assert (first.wakes, second.wakes, third.wakes) == (0, 1, 1)
    assert hub.open_streams == 2


def test_a_full_hub_takes_nobody(hub: Hub) -> None:
    for number in range(4):
        hub.subscribe(f"user-{number}", Listener(), b"")
    with pytest.raises(TooManyStreams):
        hub.subscribe("ann", Listener(), b"")
    assert hub.open_streams == 4


def test_leaving_twice_is_harmless(hub: Hub) -> None:
    listener = Listener()
    hub.subscribe("ann", listener, b"")
    hub.unsubscribe("ann", listener)
    hub.unsubscribe("ann", listener)
    hub.unsubscribe("bob", listener)
    assert hub.open_streams == 0
    hub.wake(touched("ann"))
    assert listener.wakes == 0


def test_a_closed_hub_says_when_the_last_one_is_gone(hub: Hub) -> None:
    first, second = Listener(), Listener()
    hub.subscribe("ann", first, b"")
    hub.subscribe("bob", second, b"")
    emptied = hub.close()
    assert hub.is_closed and not emptied.is_set()
    with pytest.raises(TooManyStreams):
        hub.subscribe("eve", Listener(), b"")
    hub.unsubscribe("ann", first)
    assert not emptied.is_set()
    hub.unsubscribe("bob", second)
    assert emptied.is_set()


def test_an_empty_hub_is_empty_at_once(hub: Hub) -> None:
    assert hub.close().is_set()
