/** A line of the list of jobs. */

import { h } from "./dom.js";
import { ended } from "./events.js";
import { moment, percent } from "./figures.js";
import { KIND, STATE } from "./job_words.js";
import { overall } from "./overall.js";
import { jobAddress } from "./route.js";

/**
 * @param {import("./types.js").Job} job
 * @param {() => void} onDelete
 * @returns {HTMLElement}
 */
export function jobRow(job, onDelete) {
  const title = job.video.name;
  const about = [KIND[job.kind], job.audio && `with ${job.audio.name}`, moment(job.created)].filter(Boolean).join(" · ");
  const remove = h(
    "button",
    { type: "button", class: "plain", "aria-label": `Delete ${KIND[job.kind]} of ${title}`, on: { click: onDelete } },
    "Delete",
  );
  return h(
    "li",
    { class: "job" },
    h("a", { class: "job-link", href: jobAddress(job.id) }, h("span", { class: "name" }, title), h("span", { class: "dim" }, about)),
    h("span", { class: `state state-${job.state}` }, stateOf(job)),
    ended(job.state) ? remove : h("span", { class: "job-space" }),
  );
}

function stateOf(job) {
  const share = overall(job);
  if (share !== null) return `running, ${percent(share)}`;
  return STATE[job.state];
}
