/** The offer of web push, fetched by pages whose elements have the attribute `push`. */
import { pushPrompt } from "./push-prompt.js";

export { pushPrompt };
