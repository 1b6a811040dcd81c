/** What the hosted inbox at `/inbox` says around the elements, in English. */

export const hostedEnglish = {
  hosted: {
    pages: "Pages",
    inbox: "Inbox",
    settings: "Settings",
    signIn: "Sign in",
    signOut: "Sign out",
    signInHint: "Type the address that your notifications are for. You get a mail with a link that signs you in.",
    email: "Email",
    mailLink: "Mail me a link",
    byApplication:
      "Open this page by the link in your application: it signs you in here, and you stay signed in on this device.",
    sentTitle: "Look into your mail",
    sent: (/** @type {string} */ email) =>
      `If there is an account for ${email}, a link is on its way. It works once, for 15 minutes. Nothing there? Look for it in spam, or ask again in a few minutes.`,
    otherAddress: "Use another address",
    switchTitle: "Sign in as somebody else?",
    switchText: (/** @type {string} */ name) =>
      `You are signed in as ${name}. This link belongs to another account.`,
    /** in place of an unknown name */
    somebodyElse: "somebody else",
    stay: "Stay signed in",
    useLink: "Use the link",
    offlineTitle: "You are offline",
    offlineText: "The inbox opens as soon as there is a connection.",
    linkLater: "The server cannot be reached. Open the link again later.",
    linkBusy: "The server is busy. Open the link again in a moment.",
    linkUsed: "This link was used before, or is older than 15 minutes. Ask for a new one.",
    linkEnded: "This link is not valid any more. Ask for a new one.",
    stillSignedIn: "The server cannot be reached, so you are still signed in. Try again later.",
    notAnAddress: "This is not an email address.",
    tooOften: "That was often. Wait a minute, then ask again.",
    unreachable: "The server cannot be reached. Try again later.",
  },
};
