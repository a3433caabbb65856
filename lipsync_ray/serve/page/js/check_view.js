/** The second step: what a dub would do, and what a person decides before it. */

import { askForJob } from "./api.js";
import { CONSENT } from "./choices.js";
import { h } from "./dom.js";
import { faultBox } from "./fault_box.js";
import { asFault } from "./fault_words.js";
import { counted, percent, span } from "./figures.js";
import { estimateText } from "./estimate.js";
import { lengthsCard } from "./lengths_card.js";
import { peopleCard } from "./people_card.js";
import { goToJob } from "./route.js";
import { settingsCard } from "./settings_card.js";
import { shotsCard } from "./shots_card.js";
import { steps } from "./steps.js";
import { trial } from "./trial.js";
import { voiceCard } from "./voice_card.js";
import { warningsCard } from "./warnings_card.js";

/**
 * @param {import("./types.js").Job} job a triage that is done
 * @param {import("./types.js").Options} options
 * @returns {import("./types.js").View}
 */
export function checkView(job, options) {
  const { result } = job;
  const { [CONSENT]: consent, ...given } = job.options;
  const heading = h("h1", {}, headline(result, job.audio !== null));
  const people = peopleCard(result, options);
  const lengths = lengthsCard(result, options);
  const settings = settingsCard(job, options, consent ?? "");

  /** What the choices make of a job with the same files. */
  const fields = (kind) => {
    const chosen = settings.fields();
    return {
      kind,
      files_of: job.id,
      ...chosen,
      options: { ...given, ...lengths.options(), ...people.options() },
    };
  };
  const go = job.audio
    ? starting(result, (kind) => (people.valid() && settings.valid() ? fields(kind) : null))
    : voiceCard(options, () => (people.valid() ? fields("triage") : null));

  const node = h(
    "section",
    { class: "check" },
    steps(1),
    heading,
    h(
      "p",
      { class: "lead" },
      h("span", { class: "name" }, job.video.name),
      job.audio ? " with " : ", without a voice yet",
      job.audio && h("span", { class: "name" }, job.audio.name),
    ),
    h("p", { class: "figure dim" }, summary(result)),
    h(
      "div",
      { class: "columns" },
      h("div", { class: "facts-column" }, warningsCard(result), people.node, lengths.node, shotsCard(job)),
      h(
        "div",
        { class: "choices-column" },
        settings.node,
        go.node,
      ),
    ),
  );
  return { node, heading, close: go.close };
}

/** The way on, where everything is there. */
function starting(result, chosen) {
  const stop = new AbortController();
  const wrong = h("div");
  const preview = trial(() => chosen("preview"), stop.signal);
  const start = h("button", { type: "button", class: "main" }, "Start dubbing");
  start.addEventListener("click", async () => {
    const wanted = chosen("dub");
    if (!wanted) return;
    start.disabled = true;
    wrong.replaceChildren();
    try {
      goToJob((await askForJob(wanted, stop.signal)).id);
    } catch (error) {
      if (!stop.signal.aborted) wrong.replaceChildren(faultBox(asFault(error)));
    } finally {
      start.disabled = false;
    }
  });
  const node = h(
    "section",
    { class: "card go" },
    h("h2", {}, "Dub"),
    h("p", {}, estimateText(result.estimate)),
    wrong,
    h("div", { class: "row" }, start, preview.button),
    preview.node,
  );
  return { node, close: () => stop.abort() };
}

function headline({ faces, warnings }, heard) {
  if (!heard) return "A voice is missing";
  if (faces.share_dubbed < 0.5) return "Less than half of it can be dubbed";
  return warnings.length ? "Ready, with something to look at" : "Ready to dub";
}

function summary({ video, output, faces }) {
  return [
    video.size.replace("x", " × "),
    span(output.seconds),
    video.rate === "still picture" ? "still picture" : `${video.rate.replace(/, .*/, "")} frames a second`,
    video.hdr !== "no" && `HDR (${video.hdr})`,
    counted(faces.shots, "shot"),
    `${percent(faces.share_dubbed)} dubbed`,
  ]
    .filter(Boolean)
    .join(" · ");
}
