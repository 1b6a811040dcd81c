"""The project's language, in what reaches people who have not said theirs."""

from pathlib import Path

import httpx

from tests.running import running_server
from tests.servers import MailSink

ANN = {"external_id": "ann", "email": "ann@example.com"}


def test_mails_are_in_the_projects_language_unless_the_user_has_one(tmp_path: Path) -> None:
    with MailSink() as sink:
        email = {
            "host": "127.0.0.1",
            "port": sink.port,
            "security": "none",
            "from": "shop@shop.example",
        }
        tables = {"email": email, "inbox": {"title": "Shop"}, "defaults": {"locale": "de-AT"}}
        with running_server(tmp_path, **tables) as server:
            headers = server.project_headers
            body = {"title": "Bestellung 1", "recipients": [ANN]}
            httpx.post(f"{server.url}/api/broadcasts", headers=headers, json=body)
            [first] = sink.wait_for(1)
            assert "Abbestellen" in first.text("html")
            page = {"email": "ann@example.com"}
            httpx.post(f"{server.url}/inbox/sign-in", headers={"origin": server.url}, json=page)
            assert sink.wait_for(2)[1].message["Subject"] == "Anmelden bei Shop"
            said = {"locale": "fr"}
            url = f"{server.url}/api/channels/user_preferences"
            httpx.put(url, headers=server.user_headers("ann"), json=said).raise_for_status()
            httpx.post(f"{server.url}/api/broadcasts", headers=headers, json=body)
            assert "Se désabonner" in sink.wait_for(3)[2].text("html")
