/** The last step: before and after, what was measured, and the files. */

import { h } from "./dom.js";
import { faultBox } from "./fault_box.js";
import { asFault } from "./fault_words.js";
import { downloadsCard } from "./downloads_card.js";
import { spansAll } from "./flags.js";
import { player } from "./player.js";
import { qualityCard } from "./quality_card.js";
import { sure } from "./question.js";
import { reportCard } from "./report_card.js";
import { steps } from "./steps.js";

/**
 * @param {import("./types.js").Job} job a dub that is done
 * @param {unknown} _options
 * @param {{again: (job: import("./types.js").Job) => Promise<void>, remove: () => Promise<void>}} actions
 * @returns {import("./types.js").View}
 */
export function compareView(job, _options, actions) {
  const { result } = job;
  const rate = result.seconds > 0 ? result.frames / result.seconds : 25;
  const flags = result.quality?.flags ?? [];
  const marks = flags
    .filter((flag) => !spansAll(flag, result))
    .map((flag) => ({ start: flag.start / rate, stop: flag.stop / rate }));
  const screen = player(job, { rate, marks });
  const heading = h("h1", {}, flags.length ? "Done, with something to look at" : "Done");
  const node = h(
    "section",
    { class: "compare" },
    steps(3),
    heading,
    h("p", { class: "lead name" }, job.audio ? `${job.video.name} with ${job.audio.name}` : job.video.name),
    h(
      "div",
      { class: "columns" },
      h("div", { class: "facts-column" }, screen.node),
      h(
        "div",
        { class: "choices-column" },
        downloadsCard(job),
        qualityCard(job, rate, screen.seek),
        actionsRow(job, actions),
      ),
    ),
    job.links.report && reportCard(job.links.report),
  );
  return { node, heading, close: screen.close };
}

function actionsRow(job, actions) {
  const wrong = h("div");
  const guarded = (button, act) => async () => {
    button.disabled = true;
    try {
      await act();
    } catch (error) {
      button.disabled = false;
      wrong.replaceChildren(faultBox(asFault(error)));
    }
  };
  const again = h("button", { type: "button", class: "quiet" }, "Dub it another way");
  again.addEventListener("click", guarded(again, () => actions.again(job)));
  const remove = h("button", { type: "button", class: "plain" }, "Delete");
  remove.addEventListener("click", async () => {
    const yes = await sure(
      "Delete this dub?",
      `“${job.video.name}” and everything that was made from it here will be gone. Download what you need first.`,
      "Delete",
      "Keep it",
    );
    if (yes) await guarded(remove, actions.remove)();
  });
  return h("div", {}, wrong, h("div", { class: "row" }, job.links.video && again, remove));
}
