"""The project's own templates, as files in a folder, on sample messages to Ann."""

import email
import email.policy
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from notifybell.channels import sample_messages
from notifybell.channels.base import Message
from notifybell.channels.mail_message import build, parse_from
from notifybell.channels.template_values import FIELDS, VARIABLES, values_of
from notifybell.channels.templates import Templates
from notifybell.domain.errors import ConfigError, Rejected
from notifybell.domain.model import DigestItem, Event, Token
from tests.channels.conftest import NOW, a_message

BASE = "https://bell.example.com"
LABELS = {"orders": "Orders", "shop/returns": "Returns", "de": "Germany"}
CHANNELS = ("email", "web_push", "slack")
SHOP = parse_from("Shop <no-reply@shop.example.com>")


def loaded(folder: Path, time_zone: str = "UTC", **files: str) -> Templates:
    return Templates.load(
        write(folder, files),
        labels=LABELS,
        channels=CHANNELS,
        base_url=BASE,
        time_zone=time_zone,
    )


def write(folder: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")
    return folder


def an_order(channel: str = "email", **changes: Any) -> Message:
    """News of an order, in a category of its own."""
    address = {} if channel == "email" else {"address": a_token(channel)}
    return a_message(**({"category": "orders", "category_label": "Orders"} | address | changes))


def a_token(channel: str) -> Token:
    return Token("tok_1", "usr_ann", channel, channel, "ann's", "", "{}", NOW, NOW)


def a_digest(*titles: str, **changes: Any) -> Message:
    items = tuple(
        DigestItem(f"ntf_{title}", title, None, "orders", None, f"/orders/{title}", NOW)
        for title in titles
    )
    return a_message(**({"items": items, "labels": LABELS, "action_url": None} | changes))


def rendered(folder: Path, text: str, message: Message | None = None, end: str = "txt") -> str:
    """What one mail template makes of a message."""
    templates = loaded(folder, **{f"orders/email.{end}": text, f"_default/email.{end}": text})
    result = templates.render(message or an_order())
    shown = {"txt": result.text, "html": result.html, "subject.txt": result.title}[end]
    assert shown is not None
    return shown


# --- which template is taken --------------------------------------------------------------------

ORDER = (
    *("de-AT/orders", "de/orders", "orders"),
    *("de-AT/_default", "de/_default", "_default"),
)


@pytest.mark.parametrize("first", range(len(ORDER) + 1))
def test_the_nearest_folder_wins_and_then_the_built_in_text(tmp_path: Path, first: int) -> None:
    files = {f"{folder}/email.txt": folder for folder in ORDER[first:]}
    message = loaded(tmp_path, **files).render(an_order(locale="de-AT"))
    assert message.text == (ORDER[first] if first < len(ORDER) else None)


@pytest.mark.parametrize(
    ("locale", "category", "found"),
    [
        ("de-AT", "orders", "de-AT/orders"),
        ("de_at", "orders", "de-AT/orders"),
        ("de-AT-1996", "orders", "de-AT/orders"),
        ("de-CH", "orders", "de/orders"),
        ("de", "orders", "de/orders"),
        ("den", "orders", "orders"),
        ("fr", "orders", "orders"),
        (None, "orders", "orders"),
        ("", "orders", "orders"),
        ("de", "other", "de/_default"),
        ("de", None, "de/_default"),
        ("fr", None, "_default"),
        (None, "../orders", "_default"),
        (None, "_default", "_default"),
        ("../de", "orders", "orders"),
    ],
)
def test_a_locale_falls_back_to_its_language(
    tmp_path: Path, locale: str | None, category: str | None, found: str
) -> None:
    templates = loaded(tmp_path, **{f"{folder}/email.txt": folder for folder in ORDER})
    assert templates.render(an_order(locale=locale, category=category)).text == found


def test_each_part_is_looked_for_on_its_own(tmp_path: Path) -> None:
    templates = loaded(
        tmp_path, **{"de/orders/email.subject.txt": "Neu", "orders/email.html": "<p>New"}
    )
    message = templates.render(an_order(locale="de"))
    assert (message.title, message.text, message.html) == ("Neu", None, "<p>New")
    assert templates.origins(an_order(locale="de")) == {
        "title": str(tmp_path / "de/orders/email.subject.txt"),
        "html": str(tmp_path / "orders/email.html"),
    }


@pytest.mark.parametrize("folder", ["shop/returns", "pt_BR/shop/returns"])
def test_a_key_with_a_slash_is_a_folder_in_a_folder(tmp_path: Path, folder: str) -> None:
    templates = loaded(tmp_path, **{f"{folder}/email.txt": "Own"})
    assert templates.warnings == ()
    assert templates.render(an_order(category="shop/returns", locale="pt-BR")).text == "Own"


def test_a_category_without_a_label_has_its_key_for_one(tmp_path: Path) -> None:
    message = an_order(category="news", category_label=None)
    assert rendered(tmp_path, "{{ notification.category_label }}", message) == "news"


def test_what_has_no_topic_can_be_grouped(tmp_path: Path) -> None:
    text = (
        "{% for topic, group in items|groupby('topic') %}{{ topic }}{{ group|length }}{% endfor %}"
    )
    assert rendered(tmp_path, text, a_digest("A", "B")) == "2"


def test_a_category_may_be_called_like_a_language(tmp_path: Path) -> None:
    templates = loaded(tmp_path, **{"de/email.txt": "Germany", "de/orders/email.txt": "Deutsch"})
    assert templates.warnings == ()
    assert templates.render(an_order(category="de")).text == "Germany"
    assert templates.render(an_order(locale="de")).text == "Deutsch"


@pytest.mark.parametrize("channel", ["web_push", "slack"])
def test_other_channels_have_a_title_and_a_content(tmp_path: Path, channel: str) -> None:
    templates = loaded(
        tmp_path,
        **{
            f"orders/{channel}.title.txt": "{{ count }} new\n",
            f"orders/{channel}.txt": "About {{ notification.topic }}\n",
            "orders/email.txt": "Mail",
        },
    )
    message = templates.render(an_order(channel, topic="order 1"))
    assert (message.title, message.content) == ("1 new", "About order 1")
    assert (message.text, message.html) == (None, None)


@pytest.mark.parametrize("name", ["email.subject.txt", "slack.title.txt"])
def test_a_title_is_one_line_on_every_channel(tmp_path: Path, name: str) -> None:
    text = "{{ notification.title }}\n\n{{ notification.topic }}\n"
    templates = loaded(tmp_path, **{f"orders/{name}": text})
    message = an_order(name.partition(".")[0], title="a\r\nb\0", topic="c\td\x1b")
    assert templates.render(message).title == "a b c d"


def test_a_channel_without_a_template_keeps_its_message(tmp_path: Path) -> None:
    templates = loaded(tmp_path, **{"orders/email.txt": "Mail"})
    message = an_order("web_push")
    assert templates.render(message) is message


def test_what_yields_nothing_leaves_the_built_in_part(tmp_path: Path) -> None:
    only_digests = "{% if items %}{{ count }} new{% endif %}\n"
    files = {"_default/email.subject.txt": only_digests, "_default/email.txt": only_digests}
    templates = loaded(tmp_path, **files)
    single = templates.render(an_order())
    assert (single.title, single.text) == ("Your order has shipped", None)
    assert templates.render(a_digest("A", "B")).title == "2 new"


def test_a_webhooks_event_is_left_alone(tmp_path: Path) -> None:
    templates = loaded(tmp_path, **{"_default/email.txt": "Mail"})
    event = Event(1, NOW, "delivery.dead", "error", *[None] * 8)
    message = a_message(event=event)
    assert templates.render(message) is message


# --- what templates see -------------------------------------------------------------------------


def test_every_documented_variable_is_there_and_no_other() -> None:
    values = values_of(an_order(), BASE, Templates({}, base_url=BASE)._zone)
    assert tuple(values) == VARIABLES
    assert tuple(values["notification"].__struct_fields__) == FIELDS


def test_a_template_sees_the_notification(tmp_path: Path) -> None:
    text = "|".join(f"{{{{ notification.{name} }}}}" for name in FIELDS)
    message = an_order(topic="order 1", notification_id="ntf_1")
    assert rendered(tmp_path, text, message) == (
        "ntf_1|Your order has shipped|It will arrive on Friday.|https://bell.example.com/orders/1"
        "|orders|Orders|order 1|2026-01-01 00:00:00+00:00"
    )


def test_what_is_absent_is_empty(tmp_path: Path) -> None:
    message = an_order(content=None, action_url=None, topic=None)
    text = (
        "{{ notification.content }}{{ notification.action_url }}{{ notification.topic }}"
        "{{ unsubscribe_url }}{{ locale }}.{% if not notification.content %}none{% endif %}"
    )
    assert rendered(tmp_path, text, message) == ".none"


def test_a_template_sees_a_digest(tmp_path: Path) -> None:
    text = (
        "{{ count }}:{% for item in items %} {{ item.title }} {{ item.category_label }}"
        " {{ item.action_url }}{% endfor %}"
    )
    assert rendered(tmp_path, text, a_digest("A", "B")) == (
        f"2: A Orders {BASE}/orders/A B Orders {BASE}/orders/B"
    )


def test_a_template_sees_at_most_fifty_items(tmp_path: Path) -> None:
    digest = a_digest(*[str(n) for n in range(62)])
    assert rendered(tmp_path, "{{ items|length }} {{ more }} {{ count }}", digest) == "50 12 62"


def test_times_are_those_of_the_projects_time_zone(tmp_path: Path) -> None:
    text = '{{ notification.created_at.strftime("%d.%m.%Y %H:%M") }}'
    templates = loaded(tmp_path, "Asia/Tokyo", **{"orders/email.txt": text})
    assert templates.render(an_order()).text == "01.01.2026 09:00"


@pytest.mark.parametrize("url", ["javascript:alert(1)", "//evil.example/x", "data:text/html,x"])
def test_a_template_never_sees_a_dangerous_link(tmp_path: Path, url: str) -> None:
    text = '<a href="{{ notification.action_url }}{{ items[0].action_url }}">'
    item = DigestItem("ntf_1", "Hello", None, None, None, url, NOW)
    digest = a_message(items=(item,), action_url=url, unsubscribe_url=url)
    assert rendered(tmp_path, text, digest, "html") == '<a href="">'


# --- hostile texts ------------------------------------------------------------------------------

EVIL = "<script>alert(1)</script>{{ 7 * 7 }}\"'>"


def test_html_is_escaped_and_text_is_not(tmp_path: Path) -> None:
    text = '<p title="{{ notification.title }}">{{ notification.content|breaks }}</p>'
    message = an_order(title=EVIL, content=f"{EVIL}\nnext")
    escaped = "&lt;script&gt;alert(1)&lt;/script&gt;{{ 7 * 7 }}&#34;&#39;&gt;"
    assert rendered(tmp_path, text, message, "html") == (
        f'<p title="{escaped}">{escaped}<br>\nnext</p>'
    )
    assert rendered(tmp_path, "{{ notification.title }}", message) == EVIL


def test_a_template_shows_the_markup_of_content_or_leaves_it_out(tmp_path: Path) -> None:
    message = an_order(content=f"**{EVIL}**\n[your order](/orders/1)")
    assert rendered(tmp_path, "{{ notification.content|markup }}", message, "html") == (
        "<strong>&lt;script&gt;alert(1)&lt;/script&gt;{{ 7 * 7 }}&quot;&#x27;&gt;</strong><br>\n"
        f'<a style="color:#2453b8;" href="{BASE}/orders/1">your order</a>'
    )
    assert rendered(tmp_path, "{{ notification.content|plain }}", message) == (
        f"{EVIL}\nyour order ({BASE}/orders/1)"
    )
    assert rendered(tmp_path, "{{ notification.content }}", message) == message.content


def test_the_titles_of_a_digest_have_no_markup(tmp_path: Path) -> None:
    message = a_digest("1", content="*Sale* <b>\n[a](/b)")
    assert rendered(tmp_path, "{{ notification.content|markup }}", message, "html") == (
        "*Sale* &lt;b&gt;<br>\n[a](/b)"
    )
    assert rendered(tmp_path, "{{ notification.content|plain }}", message) == message.content
    item = msgspec.structs.replace(message.items[0], content="**Two** mugs")
    one = msgspec.structs.replace(message, items=(item,))
    loop = "{% for item in items %}{{ item.content|markup }}{% endfor %}"
    assert rendered(tmp_path, loop, one, "html") == "<strong>Two</strong> mugs"


def test_an_included_layout_is_escaped_too(tmp_path: Path) -> None:
    templates = loaded(
        tmp_path,
        **{
            "_layout.html": "<h1>{{ notification.title }}</h1>{% block body %}{% endblock %}",
            "_parts/_item.html": "<li>{{ item.title }}</li>",
            "_default/email.html": (
                '{% extends "_layout.html" %}{% block body %}{% for item in items %}'
                '{% include "_parts/_item.html" %}{% endfor %}{% endblock %}'
            ),
        },
    )
    html = templates.render(a_digest(EVIL, title=EVIL)).html
    assert html is not None and html.count("&lt;script&gt;") == 2 and "<script" not in html


@settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
@given(
    title=st.text(max_size=60), topic=st.text(alphabet="\r\n\t\x00\x85\u2028 :abBc", max_size=40)
)
def test_no_subject_template_can_add_a_header(tmp_path: Path, title: str, topic: str) -> None:
    subject = "{{ notification.title }}\r\nBcc: bob@example.com\n\n{{ notification.topic }}\n"
    templates = loaded(tmp_path, **{"orders/email.subject.txt": subject})
    message = templates.render(an_order(title=title, topic=topic))
    mail = email.message_from_bytes(
        build(message, "ann@example.com", SHOP, BASE), policy=email.policy.default
    )
    assert mail["Bcc"] is None and mail["To"] == "ann@example.com"
    assert "Bcc: bob@example.com" in mail["Subject"]
    assert mail.get_content_type() == "multipart/alternative"


def test_own_texts_are_the_mails_two_parts(tmp_path: Path) -> None:
    templates = loaded(
        tmp_path,
        **{
            "orders/email.subject.txt": "Bestellung: {{ notification.title }}",
            "orders/email.txt": "Grüße\r\n\x07{{ notification.title }}\n\n",
            "orders/email.html": "<p>{{ notification.title }}</p>\n",
        },
    )
    raw = build(templates.render(an_order(title="Naïve & co")), "ann@example.com", SHOP, BASE)
    mail = email.message_from_bytes(raw, policy=email.policy.default)
    text, html = (str(part.get_content()).replace("\r\n", "\n") for part in mail.iter_parts())
    assert mail["Subject"] == "Bestellung: Naïve & co"
    assert text == "Grüße\nNaïve & co\n"
    assert html == "<p>Naïve &amp; co</p>\n"


ESCAPES = [
    "{{ ''.__class__.__mro__ }}",
    "{{ notification.__class__ }}",
    "{{ notification['__class__'] }}",
    "{{ notification.title.__class__.__base__.__subclasses__() }}",
    "{{ notification|attr('__class__') }}",
    "{{ items.__init__.__globals__ }}",
    "{{ cycler.__init__.__globals__.os.popen('id').read() }}",
    "{{ self.__init__.__globals__ }}",
    "{{ notification.created_at.__class__ }}",
    "{{ '{0.__class__}'.format(notification) }}",
    "{{ ''.format_map.__self__.__class__ }}",
    "{{ [notification]|map(attribute='__class__')|list }}",
    "{{ range(10000000)|list }}",
    "{% set x = items.append(1) %}{{ x }}",
    "{% for item in range(5) %}{{ loop.__class__ }}{% endfor %}",
]


@pytest.mark.parametrize("text", ESCAPES)
def test_no_template_leaves_the_sandbox(tmp_path: Path, text: str) -> None:
    try:
        shown = rendered(tmp_path, text)
    except (ConfigError, Rejected):
        return
    assert "class" not in shown and "uid=" not in shown and "object at" not in shown


@pytest.mark.parametrize("name", ["/etc/hostname", "../secret.txt", "orders/../../secret.txt"])
def test_no_template_reads_a_file_outside_the_folder(tmp_path: Path, name: str) -> None:
    (tmp_path / "secret.txt").write_text("secret")
    with pytest.raises(ConfigError, match="unknown template"):
        rendered(tmp_path / "templates", f'{{% include "{name}" %}}')


# --- what is said at the start ------------------------------------------------------------------

FAULTS = [
    ("{{ notification.title", "1: unexpected end of template"),
    ("\n{% if items %}", "2: Unexpected end of template"),
    ("Hi\n{{ notifcation.title }}", "2: unknown variable notifcation; did you mean notification?"),
    ("{{ user.name }}", "1: unknown variable user"),
    ("{{ notification.titel }}", "1: a notification has no titel; did you mean title?"),
    ("{{ notification['titel'] }}", "1: a notification has no titel; did you mean title?"),
    (
        "{% for one in items %}\n{{ one.topik }}{% endfor %}",
        "2: a notification has no topik; did you mean topic?",
    ),
    (
        "{% for one in items[:3]|reverse %}{{ one.url }}{% endfor %}",
        "1: a notification has no url",
    ),
    ("{{ items[0].nam }}", "1: a notification has no nam"),
    ("{{ (items|first).nam }}", "1: a notification has no nam"),
    ("{{ count|uper }}", "1: unknown filter uper; did you mean upper?"),
    ("{% if count is evn %}{% endif %}", "1: unknown test evn; did you mean even?"),
    ("{% include '_foot.txt' %}", "1: unknown template _foot.txt"),
    ("{% include locale %}", "1: the name of the other template must be written out"),
    ("{% block a %}{% endblock %}\n{% block a %}{% endblock %}", "2: block 'a' defined twice"),
]


@pytest.mark.parametrize(("text", "line"), FAULTS)
def test_a_fault_is_named_with_its_file_and_line(tmp_path: Path, text: str, line: str) -> None:
    with pytest.raises(ConfigError) as caught:
        loaded(tmp_path, **{"de/orders/email.txt": text})
    path = tmp_path / "de/orders/email.txt"
    assert len(caught.value.message.splitlines()) == 1
    assert caught.value.message.startswith(f"{path}:{line}")


def test_all_faults_are_named_at_once(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        loaded(
            tmp_path,
            **{
                "orders/email.txt": "{{ a }}\n{{ notification.b }}",
                "_default/slack.txt": "{{ c }}",
                "_layout.html": "{{ d }}",
            },
        )
    lines = [line.removeprefix(f"{tmp_path}/") for line in caught.value.message.splitlines()]
    assert [line.partition("; ")[0] for line in lines] == [
        "_default/slack.txt:1: unknown variable c",
        "_layout.html:1: unknown variable d",
        "orders/email.txt:1: unknown variable a",
        "orders/email.txt:2: a notification has no b",
    ]


NO_FAULTS = [
    "{% set greeting = 'Hi' %}{{ greeting }}",
    "{% macro line(it) %}{{ it.title }}{% endmacro %}{{ line(notification) }}",
    "{% for item in [1, 2] %}{{ item.real }}{% endfor %}",
    "{% for topic, group in items|groupby('category') %}{{ group|length }}{% endfor %}",
    "{% set items = ['a'] %}{{ items[0].upper() }}",
    "{% for item in items %}{{ loop.index }} {{ item.title.upper() }}{% endfor %}",
    "{% with notification = namespace(a=1) %}{{ notification.a }}{% endwith %}",
    "{{ notification.created_at.year }} {{ range(3)|join(',') }}",
]


@pytest.mark.parametrize("text", NO_FAULTS)
def test_a_name_that_has_a_meaning_is_no_fault(tmp_path: Path, text: str) -> None:
    assert loaded(tmp_path, **{"_default/email.txt": text}).warnings == ()


def test_a_layout_may_use_what_its_user_sets(tmp_path: Path) -> None:
    templates = loaded(
        tmp_path,
        **{
            "_layout.html": "<h1>{{ heading }}</h1>",
            "orders/email.html": '{% set heading = "Hi" %}{% include "_layout.html" %}',
        },
    )
    assert templates.render(an_order()).html == "<h1>Hi</h1>"


def test_html_may_not_include_what_is_not_escaped(tmp_path: Path) -> None:
    files = {"_foot.txt": "{{ notification.title }}"}
    with pytest.raises(ConfigError, match=r"email\.html:1: _foot\.txt is not escaped"):
        loaded(tmp_path, **files, **{"orders/email.html": '{% include "_foot.txt" %}'})


def test_there_must_be_a_folder(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"templates\.folder: there is no folder .*/nowhere"):
        loaded(tmp_path / "nowhere")


def test_a_file_that_is_not_text_is_named(tmp_path: Path) -> None:
    write(tmp_path, {"orders/email.txt": ""})
    (tmp_path / "orders/email.txt").write_bytes(b"\xff\xfe")
    with pytest.raises(ConfigError, match=r"orders/email\.txt: is not text"):
        loaded(tmp_path)


def test_two_files_for_the_same_are_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="is for the same as"):
        loaded(tmp_path, **{"pt-BR/orders/email.txt": "a", "pt_br/orders/email.txt": "b"})


STRAY = [
    ("ordes/email.txt", "ordes: there is no such category as ordes in the configuration; did you"),
    ("de/ordes/email.txt", "de/ordes: there is no such category as ordes in the configuration"),
    ("fr/email.txt", "fr: there is no such category as fr in the configuration"),
    ("orders/emial.txt", "orders/emial.txt: there is no such channel as emial; did you mean"),
    ("orders/email.md", "orders/email.md: not used; a template of email is called email.subject"),
    ("orders/slack.html", "orders/slack.html: not used; a template of slack is called slack.title"),
    ("orders/in_app.txt", "orders/in_app.txt: the bell shows what was sent"),
    ("email.txt", "email.txt: not used; it belongs in the folder of a category, or in _default"),
    ("README.md", "README.md: there is no such channel as README"),
]


@pytest.mark.parametrize(("name", "warning"), STRAY)
def test_a_file_for_nothing_is_a_warning(tmp_path: Path, name: str, warning: str) -> None:
    (told,) = loaded(tmp_path, **{name: "Hello"}).warnings
    assert told.removeprefix(f"{tmp_path}/").startswith(warning)


def test_leftovers_of_editors_and_version_control_are_no_matter(tmp_path: Path) -> None:
    files = {".git/email.txt": "{{", "orders/email.txt~": "{{", "orders/.email.txt.swp": "{{"}
    assert loaded(tmp_path, **files).warnings == ()


@pytest.mark.parametrize(
    "text", ["{{ notification.title|safe }}", "{% autoescape false %}x{% endautoescape %}"]
)
def test_html_from_outside_is_a_warning(tmp_path: Path, text: str) -> None:
    (told,) = loaded(tmp_path, **{"orders/email.html": f"<p>\n{text}"}).warnings
    assert told.startswith(f"{tmp_path}/orders/email.html:2: text that is not escaped")


def test_a_template_is_tried_before_anyone_gets_it(tmp_path: Path) -> None:
    text = "Hi\n{{ notification.content.splitlines()[0] }}"
    (told,) = loaded(tmp_path, **{"orders/email.txt": text}).warnings
    assert told == (
        f"{tmp_path}/orders/email.txt:2: list object has no element 0 "
        "(tried with a notification that has a title only)"
    )


# --- what goes wrong later ----------------------------------------------------------------------

FAILURES = [
    ("Hi\n{{ notification.content.first }}", ":2: 'str object' has no attribute 'first'"),
    ("{{ 1 / (count - 1) }}", ":1: ZeroDivisionError: division by zero"),
    ("{{ items[0].title }}", ":1: list object has no element 0"),
    ("{{ notification.title + 1 }}", ":1: TypeError: can only concatenate str"),
]


@pytest.mark.parametrize(("text", "sentence"), FAILURES)
def test_a_failure_rejects_the_message_with_a_sentence(
    tmp_path: Path, text: str, sentence: str
) -> None:
    templates = loaded(tmp_path, **{"orders/email.txt": text})
    with pytest.raises(Rejected) as caught:
        templates.render(an_order(content=None))
    start = f"the template {tmp_path}/orders/email.txt{sentence}"
    assert caught.value.message.startswith(start)


def test_a_failure_in_a_layout_is_named_where_it_is(tmp_path: Path) -> None:
    templates = loaded(
        tmp_path,
        **{
            "_foot.html": "<p>\n{{ notification.content.splitlines()[0] }}",
            "orders/email.html": '\n\n{% include "_foot.html" %}',
        },
    )
    with pytest.raises(Rejected, match=r"_foot\.html:2: list object has no element 0"):
        templates.render(an_order(content=None))


def test_a_template_that_includes_itself_is_rejected(tmp_path: Path) -> None:
    templates = loaded(tmp_path, **{"orders/email.txt": '{% include "orders/email.txt" %}'})
    assert "recursion" in templates.warnings[0]
    with pytest.raises(Rejected, match="recursion"):
        templates.render(an_order())


def test_files_are_read_at_the_start_only(tmp_path: Path) -> None:
    templates = loaded(
        tmp_path, **{"_foot.txt": "old", "orders/email.txt": '{% include "_foot.txt" %}'}
    )
    write(tmp_path, {"_foot.txt": "new", "orders/email.txt": "{{"})
    assert templates.render(an_order()).text == "old"


def test_samples_are_messages_that_every_template_may_get(tmp_path: Path) -> None:
    known: dict[str, Any] = {"category": "orders", "labels": LABELS, "base_url": BASE}
    full = sample_messages.a_notification("email", **known)
    values = values_of(full, BASE, Templates({}, base_url=BASE)._zone)
    assert all(getattr(values["notification"], name) for name in FIELDS)
    assert len(sample_messages.a_digest("slack", **known).items) > 1
