/** Whoever the service does not know, or no longer, is asked for a token; what was begun waits, and goes on. */

/** @type {() => Promise<void>} ends when somebody has signed in */
let askWho = () => new Promise(() => {});
/** @type {Promise<void>|null} one question for all that wait */
let asking = null;

/** @param {() => Promise<void>} how who is there is asked */
export function keepDoor(how) {
  askWho = how;
}

/**
 * Wait until somebody has signed in.
 *
 * @param {AbortSignal} [signal] ends the wait, not the question
 * @returns {Promise<void>}
 */
export function admitted(signal) {
  asking ??= askWho().finally(() => (asking = null));
  if (!signal) return asking;
  const gone = new Promise((_, reject) => {
    const leave = () => reject(signal.reason);
    if (signal.aborted) leave();
    signal.addEventListener("abort", leave, { once: true });
  });
  return Promise.race([asking, gone]);
}
