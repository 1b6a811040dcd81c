/**
 * The page in the gallery's frame: one story, dressed as its address says.
 *
 * `data-state` of the root is "ready" once the story is in its state, or "failed".
 */
import { find, make } from "./page.js";
import { Stage } from "./stage.js";
import { stories } from "./stories.js";

const asked = new URLSearchParams(location.search);
const root = document.documentElement;

async function show() {
  const story = stories.find(({ id }) => id === asked.get("story"));
  if (!story) throw new Error(`there is no story ${asked.get("story")}`);
  root.lang = story.lang ?? asked.get("lang") ?? "en";
  root.dir = asked.get("dir") ?? (root.lang === "ar" ? "rtl" : "ltr");
  root.dataset["scheme"] = asked.get("scheme") ?? "auto";
  document.title = `${story.group}: ${story.title}`;
  await customElements.whenDefined(story.tag);
  const stage = new Stage(story);
  const looks = asked.get("looks");
  if (looks) stage.element.setAttribute("theme", looks);
  find(story.tag === "notify-bell" ? "header" : "main").append(stage.element);
  find("main").dataset["of"] = story.tag;
  if (story.tag === "notify-toasts") find("main").append(make("p", {}, "Toasts come in a corner of the page."));
  await story.play?.(stage);
}

show().then(
  () => (root.dataset["state"] = "ready"),
  (error) => {
    root.dataset["state"] = "failed";
    console.error("[story]", error);
  },
);
