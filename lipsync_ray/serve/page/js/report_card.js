/** The report of a dub, on this page or on one of its own. */

import { h } from "./dom.js";

/**
 * @param {string} place
 * @returns {HTMLElement}
 */
export function reportCard(place) {
  const details = h("details", { class: "card report" }, h("summary", {}, "Full report: curves, figures, faces"), h("p", {}, h("a", { href: place, target: "_blank", rel: "noopener" }, "Open it in a tab of its own")));
  details.addEventListener("toggle", () => {
    // Fetched when it is asked for: it holds many pictures.
    if (details.open && !details.querySelector("iframe")) details.append(h("iframe", { src: place, sandbox: "", title: "Report of the dub" }));
  });
  return details;
}
