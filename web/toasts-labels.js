/** The texts of the toasts, in English. */

export const toastsEnglish = {
  dismiss: "Dismiss",
};
