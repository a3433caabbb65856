/** A job that waits or runs: its stages, its pieces, the time left. */

import { announce, announceProgress } from "./announce.js";
import { chunkStrip } from "./chunk_strip.js";
import { h } from "./dom.js";
import { faultBox } from "./fault_box.js";
import { asFault } from "./fault_words.js";
import { counted, percent, roughly } from "./figures.js";
import { STAGES } from "./job_words.js";
import { overall } from "./overall.js";
import { sure } from "./question.js";
import { stageList } from "./stage_list.js";
import { steps } from "./steps.js";

const TITLE = { dub: "Dubbing", triage: "Checking the files", preview: "Drawing a preview" };

/**
 * @param {import("./types.js").Job} job
 * @param {{cancel: () => Promise<void>}} actions
 * @returns {import("./types.js").View & {update: (job: import("./types.js").Job) => void}}
 */
export function waitView(job, actions) {
  const heading = h("h1", {}, TITLE[job.kind]);
  const whole = h("progress", { max: 1, "aria-label": "All of it" });
  const share = h("p", { class: "share figure" });
  const left = h("p", { class: "dim" });
  const note = h("p", { class: "dim note" });
  const stages = stageList(STAGES[job.kind]);
  const chunks = chunkStrip();
  const wrong = h("div");
  const cancel = h("button", { type: "button", class: "quiet" }, "Cancel");
  let stage = "";

  cancel.addEventListener("click", async () => {
    const yes = await sure("Stop this job?", "What has been made so far is kept for a while: the same job started again goes on from there.", "Stop it", "Let it go on");
    if (!yes) return;
    cancel.disabled = true;
    cancel.textContent = "Stopping";
    try {
      await actions.cancel();
      announce("The job is being stopped.");
    } catch (error) {
      cancel.disabled = false;
      cancel.textContent = "Cancel";
      wrong.replaceChildren(faultBox(asFault(error)));
    }
  });

  const update = (/** @type {import("./types.js").Job} */ now) => {
    const { progress } = now;
    const waiting = now.state === "queued";
    const known = overall(now);
    if (known !== null) whole.value = known;
    else whole.removeAttribute("value");
    whole.hidden = waiting;
    share.textContent = waiting ? "Waiting" : known === null ? "Running" : percent(known);
    left.textContent = waiting ? queue(now.position) : typeof progress?.seconds_left === "number" ? `${roughly(progress.seconds_left)} left` : "";
    note.textContent = progress?.note ?? "";
    stages.update(waiting ? null : progress);
    chunks.update(waiting ? null : (progress?.chunks ?? null));
    tell(now);
  };

  const tell = (now) => {
    const name = STAGES[now.kind].find(([key]) => key === now.progress?.stage)?.[1];
    if (now.state === "queued" || !name) return;
    if (now.progress.stage !== stage) announce(`${name}.`);
    else announceProgress([share.textContent, left.textContent].filter(Boolean).join(", "));
    stage = now.progress.stage;
  };

  update(job);
  const node = h(
    "section",
    { class: "wait" },
    steps(job.kind === "dub" ? 2 : 1),
    heading,
    h("p", { class: "lead name" }, job.audio ? `${job.video.name} with ${job.audio.name}` : job.video.name),
    h("div", { class: "card" }, h("div", { class: "row apart" }, share, left), whole, note),
    stages.node,
    chunks.node,
    wrong,
    h("div", { class: "row" }, cancel, h("p", { class: "dim" }, "You may close this page. The job goes on, and you find it under Jobs.")),
  );
  return { node, heading, update };
}

function queue(position) {
  if (!position) return "It is the next one.";
  return `${counted(position, "job")} before it.`;
}
