/** Before and after, side by side in one picture, in step. */

import { h } from "./dom.js";
import { pictureName } from "./kinds.js";
import { mediaFault } from "./media_fault.js";
import { pair } from "./pair.js";
import { splitStage } from "./split_stage.js";
import { transport } from "./transport.js";

/**
 * @param {import("./types.js").Job} job a dub that is done
 * @param {{rate: number, marks: {start: number, stop: number}[]}} about frames a second, stretches to look at in seconds
 * @returns {{node: HTMLElement, seek: (time: number) => void, close: () => void}}
 */
export function player(job, { rate, marks }) {
  const { result, video: place } = job.links;
  const after = video(result, "The dub");
  const source = place ? (pictureName(job.video.name) ? picture(place) : video(place, "The source")) : null;
  const moving = source instanceof HTMLVideoElement ? source : null;
  const stage = splitStage(after, source);
  const controls = transport({ rate, seconds: job.result.seconds, hasBefore: Boolean(moving), marks });
  const told = h("div", { class: "wrong", role: "status" });
  const mode = job.result.sync_mode ?? job.options["sync.mode"] ?? "silence"; // older dubs do not tell
  const clock = pair(after, moving, { rate, mode, seconds: job.result.seconds }, controls.update);
  controls.control(clock);

  const withoutDub = async () => {
    clock.pause();
    controls.node.hidden = true;
    stage.node.hidden = true;
    told.replaceChildren(await mediaFault(after, "the dub", "Download it to play it with another program."));
  };
  const withoutSource = async (which) => {
    const said = mediaFault(which, "the source", "Another program may play it.");
    clock.letGo();
    controls.withoutBefore();
    if (which === moving && !which.videoWidth) {
      const still = await shown(place); // whatever it is called
      if (still) return stage.swap(still);
    }
    stage.alone();
    told.replaceChildren(await said, "The dub is shown alone.");
  };
  after.addEventListener("loadedmetadata", () =>
    after.videoWidth ? stage.shape(after.videoWidth, after.videoHeight) : withoutDub(),
  );
  after.addEventListener("error", withoutDub);
  source?.addEventListener("error", () => withoutSource(source));
  moving?.addEventListener("loadedmetadata", () => moving.videoWidth || withoutSource(moving));

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

function picture(place) {
  return h("img", { src: place, alt: "The source", draggable: "false" });
}

/** @returns {Promise<HTMLElement|null>} the picture; null: it is none that this browser shows */
async function shown(place) {
  const node = picture(place);
  try {
    await node.decode();
    return node;
  } catch {
    return null;
  }
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
