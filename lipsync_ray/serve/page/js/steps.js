/** The four steps of a dub, and which of them this is. */

import { h } from "./dom.js";

const STEPS = ["Files", "Check", "Dub", "Compare"];

/**
 * The line of steps above a view.
 *
 * @param {number} current 0 to 3
 * @returns {HTMLElement}
 */
export function steps(current) {
  return h(
    "ol",
    { class: "steps", "aria-label": "Steps" },
    ...STEPS.map((name, index) =>
      h(
        "li",
        { class: index < current ? "past" : index === current ? "present" : "", "aria-current": index === current && "step" },
        h("span", { class: "step-name" }, name),
        index < current && h("span", { class: "unseen" }, " (done)"),
      ),
    ),
  );
}
