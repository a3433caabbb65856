/** What the browser's tab says. */

import { percent } from "./figures.js";
import { STATE } from "./job_words.js";
import { overall } from "./overall.js";

/** @param {import("./types.js").Job|string} about a job, or words */
export function setTitle(about) {
  document.title = `${typeof about === "string" ? about : titleOf(about)} – lipsync_ray`;
}

function titleOf(job) {
  const share = overall(job);
  const state = share === null ? STATE[job.state] : percent(share);
  return `${state}: ${job.video.name}`;
}
