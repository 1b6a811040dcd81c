/** Web push without the offer that an inbox makes. */
export interface PushOptions {
  serverUrl?: string;
  token?: string;
  client?: { request: (path: string, options: RequestInit) => Promise<Response> };
  /** The page's worker file; "/notifybell-sw.js" by default. */
  worker?: string;
  registration?: ServiceWorkerRegistration;
}

export function canPush(): boolean;
/** False: the user said no. */
export function enablePush(options: PushOptions): Promise<boolean>;
export function disablePush(options: PushOptions): Promise<void>;
