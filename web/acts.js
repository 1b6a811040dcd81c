/**
 * What a user does in an inbox: asked of the page, done by the client, told to both.
 *
 * Every act can be stopped by the page (`notify-acting`). It shows at once; when it has been saved,
 * an event in past tense tells so, and when not, the line at the foot does.
 *
 * @import { Notice } from "./notice.js"
 * @import { ActName, EventDetails, Fire, Labels, Notification } from "./types.js"
 * @import { InboxClient } from "./client.js"
 */
import { hrefOf } from "./action-link.js";
import { snoozeTime } from "./snooze-times.js";
import { isUnread } from "./status.js";

/** Each takes a call. */
const MOST_TAKEN_BACK = 50;

/** @type {Record<ActName, keyof EventDetails>} */
const EVENT_OF = {
  read: "notify-read",
  unread: "notify-unread",
  archive: "notify-archived",
  unarchive: "notify-unarchived",
  snooze: "notify-snoozed",
  unsnooze: "notify-unsnoozed",
  ungroup: "notify-ungrouped",
};

export class Acts {
  #client;
  #labels;
  #locale;
  #notice;
  #fire;

  /**
   * @param {{ client: InboxClient, labels: Labels, locale: string, notice: Notice, fire: Fire }} parts
   */
  constructor({ client, labels, locale, notice, fire }) {
    this.#client = client;
    this.#labels = labels;
    this.#locale = locale;
    this.#notice = notice;
    this.#fire = fire;
  }

  /**
   * @param {Notification} notification
   * @param {MouseEvent} event
   * @returns {boolean} whether the page lets the browser follow the link
   */
  activate(notification, event) {
    const isFollowed = this.#fire("notify-clicked", { notification, href: hrefOf(event) }, true);
    if (!isFollowed) event.preventDefault();
    const saving = this.#client.clicked(notification.id);
    if (isUnread(notification)) void this.#save("read", notification, saving);
    return isFollowed;
  }

  /** @param {Notification} notification */
  toggleRead(notification) {
    const { markedRead, markedUnread } = this.#labels;
    const isRead = !isUnread(notification);
    const [act, reverse] = isRead ? /** @type {const} */ (["unread", "read"]) : /** @type {const} */ (["read", "unread"]);
    this.#doWithUndo(act, notification, isRead ? markedUnread : markedRead, reverse);
  }

  /** @param {Notification} notification */
  archive(notification) {
    this.#doWithUndo("archive", notification, this.#labels.archived, "unarchive");
  }

  /** @param {Notification} notification an archived or snoozed one */
  bringBack(notification) {
    const isSnoozed = notification.status === "snoozed";
    const [act, reverse] = isSnoozed ? /** @type {const} */ (["unsnooze", "snooze"]) : /** @type {const} */ (["unarchive", "archive"]);
    this.#doWithUndo(act, notification, this.#labels.broughtBack, reverse);
  }

  /**
   * @param {Notification} notification
   * @param {Date} until
   */
  snooze(notification, until) {
    const time = snoozeTime(until, new Date(), this.#locale);
    this.#doWithUndo("snooze", notification, this.#labels.snoozedUntil(time), "unsnooze", () =>
      this.#client.snooze(notification.id, until.toISOString()),
    );
  }

  /** @param {Notification} notification */
  async ungroup(notification) {
    if (!this.#isAllowed("ungroup", notification)) return;
    if (await this.#save("ungroup", notification)) this.#notice.say(this.#labels.ungrouped);
  }

  /** @param {string | null} category null: of all */
  markAllRead(category) {
    if (!this.#isAllowed("read", null)) return;
    const unread = this.#allUnread(category);
    const run = () => {
      if (unread && this.#isAllowed("unread", null)) void this.#save("unread", null, this.#unreadAgain(unread));
    };
    this.#notice.say(this.#labels.markedRead, unread ? { label: this.#labels.undo, run } : undefined);
    void this.#save("read", null, this.#client.markAll("read", { category }));
  }

  /**
   * The unread ones, when all of them are known and not very many: else nothing could bring them back.
   *
   * @param {string | null} category
   */
  #allUnread(category) {
    const { items, hasMore } = this.#client.list({ category, status: "unread" });
    const isWhole = !hasMore || (category === null && items.length === this.#client.view.unreadCount);
    return isWhole && items.length <= MOST_TAKEN_BACK ? items : null;
  }

  /** @param {Notification[]} notifications */
  async #unreadAgain(notifications) {
    const saved = await Promise.all(notifications.map((one) => this.#ask("unread", one)));
    return saved.every(Boolean);
  }

  /**
   * @param {ActName} act
   * @param {Notification} notification
   * @param {string} text what to say
   * @param {ActName} reverse
   * @param {() => Promise<boolean>} [start]
   */
  #doWithUndo(act, notification, text, reverse, start = () => this.#ask(act, notification)) {
    if (!this.#isAllowed(act, notification)) return;
    const run = () => {
      if (this.#isAllowed(reverse, notification)) void this.#save(reverse, notification);
    };
    this.#notice.say(text, { label: this.#labels.undo, run });
    void this.#save(act, notification, start());
  }

  /**
   * @param {ActName} act
   * @param {Notification | null} notification
   */
  #isAllowed(act, notification) {
    return this.#fire("notify-acting", { act, notification }, true);
  }

  /**
   * @param {ActName} act
   * @param {Notification | null} notification null for all
   * @param {Promise<boolean>} [saving]
   */
  async #save(act, notification, saving = this.#ask(act, notification)) {
    const isSaved = await saving;
    if (isSaved) this.#fire(EVENT_OF[act], { notification });
    else this.#notice.say(this.#labels.notSaved);
    return isSaved;
  }

  /**
   * @param {ActName} act
   * @param {Notification | null} notification
   */
  #ask(act, notification) {
    const { id, snoozed_until: until } = notification ?? {};
    if (act === "snooze" && id && until) return this.#client.snooze(id, until);
    return this.#client.mark(act, notification?.id ?? null);
  }
}
