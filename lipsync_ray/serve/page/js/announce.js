/** What a screen reader is told without the focus moving: little, and not too often. */

import { fixed } from "./dom.js";

const PAUSE_MS = 8000;
let last = 0;

/**
 * Say something now.
 *
 * @param {string} text
 */
export function announce(text) {
  last = Date.now();
  fixed("said").textContent = text;
}

/**
 * Say how far something is, unless something was said a moment ago.
 *
 * @param {string} text
 */
export function announceProgress(text) {
  if (Date.now() - last >= PAUSE_MS) announce(text);
}
