/** How long video and sound are, and what becomes of the difference. */

import { freshId, h } from "./dom.js";
import { span } from "./figures.js";
import { LENGTHS } from "./job_words.js";

const SAME_S = 0.04;

/**
 * @param {{video: any, sound: any, output: any}} result of a triage; `sound` null: it was made without one
 * @param {import("./types.js").Options} options
 * @returns {{node: HTMLElement|null, options: () => Object<string, any>}}
 */
export function lengthsCard({ video, sound, output }, options) {
  if (!sound) return { node: null, options: () => ({}) }; // nothing to compare with
  const still = video.rate === "still picture";
  const longest = Math.max(still ? 0 : video.seconds, sound.seconds);
  const settable = options.options.some((option) => option.name === "sync.mode");
  const differ = !still && Math.abs(video.seconds - sound.seconds) > SAME_S;
  const pick = differ && settable ? modes(output.sync_mode) : null;
  const told = h("p", {}, sentence(output.lengths));
  pick?.select.addEventListener("change", () => {
    const changed = pick.select.value !== output.sync_mode;
    told.textContent = changed
      ? after(pick.select.value, video.seconds, sound.seconds)
      : sentence(output.lengths);
  });
  const node = h(
    "section",
    { class: "card" },
    h("h2", {}, "Lengths"),
    h(
      "div",
      { class: "lengths" },
      !still && bar("Video", video.seconds, longest),
      bar("Sound", sound.seconds, longest),
    ),
    told,
    pick?.node,
  );
  return {
    node,
    options: () => (pick && pick.select.value !== output.sync_mode ? { "sync.mode": pick.select.value } : {}),
  };
}

function bar(name, seconds, longest) {
  const fill = h("span", { class: "length-fill" });
  fill.style.setProperty("--share", String(longest ? seconds / longest : 0));
  return h(
    "div",
    { class: "length" },
    h("span", {}, name),
    h("span", { class: "length-track", "aria-hidden": "true" }, fill),
    h("span", { class: "figure" }, span(seconds)),
  );
}

function modes(present) {
  const id = freshId("mode");
  const choices = Object.entries(LENGTHS).map(([value, name]) =>
    h("option", { value, selected: value === present }, name),
  );
  const select = h("select", { id }, ...choices);
  return { select, node: h("div", { class: "field" }, h("label", { for: id }, "Where they differ"), select) };
}

function sentence(text) {
  return `${text[0].toUpperCase()}${text.slice(1)}.`;
}

/** What another way would do, in the words of the service's own. */
function after(mode, video, sound) {
  const longer = sound > video;
  const gap = `${Math.abs(sound - video).toFixed(2)} s`;
  const cut = `The last ${gap} of the ${longer ? "sound" : "video"} are cut.`;
  if (mode === "silence") return longer ? cut : `${gap} of silence at the end.`;
  if (mode === "remap") return `The video becomes ${gap} ${longer ? "longer" : "shorter"}.`;
  if (mode === "cut_off" || !longer) return cut;
  return mode === "loop" ? `The video begins again for ${gap}.` : `The video runs back and forth for ${gap}.`;
}
