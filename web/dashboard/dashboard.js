/**
 * What makes the dashboard's pages move: live parts, local times, keys, and questions before forms
 * that undo something. All of it is an extra: every page works without.
 */

import { tellOnce, watchForms } from "./forms.js";
import { watchKeys } from "./keys.js";
import { startLive } from "./live.js";
import { compareClocks, showTimes } from "./times.js";

showTimes(document);
compareClocks();
startLive();
watchKeys();
watchForms();
tellOnce();
for (const part of document.querySelectorAll(".scripted")) part.removeAttribute("hidden");
