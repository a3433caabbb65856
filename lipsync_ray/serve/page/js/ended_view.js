/** A job that has failed, or was stopped: why, and what can be done. */

import { h } from "./dom.js";
import { faultBox } from "./fault_box.js";
import { asFault, blamed, explain } from "./fault_words.js";
import { STATE } from "./job_words.js";
import { steps } from "./steps.js";

/**
 * @param {import("./types.js").Job} job
 * @param {{again: (job: import("./types.js").Job) => Promise<void>}} actions
 * @returns {import("./types.js").View}
 */
export function endedView(job, actions) {
  const failed = job.state === "failed" && job.error;
  const heading = h("h1", {}, failed ? explain(job.error).title : `This job was ${STATE[job.state]}`);
  const wrong = h("div");
  const again = h("button", { type: "button", class: "quiet" }, "Check the same files again");
  again.addEventListener("click", async () => {
    again.disabled = true;
    try {
      await actions.again(job);
    } catch (error) {
      again.disabled = false;
      wrong.replaceChildren(faultBox(asFault(error)));
    }
  });
  const node = h(
    "section",
    { class: "ended" },
    steps(job.kind === "dub" ? 2 : 1),
    heading,
    h(
      "dl",
      { class: "facts stacked" },
      ...file("Picture", job.video, failed && blamed(job.error.code) === "video"),
      ...file("Voice", job.audio, failed && blamed(job.error.code) === "audio"),
    ),
    failed && reason(job.error),
    wrong,
    h(
      "div",
      { class: "row" },
      h("a", { class: "button main", href: "#" }, "Choose other files"),
      job.links.video && again,
    ),
  );
  return { node, heading };
}

function reason(error) {
  const { help, said } = explain(error);
  return h(
    "div",
    { class: "fault" },
    h("p", {}, help),
    said && h("p", { class: "fault-said" }, `The service says: ${said}`),
  );
}

function file(name, input, bad) {
  if (!input) return [];
  const mark = bad && h("span", { class: "state state-failed" }, "this file");
  return [h("dt", {}, name), h("dd", {}, h("span", { class: "name" }, input.name), " ", mark)];
}
