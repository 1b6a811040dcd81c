/** The texts of the preference centre, in English. */

export const preferencesEnglish = {
  preferences: "Notification settings",
  saved: "Saved",
  /** @param {string} why */
  undone: (why) => `Not saved, and undone: ${why}`,
  noAnswer: "the server did not answer.",
  categoriesByChannels: "What reaches you where",
  category: "Category",
  /** Those not named here are shown by their name. @type {Record<string, string>} */
  channelNames: {
    in_app: "Inbox",
    email: "Email",
    web_push: "Browser push",
    apns: "iOS push",
    fcm: "Android push",
    expo: "App push",
    sms: "SMS",
  },
  /** @type {(channel: string, category: string) => string} */
  choiceOf: (channel, category) => `${category}: ${channel}`,
  /** @type {(channel: string, category: string) => string} */
  digestOf: (channel, category) => `${category}: how often by ${channel}`,
  required: "Required: cannot be turned off",
  atOnce: "At once",
  hourly: "Hourly",
  daily: "Daily",
  weekly: "Weekly",
  /** `span` is "15 minutes" in the reader's language. @param {string} span */
  every: (span) => `Every ${span}`,
  pause: "Pause",
  pauseHint: "Nothing but the inbox until the pause ends.",
  pauseOneHour: "For 1 hour",
  pauseTomorrow: "Until tomorrow",
  pauseOneWeek: "For a week",
  pauseUntil: "Pause until",
  /** `time` is written out for the reader. @param {string} time */
  pausedUntil: (time) => `Paused until ${time}`,
  endPause: "End the pause",
  quietHours: "Quiet hours",
  quietHint: "What comes in these hours waits until they end. The inbox does not.",
  quietFrom: "From",
  quietTo: "To",
  quietDays: "Beginning on",
  quietInvalid: "Quiet hours need a beginning, another end, and a day.",
  times: "Digests and time zone",
  timeZone: "Time zone",
  digestAt: "Daily and weekly digests at",
  digestAtHint: "Weekly digests come on Mondays. Leave the time empty for the usual one.",
  topics: "Topics",
  /** Of a topic. @type {Record<import("./preferences-types.js").TopicState, string>} */
  topicStates: { subscribed: "Subscribed", muted: "Muted", none: "Not subscribed" },
  topicsMute: "Mute",
  topicsUnmute: "Unmute",
  topicsSubscribe: "Subscribe",
  topicsUnsubscribe: "Unsubscribe",
};
