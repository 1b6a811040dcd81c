/** "(3) Page title": the count before the page's own title, which the page may change meanwhile. */

const HIGHEST_IN_TITLE = 99;

/** The page's own title while ours is shown. @type {string | null} */
let ownTitle = null;
let shownTitle = "";
let titleCount = 0;
/** @type {MutationObserver | null} */
let titleWatch = null;

/** @param {number} count 0 gives the page its own title back */
export function badgeTitle(count) {
  titleCount = count;
  if (count) return writeTitle();
  titleWatch?.disconnect();
  titleWatch = null;
  if (ownTitle !== null && document.title === shownTitle) document.title = ownTitle;
  ownTitle = null;
}

function writeTitle() {
  // What is not ours is the page's.
  if (ownTitle === null || document.title !== shownTitle) ownTitle = document.title;
  const number = titleCount > HIGHEST_IN_TITLE ? `${HIGHEST_IN_TITLE}+` : titleCount;
  const text = `(${number}) ${ownTitle}`;
  if (document.title !== text) document.title = text;
  // The browser trims what it is given.
  shownTitle = document.title;
  if (titleWatch) return;
  titleWatch = new MutationObserver(() => document.title !== shownTitle && writeTitle());
  titleWatch.observe(document.head, { childList: true, characterData: true, subtree: true });
}
