/** What the browser's tab says. */

import { percent } from "./figures.js";
import { STATE } from "./job_words.js";

/** @param {import("./types.js").Job|string} about a job, or words */
export function setTitle(about) {
  document.title = `${typeof about === "string" ? about : titleOf(about)} – lipsync_ray`;
}

function titleOf(job) {
  const share = job.progress?.share;
  const state = job.state === "running" && typeof share === "number" ? percent(share) : STATE[job.state];
  return `${state}: ${job.video.name}`;
}
