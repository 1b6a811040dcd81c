"""The default mail as HTML: a table layout by hand, readable from Outlook to a phone in the dark.

All that comes in is text and goes out escaped; only newlines and the content's own little markup
(`domain/markup.py`) become HTML. Lines are kept short.
"""

from collections.abc import Iterator
from html import escape

from notifybell.channels.action_link import absolute_link
from notifybell.channels.mail_digest import Group, Line, Listing
from notifybell.channels.mail_words import Words
from notifybell.domain import markup

_HEAD = """\
<!DOCTYPE html>
<html dir="auto">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="supported-color-schemes" content="light dark">
<style>
:root { color-scheme: light dark; supported-color-schemes: light dark; }
a { color: #2453b8; }
@media (max-width: 600px) {
  .outer { padding: 12px 8px !important; }
  .card { padding: 20px !important; }
}
@media (prefers-color-scheme: dark) {
  body, .page { background: #16181d !important; }
  .card { background: #22252c !important; border-color: #3a3f4a !important; }
  h1, h2, .text, .item { color: #eceef2 !important; }
  .item { border-color: #3a3f4a !important; }
  .item a, .text a { color: #9dbcff !important; }
  .faint, .foot, .foot a { color: #a2a8b4 !important; }
  .button { background: #7ea6ff !important; }
  .button a { color: #10131a !important; }
}
</style>
"""
_BODY = """\
</head>
<body style="margin:0; padding:0; background:#f2f4f7;">
<table role="presentation" class="page" width="100%" cellpadding="0" cellspacing="0" border="0"
 style="background:#f2f4f7;">
<tr><td class="outer" align="center" style="padding:32px 16px;">
<table role="presentation" width="100%" cellpadding="0" cellspacing="0" border="0"
 style="max-width:560px; font-family:-apple-system,'Segoe UI',Roboto,Helvetica,Arial,sans-serif;">
<tr><td class="card" dir="auto"
 style="padding:32px; background:#ffffff; border:1px solid #dfe3ea; border-radius:12px;
 overflow-wrap:anywhere; word-break:break-word;">
<h1 style="margin:0; font-size:20px; line-height:28px; font-weight:600; color:#16181d;">"""
_CONTENT = """\
<p class="text" dir="auto"
 style="margin:16px 0 0; font-size:16px; line-height:24px; color:#353a44;">"""
_BUTTON = """\
<table role="presentation" cellpadding="0" cellspacing="0" border="0" style="margin-top:24px;">
<tr><td class="button" style="background:#2453b8; border-radius:8px;">
<a style="display:inline-block; padding:12px 24px; font-size:16px; font-weight:600;
 color:#ffffff; text-decoration:none;"
 href="{link}">{open}</a>
</td></tr>
</table>
"""
_GROUP = """\
<h2 dir="auto"
 style="margin:28px 0 0; font-size:16px; line-height:24px; font-weight:600; color:#16181d;">\
{label}
<span class="faint" style="font-weight:400; color:#626a78;">({count})</span></h2>
"""
_TOPIC = """\
<p class="faint" dir="auto"
 style="margin:12px 0 0; font-size:13px; line-height:20px; color:#626a78;">{name}</p>
"""
_LIST = '<ul style="margin:4px 0 0; padding:0; list-style:none;">\n'
_LINE = """\
<li class="item" dir="auto"
 style="margin:0; padding:10px 0; border-bottom:1px solid #e6e9ee; font-size:16px;
 line-height:22px; color:#16181d;">
{title}</li>
"""
_LINK = """\
<a style="color:#2453b8; text-decoration:none;"
 href="{link}">{title}</a>"""
_MORE = """\
<p class="faint"
 style="margin:20px 0 0; font-size:14px; line-height:20px; color:#626a78;">{more}</p>
"""
_FOOT = """\
</td></tr>
<tr><td class="foot" align="center"
 style="padding:16px; font-size:13px; line-height:20px; color:#626a78;">
"""
_UNSUBSCRIBE = """\
<br>
<a style="color:#626a78;"
 href="{url}">{unsubscribe}</a>
"""
_END = """\
</td></tr>
</table>
</td></tr>
</table>
</body>
</html>
"""


def html_body(
    title: str,
    content: str,
    link: str | None,
    listed: Listing | None,
    sender_name: str,
    unsubscribe_url: str | None,
    base_url: str,
    words: Words,
) -> str:
    """The page. `link` and `unsubscribe_url` are absolute http(s) URLs, the rest is any text.

    A digest has its list in place of the content.
    """
    heading = escape(title)
    return "".join(
        (
            _HEAD,
            f"<title>{heading}</title>\n",
            _BODY,
            f"{heading}</h1>\n",
            "".join(_digest(listed, words)) if listed else _paragraph(content, base_url),
            _BUTTON.format(link=escape(link), open=words.open) if link else "",
            _FOOT,
            f"{escape(words.sent_by.format(name=sender_name))}\n",
            _leave(unsubscribe_url, words) if unsubscribe_url else "",
            _END,
        )
    )


def _leave(url: str, words: Words) -> str:
    return _UNSUBSCRIBE.format(url=escape(url), unsubscribe=words.unsubscribe)


def _paragraph(content: str, base_url: str) -> str:
    if not content:
        return ""
    lines = content_html(content, base_url)
    return f"{_CONTENT}{lines}</p>\n"


def content_html(content: str, base_url: str) -> str:
    """Content with its markup as safe HTML that keeps its lines."""
    marked = markup.as_html(
        content, lambda href: absolute_link(href, base_url), ' style="color:#2453b8;"'
    )
    return marked.replace("\n", "<br>\n")


def _digest(listed: Listing, words: Words) -> Iterator[str]:
    for group in listed.groups:
        yield from _group(group)
    if listed.more:
        yield _MORE.format(more=words.more.format(count=listed.more))


def _group(group: Group) -> Iterator[str]:
    if group.label:
        yield _GROUP.format(label=escape(group.label), count=group.count)
    for topic in group.topics:
        if topic.name:
            yield _TOPIC.format(name=escape(topic.name))
        yield _LIST
        yield from map(_line, topic.lines)
        yield "</ul>\n"


def _line(line: Line) -> str:
    title = escape(line.title)
    linked = _LINK.format(link=escape(line.link), title=title) if line.link else title
    return _LINE.format(title=linked)
