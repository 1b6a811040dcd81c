/** The user's token: when it ends, whose it is, and its renewal. */

const RENEW_BEFORE_MS = 30_000;

/**
 * What a token says about itself. Not verified: that is the server's business.
 *
 * @param {string} token
 * @returns {Record<string, unknown>} empty for something that is no JWT
 */
export function claims(token) {
  try {
    const payload = (token.split(".")[1] ?? "").replace(/-/g, "+").replace(/_/g, "/");
    const bytes = Uint8Array.from(atob(payload), (character) => character.charCodeAt(0));
    return Object(JSON.parse(new TextDecoder().decode(bytes)));
  } catch {
    return {};
  }
}

/**
 * The same text for every token of a user, so that a renewed one changes nothing.
 *
 * @param {string} token
 */
export function identity(token) {
  const { api_key, user_external_id, user_email, sub } = claims(token);
  const user = [user_external_id, user_email, sub].filter(Boolean);
  return user.length ? JSON.stringify([api_key, ...user]) : token;
}

/**
 * Whether the token says whose it is; else its identity is the token itself, a secret.
 *
 * @param {string} token
 */
export function isNamed(token) {
  return identity(token) !== token;
}

/**
 * @param {string} token
 * @returns {number} seconds since 1970; 0 when it does not say
 */
export function expiry(token) {
  return Number(claims(token)["exp"]) || 0;
}

/** The current token, renewed by the page when it ends. */
export class Tokens {
  /** @type {Promise<string> | null} */
  #renewal = null;
  #isFresh = false;
  #renew;

  /**
   * @param {string} token
   * @param {() => Promise<string>} renew asks the page; rejects when it has no answer
   */
  constructor(token, renew) {
    this.token = token;
    this.#renew = renew;
  }

  /** A token that is good for a while, as far as this clock can tell. */
  async current() {
    const { exp } = claims(this.token);
    // A token that looks old right after its renewal means that our clock is wrong, not the token.
    if (typeof exp === "number" && exp * 1000 - Date.now() < RENEW_BEFORE_MS && !this.#isFresh) {
      await this.renew(this.token).catch(() => {});
    }
    return this.token;
  }

  /**
   * A token in place of `refused`; all who ask at the same time share one renewal.
   *
   * @param {string} refused
   * @returns {Promise<string>}
   */
  async renew(refused) {
    if (refused !== this.token) return this.token;
    this.#renewal ??= this.#renew().finally(() => (this.#renewal = null));
    const token = await this.#renewal;
    this.#isFresh = true;
    return (this.token = token);
  }

  /** @param {string} token */
  replace(token) {
    this.token = token;
    this.#isFresh = false;
  }
}
