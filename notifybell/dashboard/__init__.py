"""The dashboard at `/dashboard`: pages for whoever runs the server, drawn here, readable without
JavaScript. Floor 4, beside `api/`, of which it uses requests, errors, lists and sessions.

## A new page

1. `dashboard/things.py`: a handler, listed in `routes.py`. The router says `access="operator"`, so
   nobody comes in unsigned, and every POST was checked (own page, form token) before it:

       @get("/things", cache=False)
       async def list_things(request: ApiRequest, after: After = None) -> Response[str]:
           rows = await request.db.scan(lambda conn: things.page(conn, **cursor.one_more))
           return page(request, "things.html", things=build_page(rows, …))

       @post("/things/remove", status_code=303)
       async def remove_thing(request: ApiRequest) -> Response[str]:
           thing_id = request.operator.form.text("id")
           await request.db.write(lambda conn: things.remove(conn, thing_id))
           return redirect("/dashboard/things", done="removed")

   No SQL and no policy: a store verb or a `delivery/` verb does it. Small indexed reads by
   `request.db.read`, everything else by `await request.db.scan`. Raise domain errors
   (`NotFound`, `InvalidField`, …): `refusals.py` shows them as pages with the right status. A form
   with a mistake is shown again: `page(request, …, status_code=422, problem="…", form=…)`.
2. `dashboard/templates/things.html`: `{% extends "base.html" %}`, blocks `title` and `main`. From
   `{% import "parts.html" as ui with context %}`: `ui.token()` in **every** form,
   `ui.badge(state)`, `ui.pager(links)`, `ui.empty("…")`, `ui.search(…)`, `ui.problem(text)`.
   Filters: `when` (a time), `ago(now)`, `number`, `percent`, `size` (bytes), `span` (ms in words).
   Every render knows `now`, `operator`, `path`. Autoescape is on; never `|safe`.
3. `navigation.py`: one line, with its letter for the keyboard (`g` and the letter).
4. `tests/dashboard/`: the fixture `desk` is a signed-in browser over a real application
   (`await desk.get("/things")`, `await desk.post("/things/remove", id="…")`). `test_access.py`
   walks all routes; `test_cost.py` has the large database.

## What there is for it

- Lists: `api/pagination.py` (`Cursor`, `build_page`) with a path for the URL; `ui.pager` draws it.
- Notices after a POST: `redirect(path, done="word")`, and `notice(request, {"word": "Sentence."})`.
- Live parts: `<div id="x" data-live="/dashboard/x/live">…</div>`; the script fetches that address
  every two seconds while the page is visible (`data-every` in ms) and puts its HTML there when it
  differs. Answer it with `fragment(request, "_x.html", …)`, and `{% include %}` the same template
  in the page. Without JavaScript the page is simply as it was when it was loaded.
- Plots: `plots.py` makes the geometry, `ui.plot(plot)` draws it with its numbers in a table below.
- Keys: `/` goes to the page's first `input[type=search]`, `?` shows all keys.
- `data-confirm="Really?"` on a form asks first.
- Styles: `web/dashboard/dashboard.css`; `.card`, `.tiles`/`.tile`, `.bar` (a row of controls),
  `table.stack` (rows become cards on a phone: give each cell its `data-label`), `.facts` (a `dl`),
  `.badge.good|bad|warm|quiet`, `.quiet`, `.mono`, `.timeline`.
- The policy allows no inline style and no inline script, and HTML from strings only in `live.js`.
"""
