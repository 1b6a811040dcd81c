"""One notification's way, told from its rows, its log, and the rules where there is no row."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from notifybell.delivery.dispatcher import Dispatcher
from notifybell.delivery.explain import ChannelStory, Explanation, explain
from notifybell.domain.ids import delivery_id
from notifybell.domain.model import Channel, DeliveryState, Recipient, User
from notifybell.domain.preferences import Policy
from notifybell.store import activity, broadcasts, deliveries, marks, notifications, users
from notifybell.store.activity import NewEvent
from notifybell.store.database import WriteConnection
from notifybell.store.deliveries import NewDelivery
from notifybell.store.notifications import NewNotification
from tests.factories import NOW, a_broadcast
from tests.store.conftest import open_file

NOTE = "ntf_0000000000000000001"
BROADCAST = "brd_0000000000000000001"
MINUTE = 60_000

POLICY = Policy(
    known=("in_app", "email", "web_push", "slack"),
    configured=("in_app", "email", "web_push"),
    defaults={},
    categories={},
)


class Story:
    """Ann's notification, to which a test adds what became of it."""

    def __init__(self, conn: WriteConnection) -> None:
        self.conn = conn
        [user] = users.find_or_create(conn, [Recipient(external_id="ann")], NOW)
        assert isinstance(user, User)
        self.user_id = user.id
        broadcasts.insert_many(conn, [a_broadcast(id=BROADCAST, category="orders")])
        note = NewNotification(
            user_id=user.id,
            id=NOTE,
            broadcast_id=BROADCAST,
            seq=1,
            in_app=True,
            created_at=NOW,
            updated_at=NOW,
        )
        notifications.insert_many(conn, [note])
        self._deliveries = 0
        self.add("in_app", "sent", "project default")

    def add(
        self,
        channel: Channel,
        state: DeliveryState,
        reason: str,
        *,
        address: str | None = None,
        digest_id: str | None = None,
        unless: str | None = None,
        due_at: int = NOW,
        updated_at: int = NOW,
    ) -> str:
        """A delivery as it was decided, or as it is by now."""
        row = NewDelivery(
            id=delivery_id(NOTE, self._deliveries),
            notification_id=NOTE,
            user_id=self.user_id,
            broadcast_id=BROADCAST,
            channel=channel,
            address=address,
            host="",
            state=state,
            reason=reason,
            unless=unless,
            digest_id=digest_id,
            due_at=due_at,
            deadline_at=NOW + 60 * MINUTE,
            created_at=NOW,
            updated_at=updated_at,
        )
        deliveries.enqueue(self.conn, [row])
        self._deliveries += 1
        return row.id

    def log(self, what: str, **fields: Any) -> None:
        fields = {"at": NOW, "user_id": self.user_id, "notification_id": NOTE, **fields}
        activity.append(self.conn, [NewEvent(type=what, **fields)])

    def told(self, now: int = NOW) -> Explanation:
        found = explain(self.conn, POLICY, NOTE, now, Dispatcher([]))
        assert found is not None
        return found

    def channel(self, name: Channel) -> ChannelStory:
        [found] = [one for one in self.told().channels if one.channel == name]
        return found

    def moments(self, now: int = NOW) -> list[tuple[int, str]]:
        """When and what, in minutes after the beginning."""
        return [((one.at - NOW) // MINUTE, one.what) for one in self.told(now).timeline]


@pytest.fixture
def story(tmp_path: Path) -> Iterator[Story]:
    conn = open_file(tmp_path / "notifybell.db")
    yield Story(conn)
    conn.close()


def test_what_is_not_there_has_no_story(story: Story) -> None:
    assert explain(story.conn, POLICY, "ntf_0000000000000000002", NOW, Dispatcher([])) is None


class TestChannels:
    def test_every_known_channel_is_told_in_order(self, story: Story) -> None:
        assert [one.channel for one in story.told().channels] == list(POLICY.known)

    def test_a_row_tells_the_rule_that_decided(self, story: Story) -> None:
        story.add("email", "skipped", "user turned email off for category orders")
        told = story.channel("email")
        assert (told.decision, told.reason) == (
            "skip",
            "user turned email off for category orders",
        )
        assert told.speaker is not None and told.speaker.state == "skipped"

    def test_a_channel_that_is_not_configured_is_told_by_the_rules(self, story: Story) -> None:
        told = story.channel("slack")
        assert (told.decision, told.reason) == ("skip", "channel slack is not configured")
        assert (told.speaker, told.deliveries) == (None, [])

    def test_a_channel_that_was_configured_since_is_not_told_as_if_it_had_been(
        self, story: Story
    ) -> None:
        told = story.channel("web_push")
        assert (told.decision, told.reason) == ("skip", "channel web_push was not configured then")

    def test_the_log_goes_before_the_rules_of_today(self, story: Story) -> None:
        decided = {"slack": ["skip", "user has no slack address"]}
        story.log("notification.created", detail=msgspec.json.encode(decided).decode())
        assert story.channel("slack").reason == "user has no slack address"

    def test_the_best_of_several_addresses_speaks_for_the_channel(self, story: Story) -> None:
        story.add("web_push", "dead", "project default", address="tok_laptop")
        sent = story.add("web_push", "sent", "project default", address="tok_phone")
        told = story.channel("web_push")
        assert told.speaker is not None and told.speaker.id == sent
        assert [one.address for one in told.deliveries] == ["tok_laptop", "tok_phone"]

    @pytest.mark.parametrize(
        ("state", "fields", "decision"),
        [
            ("queued", {}, "send"),
            ("skipped", {}, "skip"),
            ("suppressed", {}, "suppress"),
            ("skipped", {"unless": "read"}, "send"),
            ("held", {"digest_id": "dig_1"}, "digest"),
            ("sent", {"digest_id": "dig_1"}, "digest"),
        ],
    )
    def test_without_the_log_the_row_tells_what_was_decided(
        self, story: Story, state: DeliveryState, fields: dict[str, Any], decision: str
    ) -> None:
        story.add("email", state, "project default", **fields)
        assert story.channel("email").decision == decision

    def test_with_the_log_it_is_known(self, story: Story) -> None:
        decided = {"email": ["send", "project default"]}
        story.log("notification.created", detail=msgspec.json.encode(decided).decode())
        story.add("email", "skipped", "project default; needless, read before it was due")
        told = story.channel("email")
        assert told.decision == "send"
        assert told.reason == "project default; needless, read before it was due"


class TestTimeline:
    def test_it_begins_with_the_broadcast(self, story: Story) -> None:
        assert story.moments() == [(0, "broadcast.accepted"), (0, "notification.created")]

    def test_what_is_logged_and_stored_is_told_once(self, story: Story) -> None:
        sent = story.add("email", "sent", "project default", updated_at=NOW + 2 * MINUTE)
        story.log("notification.created", detail="{}")
        story.log("delivery.attempted", at=NOW + MINUTE, channel="email", delivery_id=sent)
        story.log("delivery.sent", at=NOW + 2 * MINUTE, channel="email", delivery_id=sent)
        assert story.moments() == [
            (0, "broadcast.accepted"),
            (0, "notification.created"),
            (1, "delivery.attempted"),
            (2, "delivery.sent"),
        ]

    def test_where_the_log_is_pruned_the_rows_tell_the_end(self, story: Story) -> None:
        story.add("email", "dead", "project default", updated_at=NOW + 2 * MINUTE)
        assert story.moments()[2:] == [(2, "delivery.dead")]

    def test_what_waits_is_told_with_its_time(self, story: Story) -> None:
        story.add("email", "queued", "paused until …", due_at=NOW + 5 * MINUTE)
        assert story.moments()[2:] == [(5, "delivery.due")]
        # overdue: the lane is busy, or its channel paused
        assert story.moments(NOW + 9 * MINUTE)[2:] == [(9, "delivery.due")]

    def test_what_is_under_way_is_not_told_with_the_failure_before_it(self, story: Story) -> None:
        story.add("email", "sending", "project default")
        story.conn.execute("UPDATE delivery SET error = '451 later'")
        moment = story.told().timeline[-1]
        assert (moment.what, moment.detail) == ("delivery.sending", None)

    def test_what_was_decided_against_is_no_moment(self, story: Story) -> None:
        story.add("email", "skipped", "user has no email address")
        assert len(story.moments()) == 2

    def test_marks_of_the_user_are_told(self, story: Story) -> None:
        for mark, minute in ((marks.mark_seen, 1), (marks.mark_read, 2), (marks.archive, 3)):
            mark(story.conn, story.user_id, NOTE, NOW + minute * MINUTE)
        activity.prune(story.conn, NOW + 9 * MINUTE, 100)
        after = [
            (1, "notification.seen"),
            (2, "notification.read"),
            (3, "notification.archived"),
        ]
        assert story.moments()[2:] == after

    def test_a_mark_that_is_logged_is_told_once(self, story: Story) -> None:
        marks.mark_read(story.conn, story.user_id, NOTE, NOW + MINUTE)
        assert sorted(story.moments()[2:]) == [(1, "notification.read"), (1, "notification.seen")]

    def test_a_deleted_notification_has_its_story_still(self, story: Story) -> None:
        marks.discard(story.conn, story.user_id, NOTE, NOW + MINUTE)
        assert story.told().notification.status == "discarded"
        assert story.moments()[2:] == [(1, "notification.discarded")]

    def test_a_snoozed_one_comes_back(self, story: Story) -> None:
        marks.snooze(story.conn, story.user_id, NOTE, NOW + 7 * MINUTE, NOW + MINUTE)
        assert story.moments()[2:] == [(7, "notification.woken")]
