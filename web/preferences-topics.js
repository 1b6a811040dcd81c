/**
 * The topics that a user subscribed to or muted. One that was taken back stays in its place, so that
 * a slip of the finger can be undone.
 *
 * @import { PreferencesContext, PreferencesSection, Topic, TopicState } from "./preferences-types.js"
 */
import { h } from "./dom.js";
import { section, textButton } from "./preferences-controls.js";
import { sayOfTopic } from "./preferences-draft.js";

/** What can be done in each state, and where it leads. @type {Record<TopicState, { name: "topicsMute" | "topicsUnmute" | "topicsSubscribe" | "topicsUnsubscribe", to: TopicState }[]>} */
const TOPIC_ACTS = {
  subscribed: [
    { name: "topicsMute", to: "muted" },
    { name: "topicsUnsubscribe", to: "none" },
  ],
  muted: [{ name: "topicsUnmute", to: "none" }],
  none: [
    { name: "topicsMute", to: "muted" },
    { name: "topicsSubscribe", to: "subscribed" },
  ],
};

/**
 * @param {PreferencesContext} context
 * @returns {PreferencesSection}
 */
export function topicsSection(context) {
  /** @type {Map<string, TopicRow>} */
  const rows = new Map();
  const list = h("ul", { part: "topics", class: "topics" });
  const element = section(context.labels.topics, "", list);
  const rowOf = (/** @type {string} */ topic) => {
    const row = rows.get(topic) ?? new TopicRow(context, topic);
    if (!rows.has(topic)) list.append(row.element);
    rows.set(topic, row);
    return row;
  };
  return {
    element,
    update: ({ topics }) => {
      element.hidden = topics.length === 0;
      for (const topic of topics) rowOf(topic.topic).update(topic);
    },
  };
}

class TopicRow {
  #context;
  /** @type {TopicState | null} */
  #state = null;
  #text = h("span", { part: "topic-state", class: "hint" });
  #acts = h("span", { class: "acts" });

  /**
   * @param {PreferencesContext} context
   * @param {string} topic
   */
  constructor(context, topic) {
    this.#context = context;
    const name = h("span", { part: "topic-name", class: "topic-name", dir: "auto" }, topic);
    this.element = h("li", { part: "topic", class: "topic" }, name, this.#text, this.#acts);
  }

  /** @param {Topic} topic */
  update({ topic, state }) {
    if (state === this.#state) return;
    this.#state = state;
    const { labels, put } = this.#context;
    const hadFocus = this.#acts.matches(":focus-within");
    this.#text.textContent = labels.topicStates[state];
    const acts = TOPIC_ACTS[state].map(({ name, to }) => {
      const act = textButton("topic-act", labels[name], () => put(sayOfTopic({ topic, state: to })));
      act.ariaLabel = `${labels[name]}: ${topic}`;
      return act;
    });
    this.#acts.replaceChildren(...acts);
    if (hadFocus) acts[0]?.focus();
  }
}
