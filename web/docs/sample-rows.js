/**
 * Made-up notifications for the docs, newest first.
 *
 * @import { Draft } from "./sandbox.js"
 */

const HOUR = 60;
const DAY = 24 * HOUR;

/** @type {Draft[]} */
export const rows = [
  { title: "Your order has shipped", content: "It left our house this morning and should be with you on **Thursday**.", category: "orders", action_url: "/docs", ago: 2 },
  { title: "Bob replied to “Roses”", content: "“They like it dry. Once a week is plenty.”", category: "comments", action_url: "/docs", ago: 18, others: ["Cy replied to “Roses”", "Dee replied to “Roses”"] },
  { title: "New sign-in from Lisbon", content: "If that was not you, change your password.", category: "security", ago: 3 * HOUR },
  { title: "Your invoice for October", content: "18.40 €, paid by card. The PDF is in your account.", category: "orders", action_url: "/docs", ago: 1 * DAY, status: "read" },
  { title: "Five things to do in the garden this month", content: "Leaves, bulbs, and why the tomatoes should go now.", category: "news", ago: 3 * DAY, status: "read" },
  { title: "Welcome, Ann", content: "It is good to have you here.", ago: 12 * DAY, status: "read" },
];

/**
 * @param {number} count
 * @returns {Draft[]}
 */
export function manyRows(count) {
  const texts = ["It is on its way.", "It was packed this morning, and will be with you by the end of the week."];
  return Array.from({ length: count }, (_, number) => ({
    title: `Order ${4711 + count - number} has shipped`,
    content: texts[number % 2] ?? "",
    category: "orders",
    ago: 5 + number * 47,
  }));
}

/**
 * @param {string[]} texts title and content of two rows
 * @returns {Draft[]}
 */
const two = ([first = "", firstText = "", second = "", secondText = ""]) => [
  { title: first, content: firstText, category: "orders", ago: 2 },
  { title: second, content: secondText, category: "comments", ago: 3 * HOUR, status: "read" },
];

/** @type {Record<string, { name: string, rows: Draft[] }>} */
export const languageRows = {
  de: { name: "Deutsch", rows: two(["Ihre Bestellung ist unterwegs", "Sie kommt am Donnerstag an.", "Bob hat geantwortet", "„Einmal in der Woche genügt.“"]) },
  fr: { name: "Français", rows: two(["Votre commande est en route", "Elle arrivera jeudi.", "Bob a répondu", "« Une fois par semaine suffit. »"]) },
  es: { name: "Español", rows: two(["Tu pedido está en camino", "Llegará el jueves.", "Bob ha respondido", "«Con una vez por semana basta.»"]) },
  pt: { name: "Português", rows: two(["A sua encomenda foi enviada", "Chega na quinta-feira.", "O Bob respondeu", "«Uma vez por semana chega.»"]) },
  ja: { name: "日本語", rows: two(["ご注文の商品を発送しました", "木曜日にお届けする予定です。", "ボブさんが返信しました", "「週に一度で十分です。」"]) },
  zh: { name: "中文", rows: two(["您的订单已发货", "预计星期四送达。", "鲍勃回复了您", "“一周一次就够了。”"]) },
  ar: { name: "العربية", rows: two(["تم شحن طلبك", "سيصلك يوم الخميس.", "رد بوب عليك", "«مرة في الأسبوع تكفي.»"]) },
};
