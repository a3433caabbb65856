/** A message that something went wrong, where it went wrong. */

import { h } from "./dom.js";
import { explain } from "./fault_words.js";

/**
 * A box with what happened, what to do, and the service's own words.
 *
 * @param {Parameters<typeof explain>[0]} fault
 * @param {...HTMLElement} actions what can be done at once
 * @returns {HTMLElement}
 */
export function faultBox(fault, ...actions) {
  const { title, help, said } = explain(fault);
  return h(
    "div",
    { class: "fault", role: "alert" },
    h("p", { class: "fault-title" }, title),
    h("p", {}, help),
    said && h("p", { class: "fault-said" }, `The service says: ${said}`),
    actions.length > 0 && h("div", { class: "row" }, ...actions),
  );
}
