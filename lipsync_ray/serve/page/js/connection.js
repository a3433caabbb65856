/** Whether the service can be reached, told at the top of the page. */

import { fixed } from "./dom.js";

/** Say that nothing comes through; what was begun goes on when it does again. */
export function lost() {
  const place = fixed("connection");
  if (!place.textContent) {
    place.textContent = "The connection to the service is lost. Everything goes on as soon as it is back.";
  }
}

/** Take that back. */
export function back() {
  fixed("connection").textContent = "";
}

/**
 * Wait before trying again: longer each time, or until the browser says that the network is back.
 *
 * @param {number} tries those made so far
 * @param {AbortSignal} [signal] ends the wait
 * @returns {Promise<void>}
 */
export function pause(tries, signal) {
  const longest = 1000 * Math.min(15, 2 ** Math.min(tries, 4));
  return new Promise((resolve) => {
    const done = () => {
      clearTimeout(timer);
      window.removeEventListener("online", done);
      signal?.removeEventListener("abort", done);
      resolve();
    };
    const timer = setTimeout(done, longest);
    window.addEventListener("online", done);
    signal?.addEventListener("abort", done);
  });
}
