/** One frame of the dub, drawn before all of it is. */

import { announce } from "./announce.js";
import { askForJob } from "./api.js";
import { h } from "./dom.js";
import { ended, follow } from "./events.js";
import { faultBox } from "./fault_box.js";
import { asFault } from "./fault_words.js";
import { previewPicture } from "./preview_view.js";

/**
 * @param {() => Object<string, any>|null} fields of the job; null: something is missing, and the person was told
 * @param {AbortSignal} signal ends everything
 * @returns {{button: HTMLElement, node: HTMLElement}}
 */
export function trial(fields, signal) {
  const node = h("div", { class: "trial" });
  const button = h("button", { type: "button", class: "quiet" }, "Preview a frame");
  let stop = () => {};
  signal.addEventListener("abort", () => stop());

  const finish = (...shown) => {
    button.disabled = false;
    if (!signal.aborted) node.replaceChildren(...shown);
  };
  const show = (job) => {
    if (!ended(job.state)) return;
    if (job.state === "done") {
      announce("The preview is there.");
      finish(previewPicture(job));
    } else {
      finish(faultBox(job.error ?? { code: "", message: "The preview was stopped." }));
    }
  };

  button.addEventListener("click", async () => {
    const wanted = fields();
    if (!wanted) return;
    button.disabled = true;
    node.replaceChildren(h("p", { class: "dim" }, "The frame is being drawn."), h("progress", { "aria-label": "Preview" }));
    announce("A frame is being drawn.");
    try {
      const job = await askForJob(wanted, signal);
      stop = follow(job.id, show, (fault) => finish(faultBox(fault)));
    } catch (error) {
      finish(faultBox(asFault(error)));
    }
  });
  return { button, node };
}
