/** Before and after, side by side in one picture, in step. */

import { h } from "./dom.js";
import { pictureName } from "./kinds.js";
import { pair } from "./pair.js";
import { splitStage } from "./split_stage.js";
import { transport } from "./transport.js";

/**
 * @param {import("./types.js").Job} job a dub that is done
 * @param {{rate: number, marks: {start: number, stop: number}[]}} about frames a second, stretches to look at in seconds
 * @returns {{node: HTMLElement, seek: (time: number) => void, close: () => void}}
 */
export function player(job, { rate, marks }) {
  const still = pictureName(job.video.name);
  const after = video(job.links.result, "The dub");
  const source = !job.links.video
    ? null
    : still
      ? h("img", { src: job.links.video, alt: "The source", draggable: "false" })
      : video(job.links.video, "The source");
  const moving = source instanceof HTMLVideoElement ? source : null;
  const stage = splitStage(after, source);
  const controls = transport({ rate, seconds: job.result.seconds, hasBefore: Boolean(moving), marks });
  const told = h("p", { class: "wrong", role: "status" });
  const mode = job.result.sync_mode ?? job.options["sync.mode"] ?? "silence"; // older dubs tell less
  const about = { rate, mode, seconds: job.result.seconds };
  let clock = pair(after, moving, about, controls.update);
  controls.control(clock);

  const shape = () => stage.shape(after.videoWidth || 16, after.videoHeight || 9);
  after.addEventListener("loadedmetadata", () => (after.videoWidth ? shape() : broken(after)));
  const broken = (which) => {
    if (which === after) {
      told.textContent =
        "This browser cannot play the dub: it lacks the codec. Download it below and play it with another program.";
      controls.node.hidden = true;
      stage.node.hidden = true;
      return;
    }
    told.textContent =
      "This browser cannot play the source: it lacks the codec. The dub is shown alone; both play in other programs.";
    stage.alone();
    controls.withoutBefore();
    clock = pair(after, null, about, controls.update);
    controls.control(clock);
  };
  after.addEventListener("error", () => broken(after));
  source?.addEventListener("error", () => broken(source));
  moving?.addEventListener("loadedmetadata", () => moving.videoWidth || broken(moving));

  const node = h(
    "section",
    { class: "player", "aria-label": "Before and after" },
    stage.node,
    told,
    controls.node,
  );
  node.addEventListener("keydown", (event) => onKey(event, clock));
  return { node, seek: (time) => clock.seek(time), close: () => clock.close() };
}

function video(place, label) {
  const node = h("video", {
    src: place,
    preload: "auto",
    playsinline: true,
    "aria-label": label,
    tabindex: "-1",
  });
  node.disablePictureInPicture = true;
  return node;
}

/** Single keys count inside the player only, so that they disturb nobody who steers by voice. */
function onKey(event, clock) {
  if (event.altKey || event.ctrlKey || event.metaKey) return;
  const onControl = event.target.closest("button, input, summary, a");
  if (event.key === ",") clock.step(-1);
  else if (event.key === ".") clock.step(1);
  else if (event.key === " " && !onControl) clock.playing ? clock.pause() : clock.play();
  else return;
  event.preventDefault();
}
