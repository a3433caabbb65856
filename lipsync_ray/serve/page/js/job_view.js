/** A job, whatever it is and however far: the view that fits, exchanged when the job moves on. */

import { announce } from "./announce.js";
import { ask, askForJob, askUntilAnswered } from "./api.js";
import { choicesOf } from "./choices.js";
import { compareView } from "./compare_view.js";
import { checkView } from "./check_view.js";
import { focusOn, h } from "./dom.js";
import { ended, follow } from "./events.js";
import { faultBox } from "./fault_box.js";
import { asFault } from "./fault_words.js";
import { KIND } from "./job_words.js";
import { previewView } from "./preview_view.js";
import { waitView } from "./wait_view.js";
import { goToJob } from "./route.js";
import { setTitle } from "./title.js";
import { endedView } from "./ended_view.js";

/**
 * @param {string} id
 * @param {import("./types.js").Options} options
 * @returns {import("./types.js").View}
 */
export function jobView(id, options) {
  const heading = h("h1", {}, "One moment");
  const node = h("div", {}, heading);
  const stop = new AbortController();
  let unfollow = () => {};
  /** @type {any} */
  let inner = null;
  let phase = "";

  const actions = {
    cancel: async () => onJob(await askUntilAnswered(`/v1/jobs/${id}/cancel`, { method: "POST" })),
    again: async (job) => {
      const fields = { kind: "triage", files_of: id, ...choicesOf(job, options) };
      goToJob((await askForJob(fields, stop.signal)).id);
    },
    remove: async () => {
      await ask(`/v1/jobs/${id}`, { method: "DELETE" });
      location.hash = "jobs";
    },
  };

  const onJob = (job) => {
    if (stop.signal.aborted) return;
    setTitle(job);
    const next = phaseOf(job);
    if (next === phase) {
      inner?.update?.(job);
      return;
    }
    const first = phase === "";
    phase = next;
    inner?.close?.();
    inner = viewOf(job, options, actions);
    node.replaceChildren(inner.node);
    if (first && job.state === "queued") announce("The job waits for its turn.");
    focusOn(inner.heading);
  };

  const onFault = (error) => {
    if (stop.signal.aborted) return;
    const fault = asFault(error);
    heading.textContent = "This job cannot be shown";
    node.replaceChildren(
      heading,
      faultBox(fault, h("a", { class: "button quiet", href: "#jobs" }, "All jobs")),
    );
    focusOn(heading);
  };

  const begin = async () => {
    try {
      const job = await askUntilAnswered(`/v1/jobs/${id}`, { signal: stop.signal });
      onJob(job);
      if (!ended(job.state) && !stop.signal.aborted) unfollow = follow(id, onJob, onFault);
    } catch (error) {
      onFault(error);
    }
  };
  begin();

  const close = () => {
    stop.abort();
    unfollow();
    inner?.close?.();
  };
  return { node, heading, close };
}

/** Views change with it: waiting and running are one. */
function phaseOf(job) {
  return ended(job.state) ? job.state : "going on";
}

function viewOf(job, options, actions) {
  if (!ended(job.state)) return waitView(job, actions);
  if (job.state !== "done") return endedView(job, actions);
  const made = { triage: checkView, dub: compareView, preview: previewView }[job.kind];
  if (!made) throw new Error(`no view for ${KIND[job.kind] ?? job.kind}`);
  return made(job, options, actions);
}
