"""Sends new Hacker News stories to everyone who subscribed to the topic "hackernews".

python3 notifier.py --once, from cron, or without --once as a service. Needs nothing but Python.
"""

import argparse
import json
import os
import time
from pathlib import Path
from urllib.request import Request, urlopen

HACKER_NEWS = "https://hacker-news.firebaseio.com/v0"
TOPIC = "hackernews"


def fetch(url: str) -> object:
    with urlopen(url, timeout=20) as answer:
        return json.load(answer)


def new_stories(source: str, last_id: int, most: int) -> list[dict]:
    """The newest that were not sent yet, oldest first, without jobs and what is deleted."""
    ids = sorted(number for number in fetch(f"{source}/newstories.json") if number > last_id)
    found = (fetch(f"{source}/item/{number}.json") for number in ids[-most:])
    return [item for item in found if item and item["type"] == "story" and "title" in item]


def send(server: str, token: str, story: dict) -> None:
    page = f"https://news.ycombinator.com/item?id={story['id']}"
    body = {
        "title": story["title"],
        "content": f"by {story['by']}, points: {story.get('score', 1)}",
        "action_url": story.get("url", page),
        "topic": TOPIC,
        "recipients": [{"topic": {"subscribers": True}}],
    }
    headers = {
        "Authorization": f"Bearer {token}",
        "Content-Type": "application/json",
        "Idempotency-Key": f"hn-{story['id']}",  # sent twice after a crash, it is still one
    }
    urlopen(Request(f"{server}/api/broadcasts", json.dumps(body).encode(), headers), timeout=20)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--server", default="http://127.0.0.1:8080", help="your NotifyBell")
    parser.add_argument("--source", default=HACKER_NEWS, help="the API, or a file:// copy of it")
    parser.add_argument("--state", type=Path, default=Path("last-story"), help="what was sent")
    parser.add_argument("--most", type=int, default=20, help="stories at once")
    parser.add_argument("--every", type=int, default=300, metavar="SECONDS")
    parser.add_argument("--once", action="store_true")
    options = parser.parse_args()
    while True:
        last_id = int(options.state.read_text()) if options.state.exists() else 0
        for story in new_stories(options.source, last_id, options.most):
            send(options.server, os.environ["NOTIFYBELL_PROJECT_TOKEN"], story)
            options.state.write_text(str(story["id"]))
            print("sent", story["id"], story["title"], flush=True)
        if options.once:
            break
        time.sleep(options.every)


if __name__ == "__main__":
    main()
