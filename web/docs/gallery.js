/** The gallery: a list of stories, and one of them in a frame, as the address says. */
import { find, make } from "./page.js";
import { stories } from "./stories.js";

const tools = /** @type {HTMLFormElement} */ (find("#tools"));
const frame = /** @type {HTMLIFrameElement} */ (find("#frame"));
const DEFAULT_STORY = "panel-list";

/** What is chosen, with the defaults left out. */
function chosen() {
  const asked = new URLSearchParams(location.search);
  asked.set("story", asked.get("story") ?? DEFAULT_STORY);
  return asked;
}

/** @param {string} story */
function choose(story) {
  const said = [...new FormData(tools)].map(([name, value]) => [name, String(value)]);
  const asked = new URLSearchParams([["story", story], ...said.filter(([, value]) => value && value !== "auto")]);
  history.replaceState(null, "", `?${asked}`);
  draw();
}

function draw() {
  const asked = chosen();
  const address = `/docs/gallery/story?${asked}`;
  const width = asked.get("width");
  frame.style.width = width ? `${width}px` : "100%";
  frame.contentWindow?.location.replace(address);
  find("#alone").setAttribute("href", address);
  for (const link of document.querySelectorAll("#stories a")) {
    const isChosen = link.getAttribute("href") === `?story=${asked.get("story")}`;
    if (isChosen) link.setAttribute("aria-current", "true");
    else link.removeAttribute("aria-current");
    if (isChosen) frame.title = link.textContent ?? "";
  }
}

function list() {
  for (const group of new Set(stories.map((story) => story.group))) {
    const some = stories.filter((story) => story.group === group);
    const lines = some.map(({ id, title }) => make("li", {}, make("a", { href: `?story=${id}` }, title)));
    find("#stories").append(make("h2", {}, group), make("ul", {}, ...lines));
  }
  find("#stories").addEventListener("click", (event) => {
    const link = /** @type {Element} */ (event.target).closest("a");
    if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    choose(new URLSearchParams(link.search).get("story") ?? DEFAULT_STORY);
  });
}

for (const [name, value] of chosen()) {
  const field = tools.elements.namedItem(name);
  if (field instanceof HTMLSelectElement) field.value = value;
}
tools.addEventListener("change", () => choose(chosen().get("story") ?? DEFAULT_STORY));
list();
draw();
