/** A preview that is done. */

import { h } from "./dom.js";
import { steps } from "./steps.js";

/**
 * @param {import("./types.js").Job} job
 * @returns {HTMLElement} the picture, or the clip
 */
export function previewPicture(job) {
  const place = job.links.preview;
  if (job.result?.kind === "clip") return h("video", { class: "preview", src: place, controls: true, "aria-label": "Before and after, side by side" });
  return h("a", { href: place, target: "_blank", rel: "noopener" }, h("img", { class: "preview", src: place, alt: "Before and after, side by side. Opens in full size." }));
}

/**
 * @param {import("./types.js").Job} job
 * @returns {import("./types.js").View}
 */
export function previewView(job) {
  const heading = h("h1", {}, "Preview");
  const node = h("section", {}, steps(1), heading, h("p", { class: "lead name" }, job.video.name), previewPicture(job));
  return { node, heading };
}
