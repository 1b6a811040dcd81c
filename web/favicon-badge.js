/**
 * A dot or a count over the page's own icon. Where the page's icon is another origin's, or its policy
 * does not allow `img-src data:`, nothing changes.
 *
 * @typedef {{ link: HTMLLinkElement, href: string | null, type: string | null }} KeptIcon
 */

const ICON_PX = 64;
const DISC = { x: 42, y: 22, radius: 22 };
const DOT = { x: 49, y: 15, radius: 14 };
const HIGHEST_IN_ICON = 9;

/** The page's own, while ours is shown. @type {KeptIcon[]} */
let keptIcons = [];
/** A link that only exists for the badge. @type {HTMLLinkElement | null} */
let addedIcon = null;
/** What is wished for last; drawing takes a while. */
let wishedIcon = "";
let isIconRefused = false;

/**
 * @param {number} count 0 gives the page its own icon back
 * @param {"dot" | "count"} style
 * @param {string} colour
 */
export async function badgeIcon(count, style, colour) {
  const wish = count ? `${Math.min(count, HIGHEST_IN_ICON + 1)} ${style} ${colour}` : "";
  if (wish === wishedIcon || isIconRefused) return;
  wishedIcon = wish;
  if (!count) return restoreIcon();
  try {
    const url = await drawIcon(count, style, colour);
    // Asking once tells whether the policy takes such an icon at all.
    await loadImage(url);
    if (wish === wishedIcon) showIcon(url);
  } catch {
    isIconRefused = true;
    restoreIcon();
  }
}

/**
 * @param {number} count
 * @param {"dot" | "count"} style
 * @param {string} colour
 * @returns {Promise<string>} a data URL
 */
async function drawIcon(count, style, colour) {
  const source = ownIcon();
  const image = source && (await loadImage(source));
  const canvas = document.createElement("canvas");
  canvas.width = canvas.height = ICON_PX;
  const pen = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
  if (image) pen.drawImage(image, 0, 0, ICON_PX, ICON_PX);
  drawDisc(pen, style === "dot" ? DOT : DISC, colour);
  if (style === "count") drawCount(pen, count);
  return canvas.toDataURL();
}

/**
 * @param {CanvasRenderingContext2D} pen
 * @param {{ x: number, y: number, radius: number }} disc
 * @param {string} colour
 */
function drawDisc(pen, { x, y, radius }, colour) {
  pen.fillStyle = colour;
  pen.beginPath();
  pen.arc(x, y, radius, 0, 7);
  pen.fill();
}

/**
 * @param {CanvasRenderingContext2D} pen
 * @param {number} count
 */
function drawCount(pen, count) {
  pen.fillStyle = "#fff";
  pen.font = "bold 34px system-ui, sans-serif";
  pen.textAlign = "center";
  pen.textBaseline = "middle";
  const text = count > HIGHEST_IN_ICON ? `${HIGHEST_IN_ICON}+` : String(count);
  pen.fillText(text, DISC.x, DISC.y + 2, 2 * DISC.radius - 6);
}

/**
 * The address of the page's icon; null when it names none.
 *
 * Throws when it is another origin's, which a canvas does not give away.
 */
function ownIcon() {
  const [first] = iconLinks();
  const url = keptIcons[0]?.href ?? first?.getAttribute("href");
  if (!url || addedIcon) return null;
  const { origin, protocol, href } = new URL(url, document.baseURI);
  if (origin !== location.origin && protocol !== "data:") throw new Error("[notifybell] a foreign icon");
  return href;
}

/**
 * @param {string} url
 * @returns {Promise<HTMLImageElement>}
 */
async function loadImage(url) {
  const image = new Image();
  image.src = url;
  await image.decode();
  return image;
}

function iconLinks() {
  return /** @type {NodeListOf<HTMLLinkElement>} */ (document.head.querySelectorAll('link[rel~="icon"]'));
}

/** @param {string} url */
function showIcon(url) {
  const links = [...iconLinks()];
  if (!links.length) links.push(addIcon());
  if (!keptIcons.length) {
    keptIcons = links.map((link) => ({ link, href: link.getAttribute("href"), type: link.getAttribute("type") }));
  }
  for (const link of links) {
    link.type = "image/png";
    link.href = url;
  }
}

function addIcon() {
  addedIcon = document.createElement("link");
  addedIcon.rel = "icon";
  document.head.append(addedIcon);
  return addedIcon;
}

function restoreIcon() {
  for (const { link, href, type } of keptIcons) {
    setOrRemove(link, "href", href);
    setOrRemove(link, "type", type);
  }
  addedIcon?.remove();
  addedIcon = null;
  keptIcons = [];
}

/**
 * @param {Element} element
 * @param {string} name
 * @param {string | null} value
 */
function setOrRemove(element, name, value) {
  if (value === null) element.removeAttribute(name);
  else element.setAttribute(name, value);
}
