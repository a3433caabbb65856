/** What may go wrong with a dub. */

import { h } from "./dom.js";

const OPTION = /\b[a-z]+\.[a-z_]+\b/;

/**
 * A warning without the names of options: they belong to the command line.
 *
 * @param {string} warning
 * @returns {string}
 */
export function plain(warning) {
  const parts = warning.replace(/ \([^()]*=[^()]*\)/g, "").split("; ");
  const kept = parts.filter((part, index) => index === 0 || !OPTION.test(part)).join("; ");
  const text = kept.replace(/ than face\.\w+=(\S+)/g, " than $1");
  return `${text[0].toUpperCase()}${text.slice(1)}.`;
}

/**
 * @param {{warnings: string[]}} result
 * @returns {HTMLElement|null} null where there is nothing to warn of
 */
export function warningsCard({ warnings }) {
  if (!warnings.length) return null;
  const items = warnings.map((warning) => h("li", {}, plain(warning)));
  return h("section", { class: "card warn" }, h("h2", {}, "Look at this first"), h("ul", {}, ...items));
}
