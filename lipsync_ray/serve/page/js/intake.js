/** Files that are dropped anywhere on the page, or pasted: each finds its place. */

import { kindOf } from "./kinds.js";

/**
 * Take files until closed.
 *
 * @param {import("./slot.js").Slot|null} video null: the picture is there already
 * @param {import("./slot.js").Slot} audio
 * @returns {() => void} closes it
 */
export function intake(video, audio) {
  const slots = video ? [video, audio] : [audio];
  const ended = new AbortController();
  const listen = (name, listener) => document.addEventListener(name, listener, { signal: ended.signal });
  const mark = (target) => {
    for (const slot of slots) slot.node.classList.toggle("over", target === slot);
  };
  const under = (event) => slots.find((slot) => slot.node.contains(event.target)) ?? null;

  listen("dragover", (event) => {
    if (!event.dataTransfer?.types.includes("Files")) return;
    event.preventDefault();
    mark(under(event));
  });
  listen("dragleave", (event) => {
    if (!event.relatedTarget) mark(null);
  });
  listen("drop", (event) => {
    if (!event.dataTransfer?.files.length) return;
    event.preventDefault();
    mark(null);
    place([...event.dataTransfer.files], under(event), video, audio);
  });
  listen("paste", (event) => {
    const files = [...(event.clipboardData?.files ?? [])];
    if (files.length) place(files, null, video, audio);
  });
  return () => ended.abort();
}

/** One file goes where it was dropped; several, or one dropped beside the places, by what they are. */
function place(files, target, video, audio) {
  if (target && files.length === 1) {
    target.take(files[0]);
    return;
  }
  for (const file of files) {
    const kind = kindOf(file);
    const second = kind === "video" && video?.file && !audio.file; // the voice may come in a video
    (kind === "sound" || second || !video ? audio : video).take(file);
  }
}
