/** The shots of a video: what is dubbed in each, what is left alone, and why. */

import { h } from "./dom.js";
import { counted, percent, timecode } from "./figures.js";
import { REASON } from "./job_words.js";

const MOST = 200; // rows of the table

/**
 * @param {import("./types.js").Job} job a triage that is done
 * @returns {HTMLElement}
 */
export function shotsCard(job) {
  const { shots, faces, output, video } = job.result;
  const rate = parseFloat(video.rate) || 25;
  return h(
    "section",
    { class: "card" },
    h("h2", {}, "Shots"),
    h("p", {}, `${percent(faces.share_dubbed)} of the frames get a new mouth.`),
    leftAlone(faces.passed_through, output.frames),
    band(shots),
    job.links.strip && h("div", { class: "strip", tabindex: "0", role: "region", "aria-label": "Picture of the shots" }, h("img", { src: job.links.strip, alt: `A frame of each shot; whoever speaks is framed in green. ${counted(shots.length, "shot")} in all, listed below.`, loading: "lazy" })),
    h("details", {}, h("summary", {}, "All shots as a list"), table(shots, rate)),
  );
}

function leftAlone(passed, frames) {
  const reasons = Object.entries(passed).filter(([, count]) => count > 0);
  if (!reasons.length) return h("p", { class: "dim" }, "Nothing is left alone.");
  const items = reasons
    .sort(([, one], [, other]) => other - one)
    .map(([reason, count]) => h("li", {}, h("strong", { class: "figure" }, percent(count / frames)), ` ${REASON[reason] ?? reason}`));
  return h("div", {}, h("p", { class: "dim" }, "The rest keeps its own picture:"), h("ul", { class: "reasons" }, ...items));
}

/** All shots in a line, as long as they last, filled as far as they are dubbed. */
function band(shots) {
  const cells = shots.map((shot) => {
    const cell = h("span", { class: "band-shot" }, h("span", { class: "band-fill" }));
    cell.style.setProperty("--length", String(Math.max(0.001, shot.stop_s - shot.start_s)));
    cell.style.setProperty("--share", String(shot.dubbed));
    return cell;
  });
  return h("div", { class: "band", "aria-hidden": "true" }, ...cells);
}

function table(shots, rate) {
  const head = ["Shot", "From", "Faces", "Dubbed", "Left alone"].map((name) => h("th", { scope: "col" }, name));
  const rows = shots.slice(0, MOST).map((shot) =>
    h(
      "tr",
      {},
      h("th", { scope: "row", class: "figure" }, String(shot.number + 1)),
      h("td", { class: "figure" }, timecode(shot.start_s, rate)),
      h("td", { class: "figure" }, String(shot.faces.length)),
      h("td", { class: "figure" }, percent(shot.dubbed)),
      h("td", {}, why(shot.left_alone)),
    ),
  );
  const rest = shots.length > MOST && h("p", { class: "dim" }, `and ${counted(shots.length - MOST, "more shot", "more shots")}`);
  return h("div", { class: "wide", tabindex: "0", role: "region", "aria-label": "List of the shots" }, h("table", {}, h("thead", {}, h("tr", {}, ...head)), h("tbody", {}, ...rows)), rest);
}

function why(shares) {
  const reasons = Object.entries(shares).map(([reason, share]) => `${REASON[reason] ?? reason} (${percent(share)})`);
  return reasons.join(", ") || "–";
}
