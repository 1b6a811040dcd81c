/**
 * Arabic.
 *
 * @import { Texts } from "./language.js"
 */

const plural = new Intl.PluralRules("ar");
const number = new Intl.NumberFormat("ar");

/**
 * The form that goes with a count; `#` in it is the number.
 *
 * @param {number} count
 * @param {Record<Intl.LDMLPluralRule, string>} forms
 */
function counted(count, forms) {
  return forms[plural.select(count)].replace("#", number.format(count));
}

/** @type {Record<Intl.LDMLPluralRule, string>} */
const UNREAD = {
  zero: "لا إشعارات غير مقروءة",
  one: "إشعار واحد غير مقروء",
  two: "إشعاران غير مقروءين",
  few: "# إشعارات غير مقروءة",
  many: "# إشعارًا غير مقروء",
  other: "# إشعار غير مقروء",
};

/** @type {Record<Intl.LDMLPluralRule, string>} */
const NEW = {
  zero: "لا إشعارات جديدة",
  one: "إشعار جديد",
  two: "إشعاران جديدان",
  few: "# إشعارات جديدة",
  many: "# إشعارًا جديدًا",
  other: "# إشعار جديد",
};

/** @type {Record<Intl.LDMLPluralRule, string>} */
const OTHERS = {
  zero: "ولا غيره",
  one: "وإشعار آخر",
  two: "وإشعاران آخران",
  few: "و# إشعارات أخرى",
  many: "و# إشعارًا آخر",
  other: "و# إشعار آخر",
};

export const direction = "rtl";

/** @type {Texts} */
export const texts = {
  notifications: "الإشعارات",
  bell: (unread) => (unread ? `الإشعارات، ${counted(unread, UNREAD)}` : "الإشعارات"),
  received: (titles) => (titles.length === 1 ? `إشعار جديد: ${titles[0]}` : counted(titles.length, NEW)),
  failedTitle: "تعذّر تحميل الإشعارات",
  markAllRead: "تعليم الكل كمقروء",
  markRead: "تعليم كمقروء",
  markUnread: "تعليم كغير مقروء",
  archive: "أرشفة",
  close: "إغلاق",
  unread: "غير مقروء",
  archived: "تمت الأرشفة",
  undo: "تراجع",
  markedRead: "تم التعليم كمقروء",
  markedUnread: "تم التعليم كغير مقروء",
  all: "الكل",
  categories: "الفئات",
  unreadOnly: "غير المقروءة",
  emptyFilterTitle: "لا شيء هنا",
  emptyFilterText: "سيظهر هنا ما يطابق اختيارك.",
  allReadTitle: "لقد قرأت كل شيء",
  andOthers: (count) => counted(count, OTHERS),
  showLess: "عرض أقل",
  showMore: "عرض المزيد",
  ungroup: "فك التجميع",
  ungrouped: "تم فك التجميع",
  snooze: "تأجيل",
  inOneHour: "بعد ساعة",
  thisMorning: "هذا الصباح",
  thisEvening: "هذا المساء",
  tomorrow: "غدًا",
  nextWeek: "الأسبوع القادم",
  pickTime: "اختيار وقت",
  lists: "عرض",
  snoozedList: "المؤجلة",
  archivedList: "المؤرشفة",
  bringBack: "إعادة إلى صندوق الوارد",
  broughtBack: "أُعيد إلى صندوق الوارد",
  snoozedUntil: (time) => `مؤجل حتى ${time}`,
  newOnes: (count) => counted(count, NEW),
  emptyTitle: "لا جديد لديك",
  emptyText: "ستظهر الإشعارات الجديدة هنا.",
  failedText: "تحقق من الاتصال وحاول مرة أخرى.",
  retry: "إعادة المحاولة",
  moreFailed: "تعذّر تحميل البقية.",
  notSaved: "لم يتم الحفظ. حاول مرة أخرى.",
  reconnecting: "جارٍ إعادة الاتصال…",
  offline: "أنت غير متصل بالإنترنت",
  signedOut: "انتهت جلستك. أعد تحميل الصفحة.",
  loading: "جارٍ التحميل",

  preferences: "إعدادات الإشعارات",
  preferencesFailed: "تعذّر تحميل إعداداتك",
  saved: "تم الحفظ",
  undone: (why) => `لم يتم الحفظ وأُلغي التغيير: ${why}`,
  noAnswer: "لم يستجب الخادم.",
  categoriesByChannels: "ما يصلك وأين يصلك",
  category: "الفئة",
  channelNames: {
    in_app: "صندوق الوارد",
    email: "البريد الإلكتروني",
    web_push: "إشعارات المتصفح",
    apns: "إشعارات iOS",
    fcm: "إشعارات Android",
    expo: "إشعارات التطبيق",
    sms: "رسائل SMS",
  },
  choiceOf: (channel, category) => `${category}: ${channel}`,
  digestOf: (channel, category) => `${category}: معدل الإرسال عبر ${channel}`,
  required: "إلزامي: لا يمكن إيقافه",
  atOnce: "فورًا",
  hourly: "كل ساعة",
  daily: "يوميًا",
  weekly: "أسبوعيًا",
  every: (span) => `كل ${span}`,
  pause: "إيقاف مؤقت",
  pauseHint: "لن يصلك شيء خارج صندوق الوارد حتى ينتهي الإيقاف المؤقت.",
  pauseOneHour: "لمدة ساعة",
  pauseTomorrow: "حتى الغد",
  pauseOneWeek: "لمدة أسبوع",
  pauseUntil: "إيقاف مؤقت حتى",
  pausedUntil: (time) => `متوقف مؤقتًا حتى ${time}`,
  endPause: "إنهاء الإيقاف المؤقت",
  quietHours: "ساعات الهدوء",
  quietHint: "ما يصل في هذه الساعات ينتظر حتى تنتهي، باستثناء صندوق الوارد.",
  quietFrom: "من",
  quietTo: "إلى",
  quietDays: "تبدأ يوم",
  quietInvalid: "تحتاج ساعات الهدوء إلى بداية ونهاية مختلفة ويوم.",
  times: "الملخصات والمنطقة الزمنية",
  timeZone: "المنطقة الزمنية",
  digestAt: "وقت الملخصات اليومية والأسبوعية",
  digestAtHint: "تصل الملخصات الأسبوعية يوم الاثنين. اترك الوقت فارغًا لاستخدام الوقت المعتاد.",
  topics: "المواضيع",
  topicStates: { subscribed: "مشترك", muted: "مكتوم", none: "غير مشترك" },
  topicsMute: "كتم",
  topicsUnmute: "إلغاء الكتم",
  topicsSubscribe: "اشتراك",
  topicsUnsubscribe: "إلغاء الاشتراك",

  dismiss: "تجاهل",

  pushWhy: "احصل على هذه الإشعارات على هذا الجهاز حتى عندما تكون الصفحة مغلقة.",
  pushTurnOn: "تفعيل",
  pushLater: "ليس الآن",
  pushHomeScreen:
    "على iPhone وiPad لا تصل الإشعارات إلا إلى تطبيقات الشاشة الرئيسية: اضغط «مشاركة» ثم «إضافة إلى الشاشة الرئيسية» وافتح التطبيق من هناك.",
  pushBlocked:
    "الإشعارات محظورة في هذا المتصفح. لتلقيها، افتح إعدادات الموقع بجانب العنوان واسمح بالإشعارات.",
  pushIsOn: "الإشعارات مفعّلة على هذا الجهاز.",
  pushTurnOff: "إيقاف",
  pushFailed: "لم ينجح ذلك. تحقق من الاتصال وحاول مرة أخرى.",
  pushRetry: "إعادة المحاولة",

  hosted: {
    pages: "الصفحات",
    inbox: "صندوق الوارد",
    settings: "الإعدادات",
    signIn: "تسجيل الدخول",
    signOut: "تسجيل الخروج",
    signInHint: "أدخل عنوان البريد الذي تصل إليه إشعاراتك. ستصلك رسالة فيها رابط لتسجيل الدخول.",
    email: "البريد الإلكتروني",
    mailLink: "أرسل لي رابطًا",
    byApplication:
      "افتح هذه الصفحة من الرابط الموجود في تطبيقك: يسجّل الرابط دخولك هنا، وتبقى مسجّل الدخول على هذا الجهاز.",
    sentTitle: "تحقق من بريدك",
    sent: (email) =>
      `إذا كان هناك حساب للعنوان ${email} فالرابط في طريقه إليك. يعمل مرة واحدة خلال ${number.format(15)} دقيقة. لم يصلك شيء؟ ابحث في البريد غير المرغوب فيه، أو اطلب رابطًا آخر بعد بضع دقائق.`,
    otherAddress: "استخدام عنوان آخر",
    switchTitle: "هل تريد الدخول بحساب آخر؟",
    switchText: (name) => `أنت مسجّل الدخول باسم ${name}. هذا الرابط لحساب آخر.`,
    somebodyElse: "شخص آخر",
    stay: "البقاء في هذا الحساب",
    useLink: "استخدام الرابط",
    offlineTitle: "أنت غير متصل بالإنترنت",
    offlineText: "سيُفتح صندوق الوارد فور عودة الاتصال.",
    linkLater: "تعذّر الوصول إلى الخادم. افتح الرابط مرة أخرى لاحقًا.",
    linkBusy: "الخادم مشغول. افتح الرابط مرة أخرى بعد قليل.",
    linkUsed: `استُخدم هذا الرابط من قبل أو مضى عليه أكثر من ${number.format(15)} دقيقة. اطلب رابطًا جديدًا.`,
    linkEnded: "لم يعد هذا الرابط صالحًا. اطلب رابطًا جديدًا.",
    stillSignedIn: "تعذّر الوصول إلى الخادم، لذا ما زلت مسجّل الدخول. حاول مرة أخرى لاحقًا.",
    notAnAddress: "هذا ليس عنوان بريد إلكتروني.",
    tooOften: "طلبات كثيرة. انتظر دقيقة ثم حاول مرة أخرى.",
    unreachable: "تعذّر الوصول إلى الخادم. حاول مرة أخرى لاحقًا.",
  },
};
