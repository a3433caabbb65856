/** What was measured of a dub, in plain words. */

import { h } from "./dom.js";
import { counted, percent, span } from "./figures.js";
import { spansAll } from "./flags.js";
import { FLAG } from "./job_words.js";
import { plain } from "./warnings_card.js";

/**
 * @param {import("./types.js").Job} job a dub that is done
 * @param {number} rate frames a second
 * @param {(time: number) => void} onSeek shows a moment
 * @returns {HTMLElement}
 */
export function qualityCard({ result }, rate, onSeek) {
  const { quality } = result;
  if (!quality)
    return h("section", { class: "card" }, h("h2", {}, "Quality"), h("p", {}, "This dub was not measured."));
  const flags = quality.flags.map((flag) => row(flag, result, rate, onSeek));
  return h(
    "section",
    { class: `card ${flags.length ? "warn" : ""}` },
    h("h2", {}, "Quality"),
    h(
      "p",
      {},
      flags.length
        ? `${counted(flags.length, "stretch", "stretches")} to look at before it goes out:`
        : "Nothing is flagged. Look at it all the same: figures do not see what viewers see.",
    ),
    flags.length > 0 && h("ul", { class: "flags" }, ...flags),
    figures(quality.figures, result),
  );
}

function row(flag, result, rate, onSeek) {
  const from = flag.start / rate;
  const seek = h(
    "button",
    {
      type: "button",
      class: "quiet figure",
      "aria-label": `Show ${span(from)}: ${FLAG[flag.kind] ?? flag.kind}`,
      on: { click: () => onSeek(from) },
    },
    `${from.toFixed(1)}–${(flag.stop / rate).toFixed(1)} s`,
  );
  const title = FLAG[flag.kind] ?? flag.kind;
  const text = plain(flag.text);
  return h(
    "li",
    {},
    h("strong", {}, title),
    flag.speaker && h("span", { class: "dim" }, `of ${flag.speaker}`),
    !text.startsWith(title) && h("span", { class: "dim" }, text),
    spansAll(flag, result) ? h("span", { class: "dim" }, "All of it.") : seek,
  );
}

function figures(found, result) {
  const { sync } = found;
  const kept = Object.values(result.passed_through ?? {}).reduce((sum, count) => sum + count, 0);
  const rows = [
    typeof sync?.r === "number" && ["Mouth follows the sound", `${sync.r.toFixed(2)} of 1`],
    sync?.closed > 0 && ["Lips that close when they should", `${sync.hits} of ${sync.closed}`],
    typeof found.offset_change_ms === "number" && [
      "Shift that the dub has added",
      `${Math.round(found.offset_change_ms)} ms`,
    ],
    typeof found.sharpness === "number" && ["Sharpness against the source", percent(found.sharpness)],
    ["Frames that keep their own picture", kept ? percent(kept / result.frames) : "none"],
  ].filter(Boolean);
  return h(
    "dl",
    { class: "facts" },
    ...rows.flatMap(([name, value]) => [h("dt", {}, name), h("dd", { class: "figure" }, value)]),
  );
}
