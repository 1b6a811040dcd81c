/**
 * What a user wishes: as saved, with the changes on their way on top. Draws nothing.
 *
 * @import { InboxClient } from "./client.js"
 * @import { Change, ChannelChoice, Preferences, Settings, Topic } from "./preferences-types.js"
 */
import { loadSettings, putPreferences, putTopic } from "./preferences-api.js";

export class Draft {
  #saved;
  /** @type {Change[]} */
  #pending = [];
  /** @type {Promise<unknown>} */
  #queue = Promise.resolve();

  /** @param {Settings} saved */
  constructor(saved) {
    this.#saved = saved;
  }

  /** What is to be drawn. */
  get settings() {
    return this.#pending.reduce((settings, change) => change.apply(settings), this.#saved);
  }

  /**
   * Follows what another device changed; what is changed here in the meantime goes before.
   *
   * @param {InboxClient} client
   */
  async reload(client) {
    const before = this.#saved;
    if (this.#pending.length) return;
    const settings = await loadSettings(client);
    if (this.#pending.length || this.#saved !== before) return;
    this.#saved = { ...settings, topics: withThoseGone(settings.topics, before.topics) };
  }

  /**
   * Counts at once, and is saved after those before it, so that the last word is the last one.
   *
   * @param {Change} change
   * @param {InboxClient} client
   * @returns {Promise<void>} rejects when it was refused; then it does not count any more
   */
  async put(change, client) {
    this.#pending.push(change);
    const saving = this.#queue.then(() => change.save(client));
    this.#queue = saving.catch(() => {});
    try {
      await saving;
      this.#saved = change.apply(this.#saved);
    } finally {
      this.#pending = this.#pending.filter((other) => other !== change);
    }
  }
}

/**
 * What was taken back stays in the list.
 *
 * @param {Topic[]} now
 * @param {Topic[]} before
 * @returns {Topic[]}
 */
function withThoseGone(now, before) {
  const names = new Set(now.map(({ topic }) => topic));
  const gone = before.filter(({ topic }) => !names.has(topic));
  return [...now, ...gone.map(({ topic }) => ({ topic, state: /** @type {const} */ ("none") }))];
}

/**
 * One cell of the matrix.
 *
 * @param {string} key the category
 * @param {ChannelChoice} choice
 * @param {Partial<Preferences>} [fields] what goes with it
 * @returns {Change}
 */
export function choose(key, choice, fields = {}) {
  const body = { categories: [{ key, channels: [choice] }], ...fields };
  const replaced = (/** @type {ChannelChoice} */ one) => (one.name === choice.name ? choice : one);
  return {
    ...{ body, save: (client) => putPreferences(client, body) },
    apply: (settings) => ({
      ...settings,
      ...fields,
      categories: settings.categories.map((category) =>
        category.key === key ? { ...category, channels: category.channels.map(replaced) } : category,
      ),
    }),
  };
}

/**
 * @param {Partial<Preferences>} fields
 * @returns {Change}
 */
export function setFields(fields) {
  return {
    body: fields,
    save: (client) => putPreferences(client, fields),
    apply: (settings) => ({ ...settings, ...fields }),
  };
}

/**
 * Times of day mean the user's own: with the first of them goes the zone that the page shows.
 *
 * @param {Settings} settings
 * @returns {Partial<Preferences>}
 */
export function zoneWith({ time_zone }) {
  return time_zone ? {} : { time_zone: browserZone() };
}

export function browserZone() {
  return Intl.DateTimeFormat().resolvedOptions().timeZone;
}

/**
 * @param {Topic} said
 * @returns {Change}
 */
export function sayOfTopic(said) {
  return {
    body: { topics: [said] },
    save: (client) => putTopic(client, said),
    apply: (settings) => ({
      ...settings,
      topics: settings.topics.map((one) => (one.topic === said.topic ? said : one)),
    }),
  };
}
